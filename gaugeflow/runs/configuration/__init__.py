"""The configuration of a run: YAML with overrides, a strict schema, one message about all mistakes."""
