"""Gradient and Laplacian of log|psi| in one pass, and the local energy made of them.

Read `local_energy` first, then `jet`, the tensors that carry their derivatives along. `rules` says what each operation
does to them, with `axes` for what moves axes and `determinants` for determinants and Pfaffians.
"""
