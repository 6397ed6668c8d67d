"""The `stochastic` section of a configuration: what stands between and after the layers of a trained flow.

`schedules` say at which t, `updates` what is done there, `steps` are layers from each t to the next, and `stochastic`
is the section with all of them.
"""

from gaugeflow.tasks.flow.between.stochastic import StochasticConfig

__all__ = ["StochasticConfig"]
