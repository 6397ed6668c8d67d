"""The configuration of a run: YAML with overrides, a strict schema, one message about all mistakes.

`source` reads the text, `schema` says what a section is, `validation` makes a checked section of the text. `nearest`
finds what a wrong key may have meant.
"""
