"""The antisymmetric part: orbitals, and the determinants, Pfaffians and pair products made of them."""
