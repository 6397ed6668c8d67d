"""Compiled loops that play a tape of loop products forwards and backwards, one configuration after the other.

Every quantity has two *planes*: its value, and its derivative along a direction of the links. Fields of one
configuration are rows as in :class:`gaugeflow.kernels.numba.layout.RowLayout`: matrices
``(field, row, 2 N^2, T' + 2 halo)``, traces and their weights ``(loop, row, 2, T' + 2 halo)``. A weight is the
conjugate derivative: a function F of the traces changes by ``Re sum conj(g) dt``.
"""
