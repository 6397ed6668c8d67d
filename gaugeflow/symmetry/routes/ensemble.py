"""Several networks trained apart, as one function with the spread of its members."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gaugeflow.symmetry.actions.groups import Group, group_named
from gaugeflow.symmetry.actions.values import Tree, batch_size, call_raw, device_of, raw_of
from gaugeflow.symmetry.routes.route import joined
from gaugeflow.symmetry.routes.values.reading import precision_of, read, read_call, require_actions, written_like
from gaugeflow.symmetry.routes.values.spread import spread
from gaugeflow.symmetry.routes.values.sums import summed

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """The mean of several functions, each trained apart, on inputs and targets that were augmented.

    Networks trained on all moved inputs are equivariant in the mean over their initial numbers, at any moment of the
    training and also away from the data (arXiv:2403.03103); a mean of M is so up to its spread divided by sqrt(M).
    `measure` says what is left.

    Args:
        networks: the members, functions or modules of the same signature.
        types, group, out: as for `Route`.

    Raises:
        ValueError: no members.
        TypeError: a member that is no function.
        NoAction: the group cannot act on one of the types.
    """

    def __init__(self, networks: Sequence[Callable[..., Any]], types: Any, group: Group | str, *, out: Any) -> None:
        super().__init__()
        if not networks:
            raise ValueError("expected at least one member of an ensemble, got none")
        for network in networks:
            if not callable(network):
                raise TypeError(f"expected functions of tensors as members, got a {type(network).__name__}")
        modules = all(isinstance(network, nn.Module) for network in networks)
        self.networks: Any = nn.ModuleList(networks) if modules else list(networks)  # type: ignore[arg-type]
        self.types, self.group, self.out = types, group_named(group), out
        require_actions(self.group, types, out)

    @property
    def symmetry(self) -> tuple[Group, Any, Any]:
        """(group, types, out), as `check` reads it."""
        return self.group, self.types, self.out

    def cost(self, *args: Any, **kwargs: Any) -> float:
        """Evaluations of a member for each entry of an input `(batch, ...)`."""
        return float(len(self.networks))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The mean over the members, plain tensors as from a member."""
        raw, y, entry, weight, batch = self._evaluated(args, kwargs)
        return written_like(raw, summed(y, entry, weight, batch))

    def with_spread(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The mean, and the standard deviation over the members in the same shape `(batch, ...)`.

        Of a signed log: zero in the place of the sign, and the relative deviation in the place of the log.
        """
        raw, y, entry, weight, batch = self._evaluated(args, kwargs)
        if len(self.networks) < 2:
            raise ValueError("expected two members or more for a spread, got one")
        mean = summed(y, entry, weight, batch)
        return written_like(raw, mean), raw_of(spread(y, mean, entry, torch.ones_like(weight)))

    def _evaluated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Tree, Tensor, Tensor, int]:
        """The last plain output, the typed outputs of all members one behind the other, and how to sum them."""
        x = read_call(self.types, args, kwargs)
        raws = [call_raw(network, raw_of(x)) for network in self.networks]
        y = joined([read(self.out, raw, "output") for raw in raws])
        batch, members = batch_size(x), len(self.networks)
        entry = torch.arange(batch, device=device_of(x)).repeat(members)
        weight = torch.full((len(entry),), 1 / members, dtype=precision_of(x), device=entry.device)
        return raws[-1], y, entry, weight, batch
