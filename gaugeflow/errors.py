"""The one exception that means "the user can mend this"."""

__all__ = ["UserError"]


class UserError(ValueError):
    """A mistake in what the user gave: a key, a type, a file, a lattice that cannot be served.

    The message says what was expected, what came, and where. The command line prints it alone and exits with
    code 2; anything else that escapes is a bug and shows its traceback.
    """
