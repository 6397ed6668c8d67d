"""How a function depends on the system: on its size, on what is far away, and on a path through a cut-off."""
