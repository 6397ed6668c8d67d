"""What reading a file gives: links, and what the file says of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from gaugeflow.lattice.fields import lattice_shape

__all__ = ["Configuration"]


@dataclass(frozen=True)
class Configuration:
    """A gauge field read from a file.

    Attributes:
        links: ``(batch, D, *shape, N, N)``, complex64 or complex128 after the precision of the file; for U(1) real
            angles ``(batch, D, *shape)``. Only HDF5 ensembles have a batch larger than one.
        group: ``u1``, ``su2``, ``su3``, ...
        format: the name under which the format is registered.
        path: the file.
        metadata: plain values found in the file (header plaquette, checksums, precision, byte order, ...). A checksum
            that stands here under ``checksum`` was recomputed from the data and agreed.
        violation: the largest ``|U U^dagger - 1|`` and ``|det U - 1|`` of all links, in double precision.
    """

    links: Tensor
    group: str
    format: str
    path: Path
    metadata: dict[str, Any] = field(default_factory=dict)
    violation: float = 0.0

    @property
    def notes(self) -> list[str]:
        """In words, where the file departs from the standard of its format and was read all the same."""
        return list(self.metadata.get("deviations", []))

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents (x, y, z, t)."""
        return lattice_shape(self.links)
