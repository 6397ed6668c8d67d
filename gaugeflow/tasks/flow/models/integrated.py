"""What the sections of integrated flows share: how the error of the steps is kept off the weights."""

from typing import ClassVar, Literal

from gaugeflow.tasks.flow.models.model import ModelSection

__all__ = ["IntegratedModel"]


class IntegratedModel(ModelSection):
    """A flow that integrates an equation, and so is exact up to its integrator."""

    integrated: ClassVar[bool] = True
    accuracy: Literal["plain", "extrapolated", "bounded"] = "bounded"
    """How log w is made right. `plain` takes the steps as given. `extrapolated` extrapolates fields and
    log-determinants from n and 2n steps, in training too. `bounded` trains with the steps as given; for the report and
    for samples it halves them until that moves log Z by less than a tenth of its error."""

    @property
    def bounded(self) -> bool:
        return self.accuracy == "bounded"

    @property
    def extrapolated(self) -> bool:
        """Whether its layers extrapolate."""
        return self.accuracy == "extrapolated"
