"""A gauge field in a LIME file: what its records say, put together and compared."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeflow.io.checksums import scidac_checksum
from gaugeflow.io.format import Format
from gaugeflow.io.layout import component_count, precision_of, to_links, to_sites
from gaugeflow.io.lime.container import MAGIC, Record, scan, write_messages
from gaugeflow.io.lime.xml import checksum_xml, file_xml, is_well_formed, record_xml, tag
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.shapes import extents_text, likely_fields
from gaugeflow.io.source import Source

__all__ = ["LimeGauge", "Statements"]

XML_LIMIT = 1 << 20
OF_ONE_FIELD = ("scidac-checksum", "ildg-data-lfn")
"""Records that hold for the field beside which they stand; the others hold until the next one of their type."""


@dataclass
class Statements:
    """What was said of the field, and by whom: the user or a record; two that contradict each other are an error."""

    source: Source
    said: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def add(self, what: str, value: Any, by: str) -> None:
        """Notes a statement, where there is one (not None)."""
        if value is None:
            return
        first, origin = self.said.setdefault(what, (value, by))
        if first != value:
            raise self.source.error(f"{what} {first} as {origin} says", f"{what} {value} in {by}")

    def get(self, what: str) -> Any:
        """The value, or None."""
        return self.said.get(what, (None, ""))[0]


class LimeGauge(Format):
    """What ILDG and SciDAC files have in common; the data are big-endian in both."""

    data_type: str
    """Type name of the record with the matrices."""
    described_by: tuple[str, ...]
    """Type names of the XML records a file of the standard has."""

    def sniff(self, source: Source) -> bool:
        return source.head(4) == MAGIC.to_bytes(4, "big") and bool(self._fields(source)[0])

    def count(self, source: Source, given: Given) -> int | None:
        count = len(self._fields(source)[0])
        return count if count > 1 else None

    def alternatives(self, source: Source, given: Given) -> list[str]:
        records = self._fields(source)[0][0]
        said = Statements(source)
        _read_statements(said, records)
        return [] if said.get("shape") else _likely(records[self.data_type], given.group)

    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        fields, deviations = self._fields(source)
        if len(fields) == 1:
            self.refuse_select(source, given)
            links, known = self._read_field(source, given, fields[0])
            return links, {**known, "deviations": known["deviations"] + deviations}
        wanted = range(len(fields))[given.select or slice(None)]
        if not wanted:
            raise source.error(f"some of the {len(fields)} configurations", f"none in the selection {given.select}")
        parts = [self._read_field(source, given, fields[index]) for index in wanted]
        return _joined(source, parts, wanted, len(fields), deviations)

    def _fields(self, source: Source) -> tuple[list[dict[str, Record]], list[str]]:
        """The records of each field of the file by type, and what deviates in the container."""
        records, deviations = scan(source)
        return _by_field(records, self.data_type), deviations

    def _read_field(self, source: Source, given: Given, records: dict[str, Record]) -> tuple[Tensor, dict[str, Any]]:
        """Links and metadata of one field."""
        said = Statements(source)
        said.add("shape", given.shape, "the user")
        said.add("group", given.group, "the user")
        deviations = _read_statements(said, records)
        deviations += [f"no {kind} record" for kind in self.described_by if kind not in records]
        data = records[self.data_type]
        extents, n, precision = _resolve(said, data)
        raw = source.read(data.offset, data.length, "matrices")
        checksum, marks = _verify_checksum(source, records, raw, data.length // math.prod(extents))
        known = {"precision": precision, "byte_order": "big", "deviations": deviations + marks}
        known["records"] = list(records)
        lfn = records.get("ildg-data-lfn")
        if lfn is not None:
            known["lfn"] = _text(source, lfn)
        links = to_links(np.frombuffer(raw, f">f{precision // 8}"), extents, n)
        return links, known if checksum is None else {**known, "checksum": checksum}

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        shape, n = self.require_single(links)
        precision = one_of("precision", options["precision"] or precision_of(links), (32, 64))
        data = to_sites(links, precision, "big").tobytes()
        sums = scidac_checksum(data, len(data) // (links[0, 0, ..., 0, 0].numel()))
        title = [("scidac-private-file-xml", file_xml(shape)), ("scidac-file-xml", b"gaugeflow\0")]
        field = [
            ("scidac-private-record-xml", record_xml(n, precision)),
            ("scidac-record-xml", f"{options['info']}\0".encode()),
            *self.own_records(shape, n, precision, options),
            (self.data_type, data),
            ("scidac-checksum", checksum_xml(*sums)),
        ]
        with path.open("wb") as file:
            write_messages(file, [title, field])

    def own_records(
        self, shape: tuple[int, ...], n: int, precision: int, options: dict[str, Any]
    ) -> list[tuple[str, bytes]]:
        """What this format has before the data beside the records of both: (type name, content) of each."""
        return []


def _by_field(records: list[Record], data_type: str) -> list[dict[str, Record]]:
    """The records of each field: a type that comes again after the data begins the next one."""
    fields: list[dict[str, Record]] = []
    before: dict[str, Record] = {}
    own: dict[str, Record] = {}
    for record in records:
        if record.type in own and data_type in own:
            fields.append({**before, **own})
            before = {kind: old for kind, old in fields[-1].items() if kind not in (data_type, *OF_ONE_FIELD)}
            own = {}
        own.setdefault(record.type, record)
    return [*fields, {**before, **own}] if data_type in own else fields


def _joined(
    source: Source, parts: list[tuple[Tensor, dict[str, Any]]], wanted: range, count: int, deviations: list[str]
) -> tuple[Tensor, dict[str, Any]]:
    """Several fields as an ensemble of one chain. Raises UserError if they are of different kinds."""
    kinds = {f"{tuple(links.shape[1:])} of {links.dtype}" for links, _ in parts}
    if len(kinds) > 1:
        one_kind = "fields of one shape, group and precision (or --index of one of them)"
        raise source.error(one_kind, " and ".join(sorted(kinds)))
    known = [metadata for _, metadata in parts]
    noted = dict.fromkeys([note for one in known for note in one["deviations"]] + deviations)
    together = {"count": count, "selected": list(wanted), "chain": [0] * len(wanted), "step": list(wanted)}
    checksums = {"checksum": [one.get("checksum") for one in known]} if any("checksum" in one for one in known) else {}
    return torch.cat([links for links, _ in parts]), {**known[0], **together, **checksums, "deviations": list(noted)}


def _text(source: Source, record: Record) -> str:
    if record.length > XML_LIMIT:
        raise source.error(f"at most {XML_LIMIT} bytes in the record {record.type!r}", str(record.length))
    return source.read(record.offset, record.length, record.type).split(b"\0")[0].decode("utf-8", "replace")


def _read_statements(said: Statements, records: dict[str, Record]) -> list[str]:
    """Notes what the XML records say; returns in words where the file departs from the standard."""
    deviations = []
    for kind, read in (
        ("ildg-format", _ildg_format),
        ("scidac-private-file-xml", _scidac_file),
        ("scidac-private-record-xml", _scidac_record),
    ):
        if kind not in records:
            continue
        text = _text(said.source, records[kind])
        if not is_well_formed(text):
            deviations.append(f"{kind} is not well-formed XML")
        deviations += read(said, text, kind)
    return deviations


def _ildg_format(said: Statements, text: str, kind: str) -> list[str]:
    axes = [_integer(said.source, text, name, kind) for name in ("lx", "ly", "lz", "lt")]
    said.add("shape", tuple(axes) if None not in axes else None, kind)
    gauge = tag(text, "field")
    match = re.fullmatch(r"su([1-9]\d?)gauge", gauge or "", re.IGNORECASE)
    if gauge is not None and match is None:
        raise said.source.error(f"a field suNgauge in {kind}", repr(gauge))
    said.add("group", match and f"su{match[1]}", kind)
    said.add("precision", _integer(said.source, text, "precision", kind), kind)
    return [f"the field {gauge} in {kind} with capitals"] if gauge and gauge != gauge.lower() else []


def _scidac_file(said: Statements, text: str, kind: str) -> list[str]:
    dims = tag(text, "dims")
    if dims is not None:
        if not re.fullmatch(r"([1-9]\d{0,8}\s*\b){4}", dims):
            raise said.source.error(f"four extents as dims in {kind}", repr(dims))
        said.add("shape", tuple(map(int, dims.split())), kind)
    if tag(text, "volfmt") not in (None, "0"):
        raise said.source.error(f"a field in one file (volfmt 0) in {kind}", f"volfmt {tag(text, 'volfmt')!r}")
    return []


def _scidac_record(said: Statements, text: str, kind: str) -> list[str]:
    colors = _integer(said.source, text, "colors", kind)
    letter = tag(text, "precision")
    said.add("group", colors and f"su{colors}", kind)
    said.add("precision", {"F": 32, "D": 64}.get(letter, letter) if letter else None, kind)
    said.add("matrices a site", 4, "a gauge field")
    said.add("matrices a site", _integer(said.source, text, "datacount", kind), kind)
    return []


def _integer(source: Source, text: str, name: str, kind: str) -> int | None:
    value = tag(text, name)
    if value is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,8}", value):
        raise source.error(f"a positive whole number as {name} in {kind}", repr(value))
    return int(value)


def _resolve(said: Statements, data: Record) -> tuple[tuple[int, ...], int, int]:
    """Extents, N and precision; what no one said follows from the length of the data.

    It does so without ambiguity: ``N^2 precision`` is known, and no N^2 is twice another.
    """
    shape = said.get("shape")
    allowed = f"it is that of {', or '.join(_likely(data, said.get('group'))) or 'no field of 4D'}"
    by = f"the length of {data.type!r} ({data.length} bytes)"
    if shape is None:
        raise said.source.error(
            "the extents (shape) from the user", f"no record that states them beside {by}; {allowed}"
        )
    fits = [
        (f"su{n}", precision)
        for precision in (32, 64)
        if (n := math.isqrt(8 * data.length // (precision * component_count(shape, 1)))) >= 2
        and component_count(shape, n) * precision == 8 * data.length
    ]
    if len(shape) != 4 or not fits:
        raise said.source.error(f"4 complex N x N matrices a site on {extents_text(shape)}", f"{by}; {allowed}")
    said.add("group", fits[0][0], by)
    said.add("precision", fits[0][1], by)
    return shape, int(said.get("group")[2:]), said.get("precision")


def _likely(data: Record, group: str | None) -> list[str]:
    """Fields of the length of the data, in words."""
    return [f"{text} in {bits} bits" for bits in (64, 32) for text in likely_fields(8 * data.length // bits, group)[:1]]


def _verify_checksum(
    source: Source, records: dict[str, Record], raw: bytes, site_bytes: int
) -> tuple[list[str] | None, list[str]]:
    """[suma, sumb], after comparison, and how they depart from the standard; None where the file has none."""
    if "scidac-checksum" not in records:
        return None, []
    text = _text(source, records["scidac-checksum"])
    stated = [tag(text, "suma"), tag(text, "sumb")]
    found = [f"{value:x}" for value in scidac_checksum(raw, site_bytes)]
    plain = [value and value.lower().removeprefix("0x").lstrip("0") for value in stated]
    if plain != [value.lstrip("0") for value in found]:
        raise source.error(f"the scidac checksum {stated} (suma, sumb) of the file", f"{found} from the data")
    marked = any(value.lower().startswith("0x") for value in stated if value)
    return found, ["the scidac checksum with 0x"] if marked else []
