"""From a field or a group to the fastest kernels for it."""

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec

import torch
from torch import Tensor
from torch.autograd import forward_ad

from gaugeflow.errors import UserError
from gaugeflow.groups import Group, group_of
from gaugeflow.kernels.interface import LoopKernels
from gaugeflow.kernels.polynomials import LoopPolynomials
from gaugeflow.kernels.tables import Path, Profile, Staples, check_paths
from gaugeflow.kernels.tapes.loops import Recording
from gaugeflow.kernels.torch.backend import TorchKernels
from gaugeflow.kernels.torch.paths import products_from_sites
from gaugeflow.kernels.torch.polynomials import TorchPolynomials

__all__ = [
    "BACKENDS",
    "get_kernels",
    "get_loop_polynomials",
    "is_traced",
    "light_backend",
    "path_products",
    "strength_products",
]

BACKENDS = ("auto", "torch", "numba", "triton")
WORTH_COMPILING = 1 << 20
"""Complex numbers in a link field from which one look at it pays for loading compiled code."""


def get_kernels(
    field: Tensor | Group,
    staples: Staples,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    backend: str = "auto",
    profile: Profile | None = None,
) -> LoopKernels:
    """The kernels of an action on a lattice; asking again for the same gives the same object.

    Args:
        field: links ``(batch, D, *shape, N, N)`` (U(1): angles), which also tell shape, dtype and device; or a group.
        staples: for each axis its ``(path, coefficient)`` pairs, see :class:`LoopKernels`.
        shape: extents, where ``field`` is a group.
        dtype: real dtype, where ``field`` is a group.
        device: where ``field`` is a group.
        backend: ``torch``, ``numba`` (CPU), ``triton`` (CUDA) or ``auto``: numba on the CPU, triton on CUDA where it
            is installed and there is no profile, else torch.
        profile: factors of the loops by where they lie, see :class:`Profile`.

    Raises:
        UserError: an unknown backend, one that does not serve the device, or what :class:`LoopKernels` refuses.
    """
    if isinstance(field, Tensor):
        group = group_of(field)
        shape = field.shape[2 : field.ndim - len(group.element_shape)]
        dtype, device = field.real.dtype, field.device
    else:
        group = field
    if shape is None:
        raise UserError("kernels: expected the extents of the lattice beside the group, got none")
    table = tuple(tuple((tuple(path), c) for path, c in row) for row in staples)
    return _kernels(group, tuple(shape), table, dtype, str(torch.device(device)), backend, profile)


def get_loop_polynomials(
    group: Group,
    shape: Sequence[int],
    recording: Recording,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    backend: str = "auto",
) -> LoopPolynomials:
    """The polynomials in a backend: ``numba`` (CPU), ``torch``, or ``auto``, which is numba on the CPU.

    Raises:
        UserError: another backend.
    """
    compiled = backend in ("auto", "numba") and torch.device(device).type == "cpu"
    if not compiled and backend not in ("auto", "torch"):
        raise UserError(f"loop polynomials: backend {backend!r} does not serve device {device}; expected auto or torch")
    kernels = get_kernels(group, ((),) * len(shape), shape, dtype, device, "numba" if compiled else "torch")
    if compiled:
        from gaugeflow.kernels.numba.polynomials import NumbaPolynomials

        return NumbaPolynomials(kernels, recording)
    return TorchPolynomials(kernels, recording)


def path_products(links: Tensor, paths: Sequence[Path], backend: str = "auto") -> Tensor:
    """Open path products from every site, sub-paths that several paths share computed once.

    ``P(x) = U_{s1}(x) U_{s2}(x + s1) ...`` in the representation of the links: SU(N) matrices, or for U(1) the sum of
    the angles, not wrapped. The empty path gives the unit element. The torch backend is differentiable.

    Args:
        links: ``(batch, D, *shape, N, N)``; U(1): angles ``(batch, D, *shape)``.
        paths: tuples of signed steps.
        backend: ``torch``, ``numba`` (SU(N) on the CPU, not differentiable) or ``auto``: numba for large fields whose
            derivatives nobody follows, else torch.

    Returns:
        ``(n_paths, batch, *shape, N, N)``; U(1): ``(n_paths, batch, *shape)``.

    Raises:
        UserError: a step that does not exist, or a backend that does not serve the links.
    """
    group = group_of(links)
    ndim = links.ndim - 2 - len(group.element_shape)
    chosen = [tuple(path) for path in paths]
    check_paths(chosen, ndim)
    compiled = _compiles(links, group)
    if (backend == "numba" and compiled) or (backend == "auto" and compiled and links.numel() >= WORTH_COMPILING):
        from gaugeflow.kernels.numba.paths import path_products_numba

        return path_products_numba(links, chosen)
    if backend not in ("auto", "torch"):
        raise UserError(f"path products: backend {backend!r} does not serve these links (a device, U(1) or gradients)")
    identity = group.identity((links.shape[0], *links.shape[2 : 2 + ndim]), links.real.dtype, links.device)
    products = [identity] * len(chosen)
    for index, product in products_from_sites(links, chosen, group.mul, group.dagger):
        products[index] = product
    return torch.stack(products)


def strength_products(
    links: Tensor, leaves: Sequence[Sequence[Path]], pairs: Sequence[tuple[int, int]], backend: str = "auto"
) -> Tensor | None:
    """Lattice means of ``tr G_a G_b`` of field strengths, float64 ``(batch, n_pairs)``, in one compiled loop.

    None where that does not serve: U(1), another device or backend, or derivatives that somebody follows.

    Args:
        links: ``(batch, D, *shape, N, N)``.
        leaves: for each ``G = [(C - C^dagger) / 2i]_traceless`` the loops whose mean is C.
        pairs: places in `leaves`.
        backend: ``numba``, ``auto``, or another one, which has no such loop.
    """
    if backend not in ("auto", "numba") or not _compiles(links, group_of(links)):
        return None
    from gaugeflow.kernels.numba.strength import strength_products_numba

    return strength_products_numba(links, leaves, pairs)


def _compiles(links: Tensor, group: Group) -> bool:
    """Whether compiled loops over matrices serve these links."""
    return links.device.type == "cpu" and group.n > 1 and not is_traced(links)


def light_backend(links: Tensor) -> str:
    """The backend for one look at a field: ``torch`` where loading compiled code would take longer, else ``auto``."""
    return "torch" if links.numel() < WORTH_COMPILING else "auto"


def is_traced(links: Tensor) -> bool:
    """Whether a derivative or a transformation of torch.func follows ``links``, a tensor of any shape."""
    if torch._C._functorch.is_functorch_wrapped_tensor(links):
        return True
    return links.requires_grad or forward_ad.unpack_dual(links).tangent is not None


@lru_cache(maxsize=64)
def _kernels(
    group: Group,
    shape: tuple[int, ...],
    staples: Staples,
    dtype: torch.dtype,
    device: str,
    backend: str,
    profile: Profile | None,
) -> LoopKernels:
    if backend == "auto" and profile is not None and device != "cpu":
        backend = "torch"
    return _backend_class(backend, group, torch.device(device))(group, shape, staples, dtype, device, profile)


def _backend_class(backend: str, group: Group, device: torch.device) -> type[LoopKernels]:
    """Imports a backend only when it is asked for: compilers are slow to load, and triton may be absent."""
    if backend in ("auto", "numba") and device.type == "cpu":
        from gaugeflow.kernels.numba.backend import NumbaKernels

        return NumbaKernels
    on_gpu = device.type == "cuda" or os.environ.get("TRITON_INTERPRET") == "1"
    if backend == "triton" and not find_spec("triton"):
        raise UserError("kernels: the backend 'triton' needs the package triton, which is not installed")
    if on_gpu and (backend == "triton" or (backend == "auto" and group.n <= 3 and find_spec("triton"))):
        from gaugeflow.kernels.triton.backend import TritonKernels

        return TritonKernels
    if backend in ("auto", "torch"):
        return TorchKernels
    expected = ", ".join(BACKENDS)
    raise UserError(f"kernels: backend {backend!r} does not serve device {device}; expected one of {expected}")
