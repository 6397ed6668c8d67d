"""MILC versions 1 to 7: a header, from version 5 on with two checksums, then single-precision matrices."""

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
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.source import Source

__all__ = ["Milc"]

MAGIC, OLD_MAGIC = 20103, 59354
"""Of versions 5 to 7, and of versions 1 to 4."""
HEADER = "i4i64siII"
"""Magic number, extents, time stamp, site order (0 natural), sum29, sum31."""
OLD_HEADER = "i4i2f"
"""Magic number, extents, two couplings of the action. Source: read_v3_gauge_hdr in generic/io_lat4.c of MILC."""
HEADER_BYTES, OLD_HEADER_BYTES = struct.calcsize("<" + HEADER), struct.calcsize("<" + OLD_HEADER)
ORDERS = {"<": "little", ">": "big"}


class Milc(Format):
    """MILC version 5, single precision, both byte orders, with the checksums sum29 and sum31.

    The older versions 1 to 4, which have no checksum, are read and noted. The header does not state N; it follows from
    the size of the file, so that SU(2), SU(4), ... of MILC compiled for them are served too. Writing a double-precision
    field rounds it to single precision.

    Options of writing: ``byte_order``; ``date``, the time stamp, at most 63 characters (by default now, UTC).

    Not detected: extents of the header changed to others of the same volume, as no other entry depends on them; the
    time stamp is free text. In versions 1 to 4, a change that leaves every link special unitary within the tolerance.
    """

    name = "milc"
    title = "MILC v5"
    extensions = (".milc",)
    options: ClassVar[dict[str, Any]] = {"byte_order": "little", "date": None}

    def sniff(self, source: Source) -> bool:
        return source.head(4) in (struct.pack(order + "i", magic) for order in ORDERS for magic in (MAGIC, OLD_MAGIC))

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, given)
        order = next(order for order in ORDERS if struct.unpack(order + "i", source.head(4))[0] in (MAGIC, OLD_MAGIC))
        read = _read_old if struct.unpack(order + "i", source.head(4))[0] == OLD_MAGIC else _read
        extents, data, known = read(source, order)
        n = math.isqrt(len(data) // component_count(extents, 1))
        self.agree(source, "shape", given.shape, extents)
        self.agree(source, "group", given.group, f"su{n}")
        return to_links(data, extents, n), {"precision": 32, "byte_order": ORDERS[order], **known}

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


Content = tuple[tuple[int, ...], np.ndarray, dict[str, Any]]


def _read(source: Source, order: str) -> Content:
    """Extents, real numbers, and what else a file of version 5 says."""
    head = source.read(0, HEADER_BYTES, "MILC header")
    _, *extents, stamp, site_order, sum29, sum31 = struct.unpack(order + HEADER, head)
    if site_order != 0:
        raise source.error("sites in natural order (0)", f"order {site_order}")
    data = _matrices(source, order, HEADER_BYTES, extents)
    stated, found = _pair(sum29, sum31), _pair(*milc_checksum(data))
    if stated != found:
        raise source.error(f"the checksums {stated} of the header (sum29, sum31)", f"{found}")
    return tuple(extents), data, {"checksum": found, "date": stamp.split(b"\0")[0].decode("latin-1")}


def _read_old(source: Source, order: str) -> Content:
    """The same of versions 1 to 4."""
    head = source.read(0, OLD_HEADER_BYTES, "MILC header")
    _, *extents, first, second = struct.unpack(order + OLD_HEADER, head)
    known = {"couplings": [first, second], "deviations": ["MILC version 1 to 4, which has no checksum"]}
    return tuple(extents), _matrices(source, order, OLD_HEADER_BYTES, extents), known


def _matrices(source: Source, order: str, offset: int, extents: list[int]) -> np.ndarray:
    """The real numbers after a header. Raises UserError unless they are N x N matrices on the whole lattice."""
    if min(extents) < 1:
        raise source.error("four positive extents", str(tuple(extents)))
    length, per_entry = source.size - offset, 4 * component_count(extents, 1)
    n = math.isqrt(length // per_entry)
    if n < 2 or n * n * per_entry != length:
        su3 = offset + 9 * per_entry
        wanted = f"N x N single-precision matrices on {tuple(extents)} ({su3} bytes for SU(3))"
        raise source.error(wanted, f"{source.size}")
    return np.frombuffer(source.read(offset, length, "matrices"), order + "f4")


def _pair(a: int, b: int) -> list[str]:
    return [f"{a:x}", f"{b:x}"]
