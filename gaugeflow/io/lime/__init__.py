"""LIME files: the container, and the ILDG and SciDAC records in it.

`ildg` and `scidac` are the two formats and `gauge` is what they share. `container` reads and writes the records, `xml`
the small texts in some of them.
"""
