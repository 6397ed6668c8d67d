"""The antisymmetric part: orbitals, and the determinants, Pfaffians and pair products made of them.

Read `determinants`, `pfaffians` and `pair_products` (`powers` are of any of them), then `orbitals`, which says what
their columns are: `neural_orbitals` of a backbone with `envelopes`, or `gaussian_orbitals` as quantum chemistry has
them. `hartree_fock` and `orbital_fit` give the columns a start.
"""
