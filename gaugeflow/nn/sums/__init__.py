"""The hot loops of the layers: sums over transported matrices and over pairs of them, in torch and compiled.

Read `sums` first. It goes the way of torch (`transport` and `products`, in the layout of `rows`) or, for large fields
on the CPU, that of `compiled` and `pair_loops`.
"""
