"""Read, write and convert configurations in any known format."""

import dataclasses
import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group, group_of
from gaugeflow.io.atomic import replacing
from gaugeflow.io.configuration import Configuration
from gaugeflow.io.format import Format
from gaugeflow.io.layout import precision_of
from gaugeflow.io.membership import TOLERANCE, worst_violation
from gaugeflow.io.options import Given, one_of
from gaugeflow.io.registry import format_for_writing, format_of
from gaugeflow.io.source import Source
from gaugeflow.lattice.fields import check_links

__all__ = ["convert", "read", "read_parts", "write"]

ROUNDING = {32: 2.5e-7, 64: 0.0}
"""How far an entry of a unitary matrix or an angle may move when rounded to single precision; in double it may not."""
PART_BYTES = 1 << 23
"""A part of an ensemble: large enough that what is done once for each part does not count."""


def read(
    path: str | os.PathLike[str],
    shape: Sequence[int] | None = None,
    group: str | None = None,
    *,
    select: slice | None = None,
    tolerance: float | None = None,
    layout: str | None = None,
    dataset: str | None = None,
) -> Configuration:
    """Reads a gauge configuration, or an ensemble, in any known format, also under gzip, bzip2 or xz.

    Args:
        path: the file; its format is told from its content, not from its name.
        shape: extents (x, y, z, t), for files that do not state them; otherwise they must agree.
        group: ``su3``, ...; likewise.
        select: which configurations of an ensemble to read, by default all.
        tolerance: how far links may be from the group: the largest ``|U U^dagger - 1|`` and ``|det U - 1|``. By
            default 1e-5 in single and 1e-10 in double precision.
        layout: the axes of an array, for arrays of numpy, torch and HDF5 of other programs, as in ``nmxyztab``; see
            ``gaugeflow.io.arrays.layouts``.
        dataset: which array of a file with several.

    Returns:
        The links and what the file says of them. Where it departs from its standard and was read all the same,
        ``metadata["deviations"]`` says so in words.

    Raises:
        UserError: the file cannot be read, is damaged, contradicts itself or the arguments, or its links are not in
            the group.
    """
    given = _given(shape, group, select, layout, dataset)
    with Source(path) as source:
        return _read(source, format_of(source), given, tolerance)


def read_parts(
    path: str | os.PathLike[str],
    shape: Sequence[int] | None = None,
    group: str | None = None,
    *,
    select: slice | None = None,
    tolerance: float | None = None,
    layout: str | None = None,
    dataset: str | None = None,
    most_bytes: int = PART_BYTES,
) -> Iterator[tuple[Configuration, int]]:
    """Reads an ensemble a part at a time, with the number of all configurations that are wanted beside each part.

    The number is read once: what a run appends in the meantime is not looked at. A file of one configuration is one
    part, and an ensemble that has none yet gives none.

    Args:
        most_bytes: about how large the links of a part may be; at least one configuration is read.

    Raises:
        UserError: as :func:`read` does.
    """
    given = _given(shape, group, select, layout, dataset)
    with Source(path) as source:
        form = format_of(source)
        count = form.count(source, given)
        if count is None:
            whole = _read(source, form, given, tolerance)
            yield from ((part, len(whole.links)) for part in _cut(whole, most_bytes))
            return
        wanted = range(count)[given.select or slice(None)]
        total = len(wanted)
        size = 1  # of a part: the first tells how large a configuration is
        while wanted:
            part = _read(source, form, dataclasses.replace(given, select=_slice(wanted[:size])), tolerance)
            yield part, total
            wanted = wanted[size:]
            size = max(1, most_bytes // max(1, part.links[0].nbytes))


def _cut(whole: Configuration, most_bytes: int) -> Iterator[Configuration]:
    """Parts of what was read at once."""
    size = max(1, most_bytes // whole.links[0].nbytes)
    of_each = [name for name in ("selected", "chain", "step") if name in whole.metadata]
    for start in range(0, len(whole.links), size):
        part = slice(start, start + size)
        metadata = whole.metadata | {name: whole.metadata[name][part] for name in of_each}
        yield dataclasses.replace(whole, links=whole.links[part], metadata=metadata)


def _slice(places: range) -> slice:
    """The slice that selects these places, which are not negative."""
    return slice(places.start, None if places.stop < 0 else places.stop, places.step)


def _given(
    shape: Sequence[int] | None, group: str | None, select: slice | None, layout: str | None, dataset: str | None
) -> Given:
    """What the user says, checked as far as it can be without the file."""
    if not isinstance(select, slice | None):
        raise UserError(f"select: expected a slice of configurations, got {select!r}")
    return Given(_extents(shape), None if group is None else get_group(group).name, select, layout, dataset)


def _read(source: Source, form: Format, given: Given, tolerance: float | None) -> Configuration:
    """Links and metadata, after the links are held against the group."""
    links, metadata = form.read(source, given)
    violation = worst_violation(links.to(torch.complex128 if links.is_complex() else torch.float64))
    limit = TOLERANCE[precision_of(links)] if tolerance is None else tolerance
    if not violation <= limit:
        raise source.error(
            f"links of {group_of(links).name} to {limit}",
            f"a violation of {violation:.3g} ({_likely_cause(source, violation, links, form, given)})",
        )
    if source.packing:
        metadata["packing"] = source.packing
    return Configuration(links, group_of(links).name, form.name, source.path, metadata, violation)


def write(path: str | os.PathLike[str], links: Tensor, format: str | None = None, **metadata: Any) -> None:
    """Writes a field to a file, by way of a temporary one: an old file stays whole until the new one is complete.

    Args:
        path: the file.
        links: ``(batch, D, *shape, N, N)``, or U(1) angles ``(batch, D, *shape)``; only HDF5 takes a batch larger
            than one, U(1), and dimensions other than four.
        format: a name of ``gaugeflow.io.FORMATS``, by default after the extension of the path.
        metadata: options of the format, such as ``precision`` and ``byte_order`` (its docstring lists them).

    Raises:
        UserError: the format cannot hold the field or does not know an option, links are not in their group to the
            precision asked for, or the system refuses to write; then an old file is untouched.
    """
    check_links(links)
    plain = links.detach().resolve_conj().resolve_neg()
    form = format_for_writing(Path(path), format)
    options = _options(form, metadata)
    _require_group(path, plain, options)
    with replacing(Path(path)) as temporary:
        form.write(temporary, plain, options)


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    format: str | None = None,
    *,
    shape: Sequence[int] | None = None,
    group: str | None = None,
    select: slice | None = None,
    layout: str | None = None,
    dataset: str | None = None,
    **metadata: Any,
) -> Configuration:
    """Reads a file, writes it in another format, reads that back and compares. Checksums are verified and written.

    Args:
        source, target: the files; ``shape``, ``group``, ``select``, ``layout``, ``dataset`` as in :func:`read`.
        format: of the target, by default after its extension.
        metadata: options of the target's format. Attributes, chains and steps of an ensemble are carried over to
            another ensemble.

    Returns:
        The configuration as it stands in the target.

    Raises:
        UserError: as :func:`read` and :func:`write` do, or the target does not give back the field.
    """
    original = read(source, shape, group, select=select, layout=layout, dataset=dataset)
    form = format_for_writing(Path(target), format)
    options = _options(form, {**_carried(original, form), **metadata})
    _require_group(target, original.links, options)
    with replacing(Path(target)) as temporary:
        form.write(temporary, original.links, options)
        written = read(temporary, original.shape, original.group)
        if not _same(original.links, written.links, bool(options.get("compressed"))):
            raise UserError(f"{target}: expected the field of {source} back, found another; the disk may be failing")
    return dataclasses.replace(written, path=Path(target))


def _require_group(path: str | os.PathLike[str], links: Tensor, options: dict[str, Any]) -> None:
    bits = one_of("bits of a real number of the links", precision_of(links), (32, 64))
    limit = TOLERANCE[options.get("precision") or bits]
    violation = worst_violation(links)
    if not violation <= limit:
        raise UserError(
            f"{path}: expected links in the group to {limit}, got a violation of {violation:.3g}; "
            "project them to the group, or write single precision"
        )


def _same(original: Tensor, written: Tensor, compressed: bool) -> bool:
    """Whether two fields agree to the rounding of the less precise; a recomputed row as well as the links allow."""
    bits = min(precision_of(original), precision_of(written))
    limit = 4 * TOLERANCE[bits] if compressed else ROUNDING[bits]
    return original.shape == written.shape and bool(((original - written).abs() <= limit).all())


def _carried(original: Configuration, form: Format) -> dict[str, Any]:
    """What is told of an ensemble and the other format can hold too: chains and steps, between files of ours all."""
    known = original.metadata
    attributes = known.get("attributes", {}) if original.format == form.name else {}
    return {**attributes, **{key: known[key] for key in ("chain", "step") if key in known and key in form.options}}


def _options(form: Format, given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in form.options and not form.takes_more:
            near = difflib.get_close_matches(name, form.options, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(form.options)}"
            raise UserError(f"{form.title} files have no option {name!r}; {hint}")
    options = {**form.options, **given}
    one_of("precision", options.get("precision"), (None, 32, 64))
    return options


def _likely_cause(source: Source, violation: float, links: Tensor, form: Format, given: Given) -> str:
    if precision_of(links) == 64 and violation <= TOLERANCE[32]:
        return f"single-precision links stored in double precision? a tolerance of {TOLERANCE[32]} accepts them"
    damage = f"damaged data, or not in the byte order of {form.title} files"
    allowed = form.alternatives(source, given)
    return f"{damage}; or the file is {', or '.join(allowed)}" if allowed else damage


def _extents(shape: Sequence[int] | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    extents = tuple(shape)
    if len(extents) < 2 or not all(isinstance(extent, int) and extent > 0 for extent in extents):
        raise UserError(f"shape: expected two or more positive whole numbers (x, ..., t), got {shape!r}")
    return extents
