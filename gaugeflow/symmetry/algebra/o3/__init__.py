"""Rotations in three dimensions: coupling coefficients, Wigner matrices and spherical harmonics, all of them real.

The components m = -l ... l are those of e3nn, whose polar axis is y: for l = 1 they are x, y, z. So D_1(R) = R.
"""
