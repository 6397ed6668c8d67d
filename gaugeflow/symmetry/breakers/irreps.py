"""Mistakes with the components of irreducible parts."""

from __future__ import annotations

import torch

from gaugeflow.symmetry.actions.irreps import IrrepFeatures, Irreps
from gaugeflow.symmetry.breakers.base import on_output


@on_output("activation on components of irreps", "a hyperbolic tangent acts on every component", IrrepFeatures)
def _(features: IrrepFeatures) -> IrrepFeatures:
    return features.with_data(torch.tanh(features.data))


@on_output("components in another order", "the components of each part are read from m = l to -l", IrrepFeatures)
def _(features: IrrepFeatures) -> IrrepFeatures:
    parts = features.data.split(Irreps(features.irreps).sizes, dim=-1)
    return features.with_data(torch.cat([part.flip(-1) for part in parts], dim=-1))


@on_output("one component of a part scaled", "the last component counts more: another normalisation", IrrepFeatures)
def _(features: IrrepFeatures) -> IrrepFeatures:
    data = features.data.clone()
    data[..., -1] = 1.2 * data[..., -1]
    return features.with_data(data)
