"""Paths of densities: bijections and Monte Carlo updates in turn, made exact by the work done on the way."""
