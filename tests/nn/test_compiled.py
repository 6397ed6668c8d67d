"""The compiled sums of large fields against those of torch: values, derivatives, derivatives of derivatives."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gaugeflow.lattice import hot_start
from gaugeflow.nn import GaugeTheory, Layer, LBilin, LConv, LConvBilin
from gaugeflow.nn.sums import compiled, sums

PATHS = ["", "+x", "-y", "+x +x -y"]
LAYERS: dict[str, Callable[..., Layer]] = {
    "convolution": lambda theory, rng: LConv(theory, 2, 3, generator=rng, paths=PATHS),
    "bilinear": lambda theory, rng: LBilin(theory, 2, 3, generator=rng),
    "both": lambda theory, rng: LConvBilin(theory, 2, 3, generator=rng, paths=PATHS),
    "neither adjoints nor unit": lambda theory, rng: LConvBilin(
        theory, 2, 3, generator=rng, paths=PATHS, adjoints=False, unit=False
    ),
}


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(31)


def derivatives(layer: Layer, links: Tensor, w: Tensor) -> list[Tensor]:
    """Values, gradients as one backward pass gives them, and gradients of a function of gradients."""

    def gradients(**options: bool) -> list[Tensor | None]:
        out = layer(links, w)[1]
        loss = out.abs().square().sum() + out.real.sum()
        return list(torch.autograd.grad(loss, [links, w, *layer.parameters()], allow_unused=True, **options))

    first = [x for x in gradients(create_graph=True) if x is not None]
    second = torch.autograd.grad(sum(x.abs().square().sum() for x in first), [w, *layer.parameters()])
    weights = torch.autograd.grad(layer(links.detach(), w.detach())[1].abs().sum(), list(layer.parameters()))
    return [layer(links, w)[1], *[x for x in gradients() if x is not None], *first, *second, *weights]


@pytest.mark.parametrize("chunk", [1, 1 << 14])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("group", "dtype", "tolerance"), [("su2", torch.float64, 1e-13), ("u1", torch.float32, 1e-5)])
def test_compiled_sums_equal_those_of_torch(
    group: str, dtype: torch.dtype, tolerance: float, name: str, chunk: int, rng: torch.Generator, monkeypatch
) -> None:
    """45 sites: neither whole vectors nor whole chunks."""
    theory = GaugeTheory(group, 2, dtype=dtype)
    layer = LAYERS[name](theory, rng)
    torch.nn.init.normal_(layer.weight.free, generator=rng)
    links = hot_start(theory.group, (5, 3), rng, chains=3, dtype=dtype).requires_grad_()
    n = theory.group.n
    w = torch.randn(3, 2, 5, 3, n, n, generator=rng, dtype=dtype.to_complex(), requires_grad=True)
    calls = []
    monkeypatch.setattr(compiled, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(sums, "WORTH_COMPILING", 1 << 60)
    expected = derivatives(layer, links, w)
    monkeypatch.setattr(sums, "WORTH_COMPILING", 0)
    monkeypatch.setattr(compiled, "share", lambda *arguments: calls.append(1) or share(*arguments))
    for got, wanted in zip(derivatives(layer, links, w), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=tolerance, atol=tolerance * float(wanted.detach().abs().max()))
    assert calls  # the compiled way was gone


share = compiled.share


def test_function_transforms_take_the_way_of_torch(rng: torch.Generator, monkeypatch) -> None:
    theory = GaugeTheory("su2", 2)
    layer = LConvBilin(theory, 1, 1, generator=rng)
    links = hot_start(theory.group, (2, 2), rng)
    w = torch.randn(1, 1, 2, 2, 2, 2, generator=rng, dtype=torch.complex128)
    expected = torch.func.grad(lambda w: layer(links, w)[1].abs().square().sum())(w)
    monkeypatch.setattr(sums, "WORTH_COMPILING", 0)
    monkeypatch.delattr(compiled, "CompiledPairs")
    torch.testing.assert_close(torch.func.grad(lambda w: layer(links, w)[1].abs().square().sum())(w), expected)
