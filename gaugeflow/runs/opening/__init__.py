"""Runs that exist: those that come with the package, and any run as an object for a notebook."""
