"""The CPU backend: compiled loops over rows of sites, written for vector units."""
