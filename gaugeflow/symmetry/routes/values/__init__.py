"""What goes in and comes out of a route: plain tensors read as values, sums and spreads of outputs."""
