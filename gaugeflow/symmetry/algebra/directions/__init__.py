"""Directions in which values can move: along a group, along all that a type allows, by name; how many there are."""
