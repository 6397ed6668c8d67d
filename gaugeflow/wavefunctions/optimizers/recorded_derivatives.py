"""The derivatives of log|psi| at each sample by one pass forward and one back, whatever the number of parameters."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils import _pytree as pytree

from gaugeflow.errors import UserError
from gaugeflow.wavefunctions.backbones.dense import Dense
from gaugeflow.wavefunctions.optimizers.log_derivatives import log_parts, trained, weighted_gradient
from gaugeflow.wavefunctions.optimizers.sample_derivatives import Layer, Parts, Rows
from gaugeflow.wavefunctions.wavefunction import Wavefunction

__all__ = ["check_recorded", "recorded_derivatives"]

TOLERANCE = 1e-3
"""What single precision may lose of a sum over samples, and more; a use that was not recorded changes far more."""

_UNSOUND = (
    "natural gradient: the parameter {} acts outside the module that owns it, or not sample by sample; expected"
    " `jacobian: explicit` for such a wavefunction"
)


@dataclass
class _Call:
    """One use of a module that has parameters of its own: what went in, what came out, and d log|psi| / d output.

    Of the outputs those that depend on parameters, by their place among all; of a complex one the slope is
    ``d / d real + i d / d imaginary``.
    """

    module: nn.Module
    arguments: tuple[Any, ...]
    outputs: dict[int, Tensor]
    slopes: dict[int, Tensor] = field(default_factory=dict)


@torch.no_grad()
def recorded_derivatives(psi: Wavefunction, x: Tensor, chunk_size: int | None = None) -> Parts:
    """:func:`log_derivatives` as a linear map that stores inputs and slopes of the layers instead of its matrix.

    Every parameter is to be used by the module that owns it, in its `forward`, on tensors whose first axis counts
    samples, or equally many images of each, one sample after another: :func:`check_recorded` says whether that is so.
    A `Dense` or `torch.nn.Linear` costs nothing more; any other module is differentiated sample by sample with respect
    to its own parameters.

    Args:
        chunk_size: walkers at a time; all by default.

    Raises:
        UserError: a wavefunction without parameters to learn, or one that is used in another way.
    """
    trained(psi)  # which says so where there is nothing to learn
    chunks = [_parts(psi, part.detach()) for part in x.split(chunk_size or max(len(x), 1))]
    return Parts([_joined(pieces, len(x)) for pieces in zip(*chunks, strict=True)])


def check_recorded(psi: Wavefunction, x: Tensor, derivatives: Parts) -> None:
    """Raises UserError if a sum over samples is not what one backward pass gives."""
    uneven = torch.linspace(0.5, 1.5, derivatives.samples, dtype=torch.float64, device=x.device)
    found = derivatives.transposed(uneven).split(derivatives.sizes)
    real = derivatives.samples == len(x)
    wanted = weighted_gradient(psi, x, uneven if real else torch.view_as_complex(uneven.unflatten(0, (-1, 2))))
    scale = derivatives.norm()
    for name, own, sound in zip(trained(psi), found, wanted, strict=True):
        if float((own - sound.flatten()).norm()) > TOLERANCE * scale:
            raise UserError(_UNSOUND.format(name))


def _parts(psi: Wavefunction, x: Tensor) -> list[Layer | Rows]:
    """For each learned parameter its derivatives, in the order of `trained`."""
    with torch.enable_grad(), _recording(psi) as calls:
        parts = log_parts(psi(x))
        logs = [log.sum() + 0.0 * parts[0].sum() for log in parts]  # an angle may depend on no parameter
    outputs = [output for call in calls for output in call.outputs.values()]
    found = []
    for log in logs:
        more = log is not logs[-1]
        slopes = torch.autograd.grad(log, outputs, retain_graph=more, allow_unused=True, materialize_grads=True)
        found.append(_of_slopes(psi, calls, slopes, len(x)))
    return [_in_turn(pieces) for pieces in zip(*found, strict=True)]


def _of_slopes(psi: Wavefunction, calls: list[_Call], found: Sequence[Tensor], samples: int) -> list[Layer | Rows]:
    """The derivatives of one real number of each sample, from its slopes at the outputs of all calls."""
    slopes = iter(found)
    layers: dict[nn.Parameter, list[Layer]] = defaultdict(list)
    rows: dict[nn.Parameter, list[Rows]] = defaultdict(list)
    for call in calls:
        call.slopes = {place: next(slopes) for place in call.outputs}
        if isinstance(call.module, Dense | nn.Linear):
            _affine(call, layers, rows, samples)
        else:
            _other(call, rows, samples)
    return [_part(name, p, layers[p], rows[p], samples) for name, p in trained(psi).items()]


def _in_turn(pieces: Sequence[Layer | Rows]) -> Layer | Rows:
    """Those of the real numbers of each sample in turn: of one, as they are."""
    if len(pieces) == 1:
        return pieces[0]
    layers = [piece for piece in pieces if isinstance(piece, Layer)]
    if layers:
        return Layer(*(_turned([getattr(c, name) for c in layers]) for name in ("inputs", "slopes")))
    return Rows(_turned([piece.rows for piece in pieces if isinstance(piece, Rows)]))


def _turned(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts, 1).flatten(0, 1)


def _part(name: str, parameter: nn.Parameter, layers: list[Layer], rows: list[Rows], samples: int) -> Layer | Rows:
    """All uses of one parameter together: the places of a layer one after another, rows added."""
    if any(len(layer.inputs) != samples for layer in layers) or any(len(part.rows) != samples for part in rows):
        raise UserError(_UNSOUND.format(name))
    if layers and not rows:
        return Layer(torch.cat([c.inputs for c in layers], 1), torch.cat([c.slopes for c in layers], 1))
    found = [part.rows for part in rows] + [layer.rows().rows for layer in layers]
    return Rows(torch.stack(found).sum(0) if found else parameter.detach().new_zeros(samples, parameter.numel()))


def _joined(pieces: Sequence[Layer | Rows], samples: int) -> Layer | Rows:
    """The chunks of the samples, one after another, in the form that has the cheaper Gram matrix."""
    layers = [piece for piece in pieces if isinstance(piece, Layer)]
    if layers:
        return Layer(torch.cat([c.inputs for c in layers]), torch.cat([c.slopes for c in layers])).cheapest(samples)
    return Rows(torch.cat([piece.rows for piece in pieces if isinstance(piece, Rows)]))


@contextmanager
def _recording(psi: nn.Module) -> Iterator[list[_Call]]:
    """The list fills with the uses of modules that own learned parameters."""
    calls: list[_Call] = []

    def note(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        leaves = enumerate(pytree.tree_leaves(output))
        outputs = {place: leaf for place, leaf in leaves if isinstance(leaf, Tensor) and leaf.requires_grad}
        calls.append(_Call(module, pytree.tree_map_only(Tensor, Tensor.detach, arguments), outputs))

    owners = [module for module in psi.modules() if _own(module)]
    handles = [module.register_forward_hook(note) for module in owners]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _own(module: nn.Module) -> dict[str, nn.Parameter]:
    return {name: p for name, p in module.named_parameters(recurse=False) if p.requires_grad}


def _affine(
    call: _Call, layers: dict[nn.Parameter, list[Layer]], rows: dict[nn.Parameter, list[Rows]], samples: int
) -> None:
    """A linear layer."""
    own = _own(call.module)
    inputs, slopes = (_places(t, samples) for t in (call.arguments[0], *call.slopes.values()))
    if "weight" in own:
        layers[own["weight"]].append(Layer(inputs, slopes))
    if "bias" in own:
        rows[own["bias"]].append(Rows(slopes.sum(1)))


def _places(t: Tensor, samples: int) -> Tensor:
    """The images of each sample and all axes but the last as one, ``(samples, places, width)``."""
    first = samples if samples and len(t) % samples == 0 else len(t)
    return t.reshape(first, math.prod(t.shape[:-1]) // max(first, 1), t.shape[-1])


def _other(call: _Call, rows: dict[nn.Parameter, list[Rows]], samples: int) -> None:
    """Any module: a product of slopes and outputs, differentiated sample by sample."""
    own = _own(call.module)
    values = {name: p.detach() for name, p in own.items()}

    def weighted(values: dict[str, Tensor], arguments: tuple[Any, ...], slopes: dict[int, Tensor]) -> Tensor:
        alone = pytree.tree_map_only(Tensor, lambda t: t.unsqueeze(0), arguments)
        # with tie_weights a module that stands in two places would be left without its own parameters afterwards
        output = pytree.tree_leaves(functional_call(call.module, values, alone, tie_weights=False))
        return torch.stack([(output[place] * slope.conj()).real.sum() for place, slope in slopes.items()]).sum()

    axes = pytree.tree_map(lambda leaf: 0 if isinstance(leaf, Tensor) else None, call.arguments)
    found = vmap(grad(weighted), (None, axes, 0))(values, call.arguments, call.slopes)
    for name, parameter in own.items():
        images = found[name].reshape(len(found[name]), 1, -1)
        rows[parameter].append(Rows(_places(images, samples).sum(1)))
