"""The one equation solved: what linear algebra says about a group and its action."""
