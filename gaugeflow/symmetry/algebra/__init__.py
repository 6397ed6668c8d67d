"""Linear algebra on a group and its action: representations, intertwiners, invariants, discovery, conserved charges."""
