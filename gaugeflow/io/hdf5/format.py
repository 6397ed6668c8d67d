"""Ensembles of any group and dimension in HDF5, in a layout of our own."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gaugeflow.io.format import Format
from gaugeflow.io.hdf5.ensemble import new_ensemble
from gaugeflow.io.hdf5.layout import MAGIC, SIGNATURE, USER_BLOCK, Layout, read_layout
from gaugeflow.io.hdf5.portable import close_file, open_file
from gaugeflow.io.hdf5.rows import (
    as_rows,
    commit_count,
    index_column,
    read_attributes,
    read_count,
    row_checksums,
    write_rows,
)
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.source import Source
from gaugeflow.lattice.fields import check_links, lattice_shape

__all__ = ["Hdf5"]


class Hdf5(Format):
    """HDF5 ensemble of gaugeflow: many configurations, any SU(N) or U(1), any number of dimensions.

    The datasets are described in ``gaugeflow.io.hdf5.layout``. Every configuration has a checksum, and so has all
    that is not data; only HDF5 files of this layout are read. A damaged configuration is an error that names it; the
    others can still be read by ``select``.

    Options of writing are the attributes of the ensemble (``action=``, ``beta=``, ``seed=``, ...), and ``chain`` and
    ``step``, one whole number for each configuration (by default 0, 1, ... and 0).

    Not detected: damage to room that is reserved and not used yet.
    """

    name = "hdf5"
    title = "HDF5"
    extensions = (".h5", ".hdf5")
    options: ClassVar[dict[str, Any]] = {"precision": None, "chain": None, "step": None}
    takes_more = True

    def sniff(self, source: Source) -> bool:
        return source.head(len(MAGIC)) == MAGIC or source.head(USER_BLOCK + len(SIGNATURE))[USER_BLOCK:] == SIGNATURE

    def count(self, source: Source, given: Given) -> int | None:
        return read_count(source, read_layout(source))

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        layout = read_layout(source)
        attributes = read_attributes(source)
        self.agree(source, "group", given.group, attributes.pop("group"))
        self.agree(source, "shape", given.shape, layout.row[1 : 1 + layout.row[0]])
        count = read_count(source, layout)
        wanted = range(count)[given.select or slice(None)]
        columns = _read_rows(source, layout, wanted)
        checksums = _verify(source, columns, wanted)
        known = {
            "precision": 32 if layout.dtype in ("<f4", "<c8") else 64,
            "count": count,
            "selected": list(wanted),
            "chain": columns["chain"].tolist(),
            "step": columns["step"].tolist(),
            "checksum": checksums,
        }
        links = torch.from_numpy(columns["links"].astype(np.dtype(layout.dtype).newbyteorder("="), copy=False))
        return links, {**known, "attributes": attributes}

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        group, batch = check_links(links), len(links)
        bits = one_of("precision", options["precision"] or torch.finfo(links.dtype).bits, (32, 64))
        attributes = {name: value for name, value in options.items() if name not in self.options}
        real = torch.float32 if bits == 32 else torch.float64
        layout = new_ensemble(path, group, lattice_shape(links), real, max(batch, 1), attributes)
        chain = index_column("chain", options["chain"], range(batch))
        step = index_column("step", options["step"], [0] * batch)
        file = open_file(path)
        try:
            write_rows(file, layout, 0, as_rows(links, layout.dtype), chain, step)
            commit_count(file, layout, batch)
        finally:
            close_file(file)


def _read_rows(source: Source, layout: Layout, wanted: range) -> dict[str, np.ndarray]:
    """The selected configurations with their chain, step and checksum, from their places in the file.

    All from the first to the last are read, as they follow one another without gaps.
    """
    first, last = (min(wanted), max(wanted)) if wanted else (0, -1)
    columns = {}
    for name, (kind, shape) in layout.datasets().items():
        if name == "count":
            continue
        size = np.dtype(kind).itemsize * math.prod(shape[1:])
        raw = source.read(
            layout.places[name] + first * size, (last - first + 1) * size, f"{len(wanted)} configurations"
        )
        rows = np.frombuffer(bytearray(raw), kind).reshape(-1, *shape[1:])
        columns[name] = (
            rows[[place - first for place in wanted]] if len(rows) != len(wanted) or wanted.step < 0 else rows
        )
    return columns


def _verify(source: Source, columns: dict[str, np.ndarray], wanted: range) -> list[str]:
    """The checksums of the configurations read. Raises UserError if one disagrees with its data."""
    found = row_checksums(columns["links"], columns["chain"], columns["step"])
    wrong = np.flatnonzero(found != columns["crc32"])
    if len(wrong):
        first = wrong[0]
        raise source.error(
            f"the checksum {columns['crc32'][first]:08x} of configuration {wanted[int(first)]}", f"{found[first]:08x}"
        )
    return [f"{value:08x}" for value in found]
