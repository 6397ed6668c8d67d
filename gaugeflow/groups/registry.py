"""From a name or a link tensor to its group."""

from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups.group import Group
from gaugeflow.groups.sun import SUN
from gaugeflow.groups.u1 import U1

__all__ = ["get_group", "group_of"]


def get_group(name: str) -> Group:
    """The group called ``u1``, ``su2``, ``su3``, ... (case, parentheses and hyphens do not matter).

    Raises:
        UserError: the name is none of these.
    """
    key = str(name).lower().translate(str.maketrans("", "", "() -_"))
    if key == "u1":
        return U1()
    if key.startswith("su") and key[2:].isdecimal() and key[2] != "0" and int(key[2:]) >= 2:
        return SUN(int(key[2:]))
    raise UserError(f"group: expected u1 or suN with N >= 2 (su2, su3, ...), got {name!r}")


def group_of(links: Tensor) -> Group:
    """The group of a link field: real angles ``(...)`` are U(1), complex matrices ``(..., N, N)`` are SU(N).

    Raises:
        UserError: the tensor is neither real nor made of square complex matrices with N >= 2.
    """
    if links.is_floating_point():
        return U1()
    if links.is_complex() and links.ndim >= 2 and links.shape[-1] == links.shape[-2] >= 2:
        return SUN(links.shape[-1])
    raise UserError(
        "links: expected real angles (U(1)) or complex matrices (..., N, N) with N >= 2 (SU(N)), "
        f"got {links.dtype} of shape {tuple(links.shape)}"
    )
