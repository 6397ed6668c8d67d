"""From the links of a tensor to the lines of a state."""

# mypy: disable-error-code=no-untyped-def
# (numba infers the types of compiled functions)

from numba import njit

__all__ = ["fill_lines"]


@njit(cache=True, nogil=True)
def fill_lines(sites, halo, width, count, start, stop, numbers, state):
    """Writes the lines of rows, halo and padding too, of a state ``(batch D, rows, count, width)`` flattened.

    ``numbers`` is ``(batch D, volume, count)`` flattened, ``sites`` ``(rows, T)`` the place in the volume of each site.
    """
    rows, extent = sites.shape
    for item in range(start, stop):
        block, row = item // rows, item % rows
        for position in range(width):
            site = block * sites.size + sites[row, (position - halo) % extent]
            for line in range(count):
                state[(item * count + line) * width + position] = numbers[site * count + line]
    return item
