"""Open path products: against walking each path link by link, their gradient, and both backends."""

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.kernels import path_products
from gaugeflow.kernels.tables import path_tree
from tests.kernels.cases import Case

PATHS = [(1,), (-2,), (), (1, 2), (1, 2, -1, -2), (1, 2, -1, -2), (1, 2, 2), (2, 2, 2, 2, 2, 2, 2), (-1, -1, 2, -1)]


def walk(case: Case, links: Tensor, path: tuple[int, ...], site: list[int]) -> Tensor:
    """The product along one path from one site, chain 0, one link at a time."""
    group = case.algebra
    product = group.identity(())
    for step in path:
        axis = abs(step) - 1
        if step < 0:
            site[axis] = (site[axis] - 1) % case.shape[axis]
        link = links[(0, axis, *site)]
        product = group.mul(product, link if step > 0 else group.dagger(link))
        if step > 0:
            site[axis] = (site[axis] + 1) % case.shape[axis]
    return product


@pytest.mark.parametrize("case", [Case("u1", (3, 5)), Case("su2", (3, 2, 5)), Case("su3", (4, 5))], ids=str)
def test_products_are_those_of_a_walk(case: Case, generator: torch.Generator) -> None:
    links = case.haar(generator)
    products = path_products(links, PATHS)
    assert products.shape == (len(PATHS), 2, *case.shape, *case.algebra.element_shape)
    for site in ([0] * case.ndim, [extent - 1 for extent in case.shape]):
        for path, product in zip(PATHS, products, strict=True):
            assert torch.allclose(product[(0, *site)], walk(case, links, path, list(site)), rtol=0, atol=1e-13)


@pytest.mark.parametrize("real", [torch.float64, torch.float32], ids=str)
def test_compiled_products_agree(real: torch.dtype, generator: torch.Generator) -> None:
    links = Case("su3", (3, 4, 9)).haar(generator, 2, real)
    compiled, reference = (path_products(links, PATHS, backend=name) for name in ("numba", "torch"))
    assert compiled.dtype == reference.dtype
    assert torch.allclose(compiled, reference, rtol=0, atol=1e-14 if real == torch.float64 else 1e-6)


def test_products_are_differentiable(generator: torch.Generator) -> None:
    links = Case("su2", (2, 3)).haar(generator, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda u: path_products(u, [(1, 2), (1, 2, -1), (-2,)]), links)
    with pytest.raises(UserError, match="gradients"):
        path_products(links, PATHS, backend="numba")


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # in torch's own forward mode
def test_products_follow_forward_derivatives(generator: torch.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Automatic choice never hands a field to compiled code that torch.func differentiates."""
    monkeypatch.setattr("gaugeflow.kernels.select.WORTH_COMPILING", 0)
    links = Case("su2", (2, 5)).haar(generator, 1)
    tangent = torch.randn(links.shape, generator=generator, dtype=links.dtype)
    _, derivative = torch.func.jvp(lambda u: path_products(u, [(1, 2)]), (links,), (tangent,))
    expected = tangent[:, 0] @ links[:, 1].roll(-1, 1) + links[:, 0] @ tangent[:, 1].roll(-1, 1)
    assert torch.allclose(derivative[0], expected)


def test_shared_beginnings_are_one_node() -> None:
    def count(node: object) -> int:
        return sum(1 + count(child) for child in node.children.values())  # type: ignore[attr-defined]

    assert count(path_tree([(1, 2, 3), (1, 2, -3), (1, 2), (1, 2, 3)])) == 4


def test_steps_outside_the_lattice_are_refused(generator: torch.Generator) -> None:
    with pytest.raises(UserError, match=r"expected steps \+-1 ... \+-2"):
        path_products(Case("su2", (2, 3)).haar(generator), [(1, 3)])
