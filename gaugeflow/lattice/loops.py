"""Wilson lines and loops at all sites at once, from paths written as text, as steps, or as their lattice images."""

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import group_of
from gaugeflow.kernels import Path, Profile, get_kernels, is_traced, path_products
from gaugeflow.lattice.fields import lattice_shape
from gaugeflow.lattice.paths import is_closed, parse_path

__all__ = ["factors_of", "loop_traces", "mean_loop_traces", "mean_over_sites", "wilson_lines"]

PathLike = str | Sequence[int]


def wilson_lines(links: Tensor, paths: PathLike | Sequence[PathLike]) -> Tensor:
    """Ordered products of links along paths, from every site.

    Args:
        links: ``(batch, D, *shape, N, N)`` or U(1) angles ``(batch, D, *shape)``.
        paths: one path (``"+x +y"`` or signed integers) or a list of them. Beginnings that several paths share are
            multiplied once, so ask for all paths of one field in one call.

    Returns:
        ``(batch, *shape, N, N)`` for one path, ``(n_paths, batch, *shape, N, N)`` for a list; for U(1) the summed
        angle, not wrapped. Entry x holds the product that starts at x: under a gauge transformation it becomes
        ``W(x) ... W(x + displacement)^dagger``. Differentiable.

    Raises:
        UserError: a path that :func:`~gaugeflow.lattice.paths.parse_path` refuses, or links of a wrong layout.
    """
    chosen, single = _parsed(paths, len(lattice_shape(links)))
    products = path_products(links, chosen)
    return products[0] if single else products


def loop_traces(links: Tensor, loops: PathLike | Sequence[PathLike]) -> Tensor:
    """``(1/N) tr`` of closed loops at every site, complex: ``(batch, *shape)``, or ``(n_loops, batch, *shape)``.

    A loop may also close round the torus (a Polyakov line of the full extent).

    Raises:
        UserError: a path does not come back to where it starts.
    """
    shape = lattice_shape(links)
    chosen, single = _parsed(loops, len(shape))
    for loop in chosen:
        if not is_closed(loop, shape):
            raise UserError(f"loop: expected a closed path on the lattice {shape}, got {loop}")
    traces = group_of(links).trace(path_products(links, chosen))
    return traces[0] if single else traces


def _parsed(paths: PathLike | Sequence[PathLike], ndim: int) -> tuple[list[Path], bool]:
    """The paths, and whether a single one was given."""
    if len(paths) == 0:
        raise UserError("path: expected at least one, got none")
    single = isinstance(paths, str) or isinstance(paths[0], Integral)
    return [parse_path(path, ndim) for path in ([paths] if single else paths)], single  # type: ignore[arg-type]


def mean_loop_traces(
    links: Tensor, loops: Sequence[Path], backend: str = "auto", profile: Profile | None = None
) -> Tensor:
    """Lattice means of ``(1/N) tr`` of closed loops, ``(batch, n_loops)``, complex, summed in double precision.

    In the kernels of :func:`~gaugeflow.kernels.get_kernels` where no gradient is asked for. With a profile each trace
    is multiplied by the factor of its loop.
    """
    if is_traced(links):
        traces = loop_traces(links, loops)
        if profile:
            traces = traces * factors_of(profile, lattice_shape(links), loops).to(links.device)[:, None]
        return torch.stack([mean_over_sites(trace) for trace in traces], -1)
    kernels = get_kernels(links, ((),) * links.shape[1], backend=backend)
    return kernels.loop_traces(kernels.pack(links), loops, profile)


def factors_of(profile: Profile, shape: tuple[int, ...], loops: Sequence[Path]) -> Tensor:
    """The factors of loops, float64 ``(n_loops, *shape)``."""
    return torch.stack([profile(shape, loop) for loop in loops])


def mean_over_sites(field: Tensor) -> Tensor:
    """Lattice mean of a site field ``(batch, *shape)`` to ``(batch,)``, in double precision."""
    return field.flatten(1).mean(1, dtype=torch.complex128 if field.is_complex() else torch.float64)
