"""Pictures of the README and the docs, each a function of the path that it writes."""
