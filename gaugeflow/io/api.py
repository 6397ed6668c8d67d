"""Read, write and convert configurations in any known format."""

import os
from collections.abc import Sequence

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import get_group, group_of
from gaugeflow.io.configuration import Configuration
from gaugeflow.io.registry import format_of
from gaugeflow.io.source import Source

__all__ = ["read"]

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
"""How far links may be from the group, by precision: well above rounding after long runs, well below damage."""


def read(
    path: str | os.PathLike[str],
    shape: Sequence[int] | None = None,
    group: str | None = None,
    *,
    select: slice | None = None,
    tolerance: float | None = None,
) -> Configuration:
    """Reads a gauge configuration, or an ensemble, in any known format.

    Args:
        path: the file; its format is told from its content, not from its name.
        shape: extents (x, y, z, t), for files that do not state them; otherwise they must agree.
        group: ``su3``, ...; likewise.
        select: which configurations of an ensemble to read, by default all.
        tolerance: how far links may be from the group: the largest ``|U U^dagger - 1|`` and ``|det U - 1|``. By
            default 1e-5 in single and 1e-10 in double precision.

    Raises:
        UserError: the file cannot be read, is damaged, contradicts itself or the arguments, or its links are not in
            the group.
    """
    name = None if group is None else get_group(group).name
    with Source(path) as source:
        form = format_of(source)
        links, metadata = form.read(source, _extents(shape), name, select)
        violation = _violation(links)
        limit = TOLERANCE[links.real.dtype] if tolerance is None else tolerance
        if not violation <= limit:
            raise source.error(
                f"links of {group_of(links).name} to {limit}",
                f"a violation of {violation:.3g} (damaged data, or not in the byte order of a {form.title} file)",
            )
    return Configuration(links, group_of(links).name, form.name, source.path, metadata)


def _extents(shape: Sequence[int] | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    extents = tuple(shape)
    if len(extents) < 2 or not all(isinstance(extent, int) and extent > 0 for extent in extents):
        raise UserError(f"shape: expected two or more positive whole numbers (x, ..., t), got {shape!r}")
    return extents


def _violation(links: Tensor) -> float:
    return float(group_of(links).violation(links).amax())
