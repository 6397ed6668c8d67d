"""The hot loops of the layers: sums over transported matrices and over pairs of them, in torch and compiled."""
