"""Links as arrays of numpy and torch, whose axes stand in no file.

`layouts` puts the axes in our order and `array_format` is what the formats share: `npy`, `pt`, and the HDF5 files of
other programs.
"""
