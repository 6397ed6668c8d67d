"""The `action` section of a configuration: one class for each action, chosen by its `name`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gaugeflow.errors import UserError
from gaugeflow.lattice.action import Action
from gaugeflow.lattice.anisotropic import AnisotropicAction
from gaugeflow.lattice.loop_action import DBW2, IWASAKI, SYMANZIK, LoopAction, RectangleAction, WilsonAction
from gaugeflow.lattice.phi4 import Phi4Action
from gaugeflow.lattice.profiles.boundary import OpenTime
from gaugeflow.runs import Number, Positive, Section
from gaugeflow.tasks.objects import load

__all__ = ["ActionConfig", "Improved", "Loops", "MorningstarPeardon", "Phi4", "Python", "Wilson"]

C1 = {"symanzik": SYMANZIK, "iwasaki": IWASAKI, "dbw2": DBW2}


class OfLoops(Section):
    """What all sums of Wilson loops have."""

    boundary: Literal["periodic", "open"] = "periodic"
    """Whether the last time slice joins the first; at `open` ends loops within them count half, arXiv:1105.4749."""

    def bounded(self, action: LoopAction) -> LoopAction:
        """The action with these boundaries."""
        return action.weighted(OpenTime()) if self.boundary == "open" else action


class Wilson(OfLoops):
    """Wilson's plaquette action."""

    name: Literal["wilson"]
    beta: Number
    """The coupling in `S = beta sum (1 - (1/N) Re tr P)`."""
    xi: Positive = 1.0
    """The bare anisotropy: planes in space have the weight `beta / xi`, planes with time `beta xi`."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return self.bounded(
            WilsonAction(ndim, self.beta) if self.xi == 1 else AnisotropicAction(ndim, self.beta, self.xi)
        )


class Improved(OfLoops):
    """Plaquettes and rectangles with the c1 of the name."""

    name: Literal["symanzik", "iwasaki", "dbw2"]
    """Which c1: -1/12 (`symanzik`), -0.331 (`iwasaki`) or -1.4088 (`dbw2`)."""
    beta: Number
    """The coupling; plaquettes have the weight `beta (1 - 8 c1)`, rectangles `beta c1`."""
    xi: Positive = 1.0
    """The bare anisotropy: planes in space have their weight divided by it, planes with time multiplied."""
    u_s: Positive = 1.0
    """The mean link in space (tadpole factor); each such link of a loop divides its weight."""
    u_t: Positive = 1.0
    """The mean link along time."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        if self.xi == self.u_s == self.u_t == 1:
            return self.bounded(RectangleAction(ndim, self.beta, C1[self.name]))
        return self.bounded(AnisotropicAction(ndim, self.beta, self.xi, C1[self.name], u_s=self.u_s, u_t=self.u_t))


class MorningstarPeardon(OfLoops):
    """Tree-level improved in space with mean links, and without rectangles of two steps in time: hep-lat/9704011."""

    name: Literal["morningstar-peardon"]
    beta: Number
    """The coupling, `2 N / g^2`."""
    xi: Positive
    """The bare anisotropy `a_s / a_t`."""
    u_s: Positive = 1.0
    """The mean link in space (tadpole factor)."""
    u_t: Positive = 1.0
    """The mean link along time."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        action = AnisotropicAction(ndim, self.beta, self.xi, SYMANZIK, u_s=self.u_s, u_t=self.u_t, short=True)
        return self.bounded(action)


class Loops(OfLoops):
    """Any closed paths, each with all its lattice images: `loops: {"+x +y -x -y": 5.0}`; coefficients hold beta."""

    name: Literal["loops"]
    loops: Annotated[dict[str, Number], Field(min_length=1)]
    """Closed paths with their coefficients, as in `{"+x +y -x -y": 5.0}`."""

    def build(self, ndim: int) -> Action:
        """The action in `ndim` dimensions."""
        return self.bounded(LoopAction.of_orbits(ndim, dict(self.loops.items())))


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


ActionConfig = Annotated[Wilson | Improved | MorningstarPeardon | Loops | Phi4 | Python, Field(discriminator="name")]
