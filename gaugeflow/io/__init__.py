"""Gauge configurations in files: NERSC, ILDG and SciDAC in LIME, MILC v5, Bridge++ text."""

from gaugeflow.io.api import read
from gaugeflow.io.configuration import Configuration

__all__ = ["Configuration", "read"]
