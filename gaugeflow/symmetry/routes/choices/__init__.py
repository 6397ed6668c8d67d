"""Which group elements a route takes for which input."""
