"""Matrices of molecules in a basis of atomic orbitals, learned from other geometries.

Read `descriptors`, the equivariant numbers of a pair of atoms, then `ridge`, which fits blocks of matrices to them.
`fock` has Fock matrices of PySCF, and the state that a given Fock matrix makes.
"""
