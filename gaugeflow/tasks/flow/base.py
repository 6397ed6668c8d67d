"""The `base` section of a configuration: where the layers begin, in place of the distribution that the model has."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationInfo, model_validator
from torch import nn

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.flows import EquilibriumBase, HeatKernelBase, HeatKernelTorus
from gaugeflow.runs import Count, Positive, Section
from gaugeflow.runs.opening.shipped import RunPath, named_run, run_place
from gaugeflow.tasks.actions import ActionConfig
from gaugeflow.tasks.flow.models import ModelConfig, ModelSection, Setting
from gaugeflow.tasks.paths import Easier
from gaugeflow.tasks.samplers import Local

__all__ = ["BaseConfig", "BaseRun", "Equilibrium", "HeatKernelConfig", "NamedRun"]


class HeatKernelConfig(Section):
    """The heat kernel of plaquettes at `time`, in two dimensions; near Wilson's action at beta = 1 / time for U(1),
    2 N / time for SU(2) and SU(3)."""

    name: Literal["heat_kernel"]
    time: Positive
    """Diffusion time of the heat kernel."""
    symmetry: ClassVar[str] = "gauge * translations * hypercubic * charge"
    integrated: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    def build(self, setting: Setting) -> nn.Module:
        """The distribution. Raises UserError for another group or lattice."""
        group, shape, dtype = setting.group, setting.shape, setting.dtype
        if group is None:
            raise UserError("base: the heat kernel is for links, the run has scalars")
        if group.name == "u1":
            return HeatKernelBase(shape, self.time, dtype)
        return HeatKernelTorus(group, shape, self.time, dtype)


class Equilibrium(Easier):
    """Links in equilibrium with an easier action, each by a Markov chain of its own that begins at random.

    The easier action has a `defect`, or is `scale` times the target's; updates with `density: path` lead on from it.
    Its partition function is not known: `log Z` in the report is that of the target over that of the base.
    """

    name: Literal["equilibrium"]
    sampler: Local
    """The Markov move of these chains; the step size of `hmc` stays as it is given."""
    updates: Count = 200
    """Updates from random links to equilibrium."""
    symmetry: ClassVar[str] = "gauge"
    integrated: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    def build(self, setting: Setting) -> nn.Module:
        """The distribution. Raises UserError for an action that is not made of loops, or a defect that does not fit."""
        first = self.path(setting.action)(0.0)
        if self.defect is not None:
            self.defect.closed(0.0).check(setting.shape)
        assert setting.group is not None  # actions made of loops are of links
        sampler = self.sampler.build(first)
        return EquilibriumBase(setting.group, setting.shape, sampler, first, self.updates, dtype=setting.dtype)


class BaseRun(Section):
    """The flow that another run has trained, for whatever action: its layers come before those of the model, and are
    trained on with them. Once this run has begun it does not need the other any more."""

    name: Literal["run"]
    path: RunPath
    """The directory of the other run, from the folder of this file, or the name of a shipped run."""
    content: dict[str, Any] | None = None
    """Filled in by the program: model, action, group and lattice of the other run."""

    @model_validator(mode="before")
    @classmethod
    def _what_it_was(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or data.get("content") is not None or not isinstance(data.get("path"), str):
            return data
        path = run_place(data["path"], info)
        config = runs.Source.read(runs.RunDirectory.open(named_run(path)).config).data
        made = config.get("base") is None and config.get("model", {}).get("name") != "symmetrized"
        if config.get("task") != "flow" or not made:
            raise ValueError(f"path: {path}: expected a run of the task flow without a base of its own")
        kept = ("model", "action", "group", "shape")
        return {**data, "content": {name: config.get(name) for name in kept}}

    @property
    def symmetry(self) -> str:
        """Under what its density is invariant."""
        return self._model.symmetry(scalars=False)

    @property
    def integrated(self) -> bool:
        """Whether its layers integrate an equation."""
        return self._model.integrated

    @property
    def bounded(self) -> bool:
        """Whether the error of its steps is to be bounded."""
        return self._model.bounded

    def build(self, setting: Setting) -> nn.Module:
        """The flow with its first parameters. Raises UserError where its model does not serve the lattice."""
        action = _ACTION.validate_python(self._part("action")).build(len(setting.shape))
        return self._model.build(setting._replace(action=action))

    @property
    def _model(self) -> ModelSection:
        return _MODEL.validate_python(self._part("model"))

    def _part(self, name: str) -> Any:
        assert self.content is not None  # the validator has filled it in
        return self.content[name]


_MODEL: TypeAdapter[Any] = TypeAdapter(ModelConfig)
_ACTION: TypeAdapter[Any] = TypeAdapter(ActionConfig)


def _named(value: Any) -> Any:
    """The name or the directory of a run stands for the whole section."""
    return {"name": "run", "path": value} if isinstance(value, str) else value


NamedRun = Annotated[BaseRun, BeforeValidator(_named)]
BaseConfig = Annotated[HeatKernelConfig | BaseRun | Equilibrium, Field(discriminator="name")]
