"""`python -m gaugeflow` is the command `gaugeflow`."""

from gaugeflow.cli import main

main()
