"""The sampler `ft_hmc`: hybrid Monte Carlo in the variables of a flow that another run has trained."""

from typing import Literal

from gaugeflow.errors import UserError
from gaugeflow.flows import FTHMC, GaugeFlow
from gaugeflow.montecarlo import Sampler
from gaugeflow.runs.opening.shipped import named_run
from gaugeflow.tasks.flow.base import NamedRun
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.flow.transfer import load_parameters, parameters_of
from gaugeflow.tasks.samplers import Trajectories

__all__ = ["FTHMCConfig"]


class FTHMCConfig(Trajectories):
    """Hybrid Monte Carlo of the variables that a trained flow makes the field of, with its log-determinant: exact.

    One trajectory makes one update. The flow may have been trained for another action, and on another lattice where its
    layers serve this one. Once this run has begun it does not need the other any more.
    """

    name: Literal["ft_hmc"]
    flow: NamedRun
    """The name of a shipped run or the directory of one, from the folder of this file."""

    def build(self, setting: Setting) -> FTHMC:
        """The sampler, with first parameters of the flow. Raises UserError for a flow of another group or lattice."""
        assert self.flow.content is not None  # the validator has filled it in
        group, shape = self.flow.content["group"], self.flow.content["shape"]
        wanted = setting.group and setting.group.name
        if group != wanted or len(shape) != len(setting.shape):
            raise UserError(
                f"sampler.flow: {self.flow.path}: expected a flow for {wanted or 'scalars'} in {len(setting.shape)} "
                f"dimensions, came one for {group or 'scalars'} in {len(shape)}"
            )
        flow = self.flow.build(setting)
        assert isinstance(flow, GaugeFlow)  # a run of the task `flow` has one
        return FTHMC(flow, setting.action, **self.model_dump(exclude={"name", "flow"}))

    def load(self, sampler: Sampler) -> None:
        """Gives the flow the parameters of the other run. Raises UserError where there is none."""
        assert isinstance(sampler, FTHMC)  # as `build` has made it
        assert self.flow.content is not None
        found = parameters_of(named_run(self.flow.path), self.flow.content["group"], "sampler.flow")
        load_parameters(sampler.flow, found, self.flow.path)
