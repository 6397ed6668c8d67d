"""MILC version 5: a 96-byte header with two checksums, then single-precision matrices."""

import math
import struct
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from gaugeflow.io.checksums import milc_checksum
from gaugeflow.io.format import Format
from gaugeflow.io.layout import component_count, to_links, to_sites
from gaugeflow.io.options import one_of
from gaugeflow.io.source import Source

__all__ = ["Milc"]

MAGIC = 20103
HEADER = "i4i64siII"
"""Magic number, extents, time stamp, site order (0 natural), sum29, sum31."""
HEADER_BYTES = struct.calcsize("<" + HEADER)
ORDERS = {"<": "little", ">": "big"}


class Milc(Format):
    """MILC version 5, single precision, both byte orders, with the checksums sum29 and sum31.

    The header does not state N; it follows from the size of the file, so that SU(2), SU(4), ... of MILC compiled for
    them are served too. Writing a double-precision field rounds it to single precision.

    Options of writing: ``byte_order``; ``date``, the time stamp, at most 63 characters (by default now, UTC).

    Not detected: extents of the header changed to others of the same volume, as no other entry depends on them; the
    time stamp is free text.
    """

    name = "milc"
    title = "MILC v5"
    extensions = (".milc",)
    options: ClassVar[dict[str, Any]] = {"byte_order": "little", "date": None}

    def sniff(self, source: Source) -> bool:
        return source.head(4) in (struct.pack("<i", MAGIC), struct.pack(">i", MAGIC))

    def read(
        self, source: Source, shape: tuple[int, ...] | None, group: str | None, select: slice | None
    ) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, select)
        head = source.read(0, HEADER_BYTES, "MILC header")
        order = "<" if head[:4] == struct.pack("<i", MAGIC) else ">"
        _, *extents, stamp, site_order, sum29, sum31 = struct.unpack(order + HEADER, head)
        if min(extents) < 1:
            raise source.error("four positive extents", str(tuple(extents)))
        if site_order != 0:
            raise source.error("sites in natural order (0)", f"order {site_order}")
        n = _matrix_size(source, tuple(extents))
        self.agree(source, "shape", shape, tuple(extents))
        self.agree(source, "group", group, f"su{n}")
        raw = source.read(HEADER_BYTES, source.size - HEADER_BYTES, "matrices")
        data = np.frombuffer(raw, order + "f4")
        stated, found = _pair(sum29, sum31), _pair(*milc_checksum(data))
        if stated != found:
            raise source.error(f"the checksums {stated} of the header (sum29, sum31)", f"{found}")
        date = stamp.split(b"\0")[0].decode("latin-1")
        known = {"precision": 32, "byte_order": ORDERS[order], "checksum": found, "date": date}
        return to_links(data, extents, n), known

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, _ = self.require_single(links)
        byte_order, date = one_of("byte_order", options["byte_order"], ("big", "little")), options["date"]
        order = ">" if byte_order == "big" else "<"
        data = to_sites(links, 32, byte_order)
        stamp = (time.asctime(time.gmtime()) if date is None else str(date)).encode("ascii", "replace")[:63]
        head = struct.pack(order + HEADER, MAGIC, *shape, stamp, 0, *milc_checksum(data))
        with path.open("wb") as file:
            file.write(head)
            file.write(data.data)


def _matrix_size(source: Source, extents: tuple[int, ...]) -> int:
    """N, from the size of the file."""
    length, per_entry = source.size - HEADER_BYTES, 4 * component_count(extents, 1)
    n = math.isqrt(length // per_entry)
    if n < 2 or n * n * per_entry != length:
        su3 = HEADER_BYTES + 9 * per_entry
        raise source.error(f"N x N single-precision matrices on {extents} ({su3} bytes for SU(3))", f"{source.size}")
    return n


def _pair(a: int, b: int) -> list[str]:
    return [f"{a:x}", f"{b:x}"]
