"""The `action` section of a configuration: one class for each action, chosen by its `name`."""

from typing import Annotated, Literal

from pydantic import Field

from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import DBW2, IWASAKI, SYMANZIK, LoopAction, RectangleAction, WilsonAction
from gaugeflow.lattice.phi4 import Phi4Action
from gaugeflow.runs import Number, Section

__all__ = ["ActionConfig", "Improved", "Loops", "Phi4", "Wilson"]

C1 = {"symanzik": SYMANZIK, "iwasaki": IWASAKI, "dbw2": DBW2}


class Wilson(Section):
    """Wilson's plaquette action."""

    name: Literal["wilson"]
    beta: Number

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return WilsonAction(ndim, self.beta)


class Improved(Section):
    """Plaquettes and rectangles with the c1 of the name."""

    name: Literal["symanzik", "iwasaki", "dbw2"]
    beta: Number

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return RectangleAction(ndim, self.beta, C1[self.name])


class Loops(Section):
    """Any closed paths, each with all its lattice images: `loops: {"+x +y -x -y": 5.0}`; coefficients hold beta."""

    name: Literal["loops"]
    loops: Annotated[dict[str, Number], Field(min_length=1)]

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return LoopAction.of_orbits(ndim, dict(self.loops.items()))


class Phi4(Section):
    """Real scalars with a quartic coupling; such a run has no group."""

    name: Literal["phi4"]
    m2: Number
    lam: Number

    def build(self, ndim: int) -> Action:
        """The action; it serves any dimension."""
        return Phi4Action(self.m2, self.lam)


ActionConfig = Annotated[Wilson | Improved | Loops | Phi4, Field(discriminator="name")]
