"""The part with the statistics: orbitals with determinants, Pfaffians and pair products of them; and that of bosons.

Read `determinants`, `pfaffians` and `pair_products` (`powers` are of any of them), then `orbitals`, which says what
their columns are: `neural_orbitals` of a backbone with `envelopes`, or `gaussian_orbitals` as quantum chemistry has
them, each with `backflow` if wanted. `hartree_fock` and `orbital_fit` give the columns a start. `symmetric` is of
bosons, without orbitals.
"""
