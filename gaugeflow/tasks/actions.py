"""The `action` section of a configuration: one class for each action, chosen by its `name`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import DBW2, IWASAKI, SYMANZIK, LoopAction, RectangleAction, WilsonAction
from gaugeflow.lattice.phi4 import Phi4Action
from gaugeflow.runs import Number, Section
from gaugeflow.tasks.objects import load

__all__ = ["ActionConfig", "Improved", "Loops", "Phi4", "Python", "Wilson"]

C1 = {"symanzik": SYMANZIK, "iwasaki": IWASAKI, "dbw2": DBW2}


class Wilson(Section):
    """Wilson's plaquette action."""

    name: Literal["wilson"]
    beta: Number
    """The coupling in `S = beta sum (1 - (1/N) Re tr P)`."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return WilsonAction(ndim, self.beta)


class Improved(Section):
    """Plaquettes and rectangles with the c1 of the name."""

    name: Literal["symanzik", "iwasaki", "dbw2"]
    """Which c1: -1/12 (`symanzik`), -0.331 (`iwasaki`) or -1.4088 (`dbw2`)."""
    beta: Number
    """The coupling; plaquettes have the weight `beta (1 - 8 c1)`, rectangles `beta c1`."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return RectangleAction(ndim, self.beta, C1[self.name])


class Loops(Section):
    """Any closed paths, each with all its lattice images: `loops: {"+x +y -x -y": 5.0}`; coefficients hold beta."""

    name: Literal["loops"]
    loops: Annotated[dict[str, Number], Field(min_length=1)]
    """Closed paths with their coefficients, as in `{"+x +y -x -y": 5.0}`."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return LoopAction.of_orbits(ndim, dict(self.loops.items()))


class Phi4(Section):
    """Real scalars with a quartic coupling; such a run has no group."""

    name: Literal["phi4"]
    m2: Number
    """The mass squared, in lattice units; it may be negative."""
    lam: Number
    """The coefficient of phi^4."""

    def build(self, ndim: int) -> Action:
        """The action; it serves any dimension."""
        return Phi4Action(self.m2, self.lam)


class Python(Section):
    """An action of your own: `object: package.module:Name`, made with `options` as keywords if it is a class."""

    name: Literal["python"]
    object: str
    """The action, or a class that makes it, as `package.module:Name`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the class."""

    def build(self, ndim: int) -> Action:
        """The action. Raises UserError where the object is none and makes none."""
        found = load(self.object, "action")
        action = found if isinstance(found, Action) else found(**self.options) if callable(found) else found
        if not isinstance(action, Action):
            raise UserError(f"action: {self.object}: expected a gaugeflow.lattice.Action, got {type(action).__name__}")
        return action


ActionConfig = Annotated[Wilson | Improved | Loops | Phi4 | Python, Field(discriminator="name")]
