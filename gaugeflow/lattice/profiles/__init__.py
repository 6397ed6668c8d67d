"""Actions that differ from place to place: open boundaries, defects, weights by plaquette, and their differences."""
