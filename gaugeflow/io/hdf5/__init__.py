"""HDF5 files of our own: ensembles that grow while a chain runs, and scalar fields.

`ensemble` writes an ensemble and `format` reads it. `layout` says where everything stands in the file, `rows` writes
the configurations to their places, `attributes` are what the file says of itself. `scalars` is for scalar fields.
"""
