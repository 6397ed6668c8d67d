"""Groups, value types, and how one acts on the other."""
