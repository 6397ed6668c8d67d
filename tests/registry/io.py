"""File formats: what is claimed of them."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow import io
from gaugeflow.groups import get_group
from gaugeflow.symmetry import Links
from gaugeflow.symmetry.claims import Equivariance
from gaugeflow.symmetry.reports.report import Report
from tests.registry.line import Line, line, links


@dataclass(frozen=True)
class OfFiles(Equivariance):
    """Every configuration of a trial is a file, so there are few trials."""

    def verify(self, **options: Any) -> Report:
        return super().verify(**options | {"trials": 4, "chunk_size": 2})


def through_file(name: str, suffix: str, u: Tensor) -> Tensor:
    """Links written and read again, one file for each configuration.

    Projected first: the harness also sends single-precision links in double precision, which files refuse.
    """
    back = []
    with tempfile.TemporaryDirectory() as folder:
        for one in u:
            path = Path(folder) / f"field{suffix}"
            written = one.to(torch.complex128) if name == "openqcd" else one  # openQCD has double precision alone
            io.write(path, get_group("su3").project(written[None]), format=name)
            back.append(io.read(path, shape=tuple(one.shape[1:5])).links.to(u.dtype))
    return torch.cat(back)


LINES: dict[str, Line] = {
    "file formats": line(
        *io.FORMATS.values(),
        claims=lambda: [
            OfFiles(
                partial(through_file, name, form.extensions[0]),
                links("su3", (2, 2, 2, 4)),
                group="gauge * translations",
                out=Links,
                label=f"{name} file",
            )
            for name, form in io.FORMATS.items()
            if form.extensions
        ],
    ),
}
