"""States without correlation, to start from: `energy` is what they have, `lowest` finds the lowest of several."""
