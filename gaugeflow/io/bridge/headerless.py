"""Fields without a header: N and the extents follow from the count of numbers and from what the user says."""

import math

from gaugeflow.io.layout import component_count
from gaugeflow.io.options import Given
from gaugeflow.io.shapes import extents_text, likely_fields
from gaugeflow.io.source import Source

__all__ = ["lattice_of"]


def lattice_of(source: Source, count: int, given: Given) -> tuple[tuple[int, ...], int]:
    """Extents and N of so many real numbers.

    With the shape given, N follows from the count; without it, the field is SU(3), or of the group given, on a lattice
    of four equal extents.

    Raises:
        UserError: the count fits to no such field. The message names those to which it does.
    """
    n = int(given.group[2:]) if given.group and given.group.startswith("su") else 3
    shape: tuple[int, ...]
    if given.shape is None:
        extent = round((count / (8 * n * n)) ** 0.25)
        fits, shape = 8 * n * n * extent**4 == count, (extent,) * 4
        expected = f"the numbers of an su{n} field on L x L x L x L, as no shape is given"
    else:
        shape = given.shape
        n = math.isqrt(count // component_count(shape, 1))
        fits = len(shape) == 4 and n >= 2 and component_count(shape, n) == count
        expected = f"4 links of 2 N^2 numbers a site on {extents_text(shape)}"
    if not fits:
        allowed = likely_fields(count, given.group) or ["no field of 4D"]
        raise source.error(expected, f"{count} numbers, as of {', or '.join(allowed)}")
    return shape, n
