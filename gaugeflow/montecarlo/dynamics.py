"""Hamilton's equations of a field: with an action of any kind in torch, and of loop actions in the compiled kernels."""

from typing import Any, Protocol

from torch import Tensor

from gaugeflow.lattice.action import Action
from gaugeflow.lattice.loop_action import LoopAction, is_loop_sum

__all__ = ["Dynamics", "dynamics_of"]


class Dynamics(Protocol):
    """Field and momenta in whatever layout moves them fastest."""

    def start(self, field: Tensor, momenta: Tensor) -> tuple[Any, Any]:
        """The state of a trajectory from a field, cleared of the rounding errors of the last one, and its momenta."""
        ...

    def kick(self, field: Any, momenta: Any, epsilon: float) -> tuple[Any, Any]:
        """``p <- p - epsilon dS``."""
        ...

    def drift(self, field: Any, momenta: Any, epsilon: float) -> tuple[Any, Any]:
        """The field moved along its momenta for a time ``epsilon``."""
        ...

    def finish(self, field: Any, momenta: Any) -> tuple[Tensor, Tensor]:
        """Back to the layout of :meth:`start`."""
        ...


class TorchDynamics:
    """Any :class:`~gaugeflow.lattice.action.Action`, by its ``force``."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def start(self, field: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        return self.action.space.project(field), momenta

    def kick(self, field: Tensor, momenta: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        return field, momenta - epsilon * self.action.force(field)

    def drift(self, field: Tensor, momenta: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        return self.action.space.displace(field, epsilon * momenta), momenta

    def finish(self, field: Tensor, momenta: Tensor) -> tuple[Tensor, Tensor]:
        return field, momenta


class KernelDynamics:
    """Sums of Wilson loops, in the packed layout of the kernels."""

    def __init__(self, action: LoopAction, field: Tensor, backend: str) -> None:
        self.kernels = action.kernels(field, backend)

    def start(self, field: Tensor, momenta: Tensor) -> tuple[Any, Any]:
        packed = self.kernels.pack(field)
        self.kernels.reunitarize_(packed)
        return packed, self.kernels.pack_momenta(momenta)

    def kick(self, field: Any, momenta: Any, epsilon: float) -> tuple[Any, Any]:
        self.kernels.kick_(momenta, field, epsilon)
        return field, momenta

    def drift(self, field: Any, momenta: Any, epsilon: float) -> tuple[Any, Any]:
        self.kernels.drift_(field, momenta, epsilon)
        return field, momenta

    def finish(self, field: Any, momenta: Any) -> tuple[Tensor, Tensor]:
        return self.kernels.unpack(field), self.kernels.unpack_momenta(momenta)


def dynamics_of(action: Action, field: Tensor, backend: str = "auto") -> Dynamics:
    """The fastest dynamics that serves ``action`` on a field like ``field``."""
    return KernelDynamics(action, field, backend) if is_loop_sum(action) else TorchDynamics(action)
