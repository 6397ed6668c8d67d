"""The NERSC archive format: a text header, then big- or little-endian matrices."""

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.checksums import nersc_checksum
from gaugeflow.io.format import Format
from gaugeflow.io.layout import complete_rows, component_count, precision_of, to_links, to_sites
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.source import Source
from gaugeflow.kernels.select import light_backend
from gaugeflow.lattice.observables import link_trace, plaquette

__all__ = ["Nersc"]

HEADER_LIMIT = 1 << 16
REQUIRED = (
    "DATATYPE",
    "DIMENSION_1",
    "DIMENSION_2",
    "DIMENSION_3",
    "DIMENSION_4",
    "CHECKSUM",
    "LINK_TRACE",
    "PLAQUETTE",
    "FLOATING_POINT",
)
TOLERANCE = {32: 1e-5, 64: 1e-8}
"""How far plaquette and link trace of a header may be from the recomputed ones, where it states enough digits."""
COARSEST = 1e-2
"""What a header with fewer digits than that says is no check."""


class Nersc(Format):
    """NERSC archive: ``4D_SU3_GAUGE_3x3`` (whole matrices) and ``4D_SU3_GAUGE`` (the first two rows), any SU(N).

    For SU(N) the types are ``4D_SUN_GAUGE_NxN`` and ``4D_SUN_GAUGE`` with N in figures, the latter with N-1 rows.
    32 or 64 bits, both byte orders; a bare ``IEEE32`` or ``IEEE64``, which programs take for either order, is
    settled by the checksum. Size, checksum, plaquette and link trace of the header are required and verified; the last
    two to the digits that stand there. Where the length of the data does not fit to the type but to the other number of
    rows, or to the group that the user gives, it decides, and the deviation is noted.

    Options of writing: ``precision`` 32 or 64 (by default that of the links), ``byte_order``, ``compressed`` (the last
    row is left out); further ones (``ensemble_id=...``) become header lines in capitals.

    Not detected: two words exchanged, or changed by opposite amounts, where the matrices stay unitary and plaquette
    and link trace stay within 1e-5 (32 bits) or 1e-8 (64 bits) of the header's: the checksum is a plain sum.
    """

    name = "nersc"
    title = "NERSC"
    extensions = (".nersc",)
    options: ClassVar[dict[str, Any]] = {"precision": None, "byte_order": "big", "compressed": False}
    takes_more = True

    def sniff(self, source: Source) -> bool:
        return source.head(12) == b"BEGIN_HEADER"

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        self.refuse_select(source, given)
        header, offset = _header(source)
        extents = tuple(_integer(source, header, f"DIMENSION_{axis}") for axis in (1, 2, 3, 4))
        self.agree(source, "shape", given.shape, extents)
        precision, orders = _numbers(source, header)
        length = 8 * (source.size - offset) // precision
        n, rows, deviations = _matrices(source, header, extents, length, given.group)
        self.agree(source, "group", given.group, f"su{n}")
        source.require_end(offset, component_count(extents, n, rows) * precision // 8, f"numbers of {precision} bits")
        data, byte_order = _data(source, header, offset, precision, orders)
        links = to_links(data, extents, n, rows)
        links = links if rows == n else complete_rows(links)
        values, coarse = _verify(source, header, links, TOLERANCE[precision])
        known = {"precision": precision, "byte_order": byte_order, "rows": rows, **values}
        checked = {"checksum": f"{nersc_checksum(data):x}", "deviations": deviations + coarse}
        return links, {**known, **checked, "header": header}

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, n = self.require_single(links)
        precision = one_of("precision", options["precision"] or precision_of(links), (32, 64))
        byte_order = one_of("byte_order", options["byte_order"], ("big", "little"))
        compressed = one_of("compressed", options["compressed"], (False, True))
        data = to_sites(links, precision, byte_order, n - 1 if compressed else n)
        entries: dict[str, Any] = {
            "HDR_VERSION": "1.0",
            "DATATYPE": f"4D_SU{n}_GAUGE" + ("" if compressed else f"_{n}x{n}"),
            **{f"DIMENSION_{axis + 1}": extent for axis, extent in enumerate(shape)},
            "CHECKSUM": f"{nersc_checksum(data):x}",
            "LINK_TRACE": f"{float(link_trace(links)[0]):.12f}",
            "PLAQUETTE": f"{float(_plaquette(links)[0]):.12f}",
            **{f"BOUNDARY_{axis}": "PERIODIC" for axis in (1, 2, 3, 4)},
            **_header_entries({k: v for k, v in options.items() if k not in self.options}),
            "FLOATING_POINT": f"IEEE{precision}{byte_order.upper()}",
        }
        text = "".join(f"{key} = {value}\n" for key, value in entries.items())
        if len(text) > HEADER_LIMIT // 2:
            raise UserError(f"NERSC header: expected at most {HEADER_LIMIT // 2} characters, got {len(text)}")
        with path.open("wb") as file:
            file.write(f"BEGIN_HEADER\n{text}END_HEADER\n".encode("ascii"))
            file.write(data.data)


def _header(source: Source) -> tuple[dict[str, str], int]:
    """The entries of the header and the place where the data begin."""
    head = source.head(HEADER_LIMIT)
    end = re.search(rb"^END_HEADER\r?\n", head, re.MULTILINE)
    if end is None:
        raise source.error(f"a line END_HEADER in the first {HEADER_LIMIT} bytes", "none")
    lines = head[: end.start()].decode("latin-1").splitlines()[1:]
    header: dict[str, str] = {}
    for line in filter(str.strip, lines):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or header.setdefault(key, value) != value:
            raise source.error("header lines KEY = VALUE, each key once", repr(line))
    return header, end.end()


def _entry(source: Source, header: dict[str, str], key: str) -> str:
    if key not in header:
        raise source.error(f"a header entry {key}", f"only {', '.join(header)}")
    return header[key]


def _integer(source: Source, header: dict[str, str], key: str) -> int:
    value = _entry(source, header, key)
    if not re.fullmatch("[1-9][0-9]{0,8}", value):
        raise source.error(f"a positive whole number as {key}", repr(value))
    return int(value)


def _matrix_type(source: Source, kind: str) -> tuple[int, int]:
    """N and the number of rows stored, from ``4D_SU3_GAUGE`` or ``4D_SU3_GAUGE_3x3``."""
    match = re.fullmatch(r"4D_SU([1-9]\d?)_GAUGE(?:_(\d+)x(\d+))?", kind, re.IGNORECASE)
    n = int(match[1]) if match else 0
    if match is None or n < 2 or (match[2] and not int(match[2]) == int(match[3]) == n):
        raise source.error("DATATYPE 4D_SUN_GAUGE or 4D_SUN_GAUGE_NxN", repr(kind))
    return n, n if match[2] else n - 1


def _matrices(
    source: Source, header: dict[str, str], extents: tuple[int, ...], length: int, group: str | None
) -> tuple[int, int, list[str]]:
    """N, the rows stored, and in words where the length of the data overrules the type.

    Args:
        length: how many real numbers there are.
        group: what the user says.
    """
    kind = _entry(source, header, "DATATYPE")
    n, rows = _matrix_type(source, kind)
    likely = [(n, rows), (n, n), (n, n - 1)]
    likely += [(k, r) for k in [int(group[2:])] if k > 1 for r in (k, k - 1)] if group and group != "u1" else []
    fits = [(k, r) for k, r in likely if component_count(extents, k, r) == length]
    if not fits or fits[0] == (n, rows):
        return n, rows, []
    k, r = fits[0]
    return k, r, [f"the type {kind} with {r} rows of SU({k}) matrices, as the length of the data says"]


def _numbers(source: Source, header: dict[str, str]) -> tuple[int, list[str]]:
    """Bits of a real number, and the byte orders that it may be in."""
    kind = _entry(source, header, "FLOATING_POINT")
    match = re.fullmatch("IEEE(32|64)(BIG|LITTLE|)", kind)
    if match is None:
        raise source.error("FLOATING_POINT IEEE32, IEEE64, or these with BIG or LITTLE", repr(kind))
    return int(match[1]), [match[2].lower()] if match[2] else ["big", "little"]


def _data(
    source: Source, header: dict[str, str], offset: int, precision: int, orders: list[str]
) -> tuple[np.ndarray, str]:
    """The real numbers in the byte order whose checksum agrees with the header, and that byte order."""
    raw = source.read(offset, source.size - offset, "matrices")
    wanted = _entry(source, header, "CHECKSUM").lower().removeprefix("0x").lstrip("0")
    found = []
    for byte_order in orders:
        data = np.frombuffer(raw, f"{'>' if byte_order == 'big' else '<'}f{precision // 8}")
        found.append(f"{nersc_checksum(data):x}".lstrip("0"))
        if found[-1] == wanted:
            return data, byte_order
    raise source.error(f"the checksum {wanted or '0'} of the header", " or ".join(found))


def _verify(
    source: Source, header: dict[str, str], links: Tensor, tolerance: float
) -> tuple[dict[str, float], list[str]]:
    """Plaquette and link trace of the header, after comparison with those of the links; and which have few digits."""
    values, coarse = {}, []
    for key, observable in (("PLAQUETTE", _plaquette), ("LINK_TRACE", link_trace)):
        stated, unit = _stated(source, header, key)
        found = float(observable(links)[0])
        allowed = max(tolerance, min(unit, COARSEST))
        if not abs(stated - found) <= allowed:
            raise source.error(f"{key} = {stated} as in the header (to {allowed:g})", f"{found} from the links")
        if allowed > tolerance:
            coarse.append(f"{key} = {header[key]} in the header, compared to the digits that stand there")
        values[key.lower()] = stated
    return values, coarse


def _stated(source: Source, header: dict[str, str], key: str) -> tuple[float, float]:
    """A number of the header and the unit of its last digit, as some programs cut off and do not round."""
    value = _entry(source, header, key)
    try:
        number = Decimal(value)
        unit = float(Decimal(1).scaleb(int(number.as_tuple().exponent))) if number.is_finite() else 0.0
    except (InvalidOperation, ValueError, OverflowError):
        raise source.error(f"a number as {key}", repr(value)) from None
    return float(number), unit


def _plaquette(links: Tensor) -> Tensor:
    return plaquette(links, light_backend(links))


def _header_entries(entries: dict[str, Any]) -> dict[str, str]:
    """Free entries as header lines. Raises UserError for what a reader would take for something else."""
    clean = {}
    for key, value in entries.items():
        text = str(value)
        if key.upper() in REQUIRED or "=" in key or not (f"{key}{text}".isascii() and f"{key}{text}".isprintable()):
            raise UserError(f"NERSC header: {key} = {text!r} must be printable ASCII and may not replace {REQUIRED}")
        clean[key.upper()] = text
    return clean
