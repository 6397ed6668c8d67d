"""openQCD and openQxD: lattice sizes, the plaquette, and the links of the odd sites in both directions."""

import math
import struct
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.format import Format
from gaugeflow.io.layout import host_array
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.shapes import extents_text
from gaugeflow.io.source import Source
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice.observables import plaquette

__all__ = ["OpenQcd"]

HEADER = struct.Struct("<4id")
"""The extents (t, x, y, z) and the mean of Re tr P over sites and planes."""
LINK = 18 * 8
"""Bytes of an SU(3) matrix."""
TOLERANCE = 1e-10
"""How far the plaquette may be from that of the header: rounding, summed in another order."""


class OpenQcd(Format):
    """Exported configurations of openQCD and openQxD (``.cnfg``): SU(3) in 4D, even extents, double, little-endian.

    For each odd site, in the order of t, x, y, z with z fastest, the file holds the links in the directions +t, -t, +x,
    -x, +y, -y, +z, -z; that in -mu is the link that ends at the site. Source: the notes in archive.c of both. Beside
    the SU(3) field of openQxD a U(1) field may stand, which is left out, and noted. The plaquette of the header, summed
    over a periodic lattice, is verified.

    Option of writing: ``precision``, which is 64.

    Not detected: changes that leave every link special unitary and the plaquette as it is, within 1e-10.
    """

    name = "openqcd"
    title = "openQCD"
    extensions = (".cnfg",)
    options: ClassVar[dict[str, Any]] = {"precision": 64}

    def sniff(self, source: Source) -> bool:
        if source.size < HEADER.size:
            return False
        *extents, _ = HEADER.unpack(source.head(HEADER.size))
        if min(extents) < 2 or any(extent % 2 for extent in extents):
            return False
        return source.size in _sizes(extents)

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, given)
        *extents, stated = HEADER.unpack(source.head(HEADER.size))
        t, x, y, z = extents
        self.agree(source, "shape", given.shape, (x, y, z, t))
        self.agree(source, "group", given.group, "su3")
        raw = source.read(HEADER.size, 4 * math.prod(extents) * LINK, "links")
        links = _from_odd(np.frombuffer(raw, "<c16").reshape(-1, 4, 2, 3, 3), (t, x, y, z))
        found = 3 * float(plaquette(links, light_backend(links))[0])
        if not abs(found - stated) <= TOLERANCE:
            raise source.error(f"the plaquette {stated} of the header (Re tr P)", f"{found} from the links")
        mixed = source.size == _sizes(extents)[1]
        known = {"precision": 64, "byte_order": "little", "plaquette": stated}
        return links, {**known, "deviations": ["a U(1) field of openQxD, left out"] if mixed else []}

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, n = self.require_single(links)
        one_of("precision", options["precision"], (64,))
        if n != 3 or any(extent % 2 for extent in shape):
            raise UserError(f"openQCD files hold SU(3) on even extents, got SU({n}) on {extents_text(shape)}")
        double = links.to(torch.complex128)
        x, y, z, t = shape
        with path.open("wb") as file:
            file.write(HEADER.pack(t, x, y, z, 3 * float(plaquette(double, light_backend(double))[0])))
            file.write(_to_odd(double).astype("<c16").tobytes())


def _sizes(extents: list[int]) -> tuple[int, int]:
    """Bytes of a file with SU(3) links, and of one with a U(1) field behind them."""
    count = 4 * math.prod(extents)
    return HEADER.size + count * LINK, HEADER.size + count * LINK + 8 + 8 * count


def _odd_sites(extents: tuple[int, ...]) -> np.ndarray:
    """``(V/2, 4)``: the coordinates (t, x, y, z) of the odd sites in the order of the file."""
    sites = np.indices(extents).reshape(4, -1).T
    return sites[sites.sum(1) % 2 == 1]


def _places(extents: tuple[int, ...]) -> list[tuple[int, int, tuple[np.ndarray, ...]]]:
    """Axis, whether backward, and the sites (t, x, y, z) at which the links start, for each direction of the file."""
    odd = _odd_sites(extents)
    places = []
    for axis, extent in enumerate(extents):
        for backward in (0, 1):
            start = odd.copy()
            start[:, axis] = (start[:, axis] - backward) % extent
            places.append((axis, backward, tuple(start.T)))
    return places


def _from_odd(data: np.ndarray, extents: tuple[int, ...]) -> Tensor:
    """``(V/2, 4, 2, 3, 3)`` of the file to links ``(1, 4, x, y, z, t, 3, 3)``."""
    field = np.empty((4, *extents, 3, 3), np.complex128)  # axes t, x, y, z for directions and sites alike
    for axis, backward, start in _places(extents):
        field[axis][start] = data[:, axis, backward]
    return torch.from_numpy(field[[1, 2, 3, 0]].transpose(0, 2, 3, 4, 1, 5, 6).copy())[None]


def _to_odd(links: Tensor) -> np.ndarray:
    """The inverse of :func:`_from_odd`."""
    field = host_array(links[0])[[3, 0, 1, 2]].transpose(0, 4, 1, 2, 3, 5, 6)
    extents = field.shape[1:5]
    data = np.empty((math.prod(extents) // 2, 4, 2, 3, 3), np.complex128)
    for axis, backward, start in _places(extents):
        data[:, axis, backward] = field[axis][start]
    return data
