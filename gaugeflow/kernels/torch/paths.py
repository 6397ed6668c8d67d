"""Path products in torch: differentiable, any N, any number of axes."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from gaugeflow.kernels.tables import Path, PathNode, path_tree

__all__ = ["products_from_sites"]


def products_from_sites(
    links: Tensor,
    paths: Sequence[Path],
    multiply: Callable[[Tensor, Tensor], Tensor],
    dagger: Callable[[Tensor], Tensor],
) -> Iterator[tuple[int, Tensor]]:
    """The ordered product along each path from every site, paths with a common end sharing its product.

    Built from the last step to the first, ``P(x) = U_mu(x) P'(x + mu)`` or ``P(x) = U_mu(x - mu)^dagger P'(x - mu)``:
    one multiplication and one shift by one site for each step.

    Args:
        links: ``(batch, D, *shape, ...)``, the trailing axes being those of a group element.
        paths: sequences of steps; empty ones are passed over.
        multiply: the product of the group.
        dagger: the inverse of the group.

    Yields:
        index of a path and its product ``(batch, *shape, ...)``, in the order of the tree.
    """
    forward = links.unbind(1)
    backward = dagger(links).resolve_conj().unbind(1)

    def walk(node: PathNode, suffix: Tensor | None) -> Iterator[tuple[int, Tensor]]:
        for step, child in node.children.items():
            axis = abs(step) - 1
            if step > 0:
                u = forward[axis]
                product = u if suffix is None else multiply(u, suffix.roll(-1, axis + 1))
            else:
                u = backward[axis]
                product = (u if suffix is None else multiply(u, suffix)).roll(1, axis + 1)
            yield from ((index, product) for index in child.ends)
            yield from walk(child, product)

    yield from walk(path_tree([path[::-1] for path in paths]), None)
