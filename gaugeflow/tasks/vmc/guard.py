"""What was not finite in a step of variational Monte Carlo: its name, its walkers, and a file for whoever looks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.io.atomic import replacing

__all__ = ["Failure", "find_failure", "save_failure"]


@dataclass(frozen=True)
class Failure:
    """A tensor with a number that is none, and the walkers to blame, ``(batch,)``: none of them for a parameter."""

    tensor: str
    values: Tensor
    walkers: Tensor

    @property
    def places(self) -> list[int]:
        return self.walkers.nonzero().flatten().tolist()

    def at(self, step: int) -> str:
        """What happened, in words."""
        walker = f", walker {self.places[0]}" if self.places else ""
        return f"{self.tensor} is not finite at step {step}{walker}"


def find_failure(psi: nn.Module, values: Tensor, tensor: str) -> Failure | None:
    """Of a quantity of each walker, ``(batch,)``, and the parameters, the first that is not finite."""
    wrong = ~torch.isfinite(values)
    if bool(wrong.any()):
        return Failure(tensor, values, wrong)
    for name, parameter in psi.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            return Failure(f"the parameter {name}", parameter.detach().clone(), torch.zeros_like(wrong))
    return None


def save_failure(folder: Path, step: int, failure: Failure, walkers: Tensor, parameters: dict[str, Any]) -> Path:
    """Leaves the tensor, all walkers, and the parameters before the step, from which it can be done again."""
    target = folder / f"failure_step_{step}.pt"
    found = {"step": step, "tensor": failure.tensor, "values": failure.values, "walkers_to_blame": failure.places}
    with replacing(target) as temporary:
        torch.save({**found, "walkers": walkers, "parameters": parameters}, temporary)
    return target
