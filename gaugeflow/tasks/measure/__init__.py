"""Measuring configuration files.

`measure` does it, `text` is what people read. `quantities` are measured of every configuration, `extras` on request:
the gradient flow, Wilson loops and the potential.
"""

from gaugeflow.tasks.measure.extras import Flow, Loops
from gaugeflow.tasks.measure.measure import collect, measure, report
from gaugeflow.tasks.measure.quantities import CONVENTIONS
from gaugeflow.tasks.measure.text import header_text, measure_text

__all__ = ["CONVENTIONS", "Flow", "Loops", "collect", "header_text", "measure", "measure_text", "report"]
