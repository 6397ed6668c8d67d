"""HDF5 files of our own: ensembles that grow while a chain runs, and scalar fields."""
