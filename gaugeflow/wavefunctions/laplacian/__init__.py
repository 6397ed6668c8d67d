"""Gradient and Laplacian of log|psi| in one pass, and the local energy made of them."""
