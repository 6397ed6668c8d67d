"""Coupling layers of gauge fields: masks, what a layer may look at, and the bijections of its active loops."""
