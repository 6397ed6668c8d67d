"""The command `gaugeflow`. Each command imports what it needs when it is called, so that help comes at once."""

from gaugeflow.cli.main import app, main

__all__ = ["app", "main"]
