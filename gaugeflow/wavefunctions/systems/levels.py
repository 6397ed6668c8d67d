"""Energy levels of the harmonic oscillator."""

__all__ = ["lowest_levels"]


def lowest_levels(dimension: int, count: int) -> list[tuple[int, ...]]:
    """The quantum numbers of the lowest levels of a harmonic oscillator."""
    levels: list[tuple[int, ...]] = []
    shell = 0
    while len(levels) < count:
        levels += sorted(_compositions(shell, dimension), reverse=True)
        shell += 1
    return levels[:count]


def _compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    if parts == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in _compositions(total - first, parts - 1)]
