"""LIME files: the container, and the ILDG and SciDAC records in it."""
