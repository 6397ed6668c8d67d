"""Samplers through a flow that another run has trained: `ft_hmc` moves its variables, `flow_proposals` its fields."""

from typing import Literal, Protocol, runtime_checkable

from gaugeflow.errors import UserError
from gaugeflow.flows import FTHMC, FlowProposals, GaugeFlow
from gaugeflow.montecarlo import Sampler
from gaugeflow.runs import Count, Section
from gaugeflow.runs.opening.shipped import named_run
from gaugeflow.tasks.flow.base import NamedRun
from gaugeflow.tasks.flow.models import Setting
from gaugeflow.tasks.flow.transfer import load_parameters, parameters_of
from gaugeflow.tasks.samplers import Local, Trajectories

__all__ = ["FTHMCConfig", "FlowProposalsConfig", "ThroughFlow"]


@runtime_checkable
class _WithFlow(Protocol):
    flow: GaugeFlow


class ThroughFlow(Section):
    """A sampler with a flow that has been trained elsewhere.

    The flow may have been trained for another action, and on another lattice where its layers serve this one. Once this
    run has begun it does not need the other any more.
    """

    flow: NamedRun
    """The name of a shipped run or the directory of one, from the folder of this file."""

    def build(self, setting: Setting) -> Sampler:
        """The sampler, with first parameters of the flow. Raises UserError for a flow of another group or lattice."""
        raise NotImplementedError

    def made(self, setting: Setting) -> GaugeFlow:
        """The flow with first parameters. Raises UserError for one of another group or lattice."""
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
        return flow

    def load(self, sampler: Sampler) -> None:
        """Gives the flow the parameters of the other run. Raises UserError where there is none."""
        assert isinstance(sampler, _WithFlow)  # as `build` has made it
        assert self.flow.content is not None
        found = parameters_of(named_run(self.flow.path), self.flow.content["group"], "sampler.flow")
        load_parameters(sampler.flow, found, self.flow.path)


class FTHMCConfig(Trajectories, ThroughFlow):
    """Hybrid Monte Carlo of the variables that a trained flow makes the field of, with its log-determinant: exact.

    One trajectory makes one update.
    """

    name: Literal["ft_hmc"]

    def build(self, setting: Setting) -> FTHMC:
        return FTHMC(self.made(setting), setting.action, **self.model_dump(exclude={"name", "flow"}))


class FlowProposalsConfig(ThroughFlow):
    """Local updates, then whole fields of a trained flow, accepted by their weights: exact, and free of sectors."""

    name: Literal["flow_proposals"]
    within: Local
    """The Markov move before the proposals."""
    proposals: Count = 1
    """Fields of the flow that are proposed after each update."""

    def build(self, setting: Setting) -> FlowProposals:
        within = self.within.build(setting.action)
        return FlowProposals(self.made(setting), within, setting.action, self.proposals)
