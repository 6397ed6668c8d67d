"""Descriptors of atoms by featomic, which computes outside of torch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from gaugeflow.symmetry import Irreps, Points, Report, check
from gaugeflow.symmetry.actions.orbital_matrices import from_irreps
from public_models.model import OUTSIDE, model, normal

HYPERS: dict[str, Any] = {
    "cutoff": {"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    "density": {"type": "Gaussian", "width": 0.5},
    "basis": {"type": "TensorProduct", "max_angular": 2, "radial": {"type": "Gto", "max_radial": 1}},
}


def lambda_soap(order: str) -> Report:
    """The natural part of degree 2 of the power spectrum of each atom; its components are m = -l ... l about z."""
    import featomic
    import numpy as np
    from featomic.clebsch_gordan import EquivariantPowerSpectrum

    class System(featomic.systems.SystemBase):  # type: ignore[misc]
        """Atoms of one kind in empty space."""

        def __init__(self, r: np.ndarray) -> None:
            super().__init__()
            self.r = np.ascontiguousarray(r)

        def size(self) -> int:
            return len(self.r)

        def types(self) -> np.ndarray:
            return np.ones(len(self.r), dtype=np.int32)

        def positions(self) -> np.ndarray:
            return self.r

        def cell(self) -> np.ndarray:
            return np.zeros((3, 3))

    soap = EquivariantPowerSpectrum(featomic.SphericalExpansion(**HYPERS))

    def features(r: Tensor) -> Tensor:
        """Positions `(b, n, 3)` to irreducible parts `(b, n, features, 5)`."""
        found = soap.compute([System(one) for one in r.double().numpy()], neighbors_to_properties=True)
        block = torch.tensor(found.block(o3_lambda=2, o3_sigma=1).values)  # (b n, 5, features)
        return (block.reshape(len(r), r.shape[1], 5, -1).mT @ from_irreps(2, order)).to(r)

    x = Points(normal(2, 4, 3))
    return check(features, x, "euclidean * permutations", out=Irreps("1x2e").of_points, label="lambda-SOAP")


model("featomic's lambda-SOAP", holds=True, needs="featomic")(partial(lambda_soap, "m"))
wrong_order = partial(lambda_soap, "e3nn")
model("lambda-SOAP read in the order of e3nn", holds=False, broken_at=OUTSIDE, needs="featomic")(wrong_order)
