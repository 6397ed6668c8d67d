"""The whole command line, and what becomes of errors."""

import sys
import warnings
from collections.abc import Sequence

from gaugeflow.cli import checking, files, running, starting  # noqa: F401  (register their commands)
from gaugeflow.cli.app import app, fail
from gaugeflow.errors import UserError

__all__ = ["app", "main"]


def _warn(message: Warning | str, *where: object, **also: object) -> None:
    """A warning is for the user: what it says, without the line of the package that says it."""
    print(f"gaugeflow: warning: {message}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line. A user's mistake ends with one message and exit code 2; a bug shows its traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app(arguments, prog_name="gaugeflow")
    except UserError as error:
        fail(str(error), 2)
    except OSError as error:
        fail(f"{error.filename or 'operating system'}: {error.strerror or error}", 2)
