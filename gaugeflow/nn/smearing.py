"""Learned smearing: links that a network has smoothed, in front of any observable or network."""

import torch
from torch import Tensor, nn

from gaugeflow.errors import UserError
from gaugeflow.nn.layers.exponential import LExp
from gaugeflow.nn.layers.sources import Plaq, Source, Sources
from gaugeflow.nn.network import LCNN
from gaugeflow.nn.theory import GaugeTheory

__all__ = ["Smearing"]


class Smearing(nn.Module):
    """Links to links of the same group, lattice and gauge: ``observable(smearing(links))``.

    Each step is a network without readout whose layers end with :class:`LExp`; the next step makes its site matrices
    anew from the links of the last one. With plaquettes as source a step contains stout smearing (hep-lat/0311018).

    Args:
        steps: the networks.

    Raises:
        UserError: no step, steps of different theories, one with a readout, or one that changes the lattice.
    """

    def __init__(self, *steps: LCNN) -> None:
        super().__init__()
        if not steps:
            raise UserError("Smearing: expected at least one step, got none")
        for step in steps:
            steps[0].theory.agree(step.theory, "Smearing")
            if step.readout is not None or step.stack.stride != 1:
                raise UserError(
                    f"Smearing: expected steps that return links of the same lattice, got one with "
                    f"{'no' if step.readout is None else 'a'} readout and stride {step.stack.stride}"
                )
        self.theory, self.steps = steps[0].theory, nn.ModuleList(steps)

    @classmethod
    def of(
        cls,
        theory: GaugeTheory,
        steps: int = 1,
        *,
        generator: torch.Generator,
        source: Source | Sources | None = None,
        size: float = 0.0,
    ) -> "Smearing":
        """Steps of one :class:`LExp` each.

        Args:
            theory: group, dimension, rotations; where all axes turn a step has few weights: four in two dimensions.
            steps: how many.
            generator: source of the initial weights.
            source: what the links are moved along; all plaquettes by default.
            size: initial size of the weights, see :class:`LExp`; at 0 the links stay as they are.
        """
        source = Plaq(theory) if source is None else source
        layers = [LExp(theory, source.channels, generator=generator, size=size) for _ in range(steps)]
        return cls(*[LCNN(source, layer) for layer in layers])

    def forward(self, links: Tensor) -> Tensor:
        """The smeared links, shape of ``links``; differentiable."""
        for step in self.steps:
            links, _ = step(links)
        return links
