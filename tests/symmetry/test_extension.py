"""A user adds a group, a value type and a breaker, each in one small class or function."""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

import gaugeflow.symmetry as symmetry
from gaugeflow.symmetry import Group, Image, Scalars, Value, Verdict, check, represent
from gaugeflow.symmetry.actions.groups import GROUPS
from gaugeflow.symmetry.actions.values import VALUES


class ColourRotations(Group):
    """Cyclic exchange of the three colours of a picture."""

    name = "colours"

    def draw(self, x, size, generator):
        return {"turn": torch.randint(3, (size,), generator=generator)}


@represent(ColourRotations, Image)
def _(g, image):
    turned = [row.roll(int(turn), 0) for row, turn in zip(image.data, g["turn"], strict=True)]
    return image.with_data(torch.stack(turned))


@dataclass(frozen=True, eq=False)
class Quaternions(Value):
    """Unit quaternions `(batch, 4)`; q and -q are the same rotation."""

    def distance(self, other):
        return torch.minimum((self.data - other.data).norm(dim=1), (self.data + other.data).norm(dim=1))[
            :, None
        ].double()

    def magnitude(self):
        return torch.ones(len(self.data), 1, dtype=torch.float64)


@represent(ColourRotations, Quaternions)
def _(g, q):
    flip = 1 - 2 * (g["turn"] % 2)
    return q.with_data(q.data * flip[:, None])


@pytest.fixture
def picture() -> Image:
    return Image(torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


def test_a_new_group_acts_on_an_old_value(picture):
    def grey(t: Tensor) -> Tensor:
        return t.square().mean((1, 2, 3))

    assert check(grey, picture, ColourRotations(), out=Scalars).holds
    assert check(lambda t: t[:, 0].mean((1, 2)), picture, ColourRotations(), out=Scalars).verdict is Verdict.BROKEN
    assert check(grey, picture, ColourRotations() * GROUPS["translations"](), out=Scalars).holds


def test_a_new_value_has_its_own_distance(picture):
    def quaternion(t: Tensor) -> Tensor:
        q = t.square().mean((1, 2))[:, :4]
        return q / q.norm(dim=1, keepdim=True)

    assert VALUES["quaternions"] is Quaternions
    assert check(quaternion, picture, ColourRotations(), out=Quaternions).holds


def test_every_exported_name_can_be_imported():
    for name in symmetry.__all__:
        assert getattr(symmetry, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = symmetry.nothing


def test_the_package_needs_torch_and_the_standard_library_alone():
    known = {"torch", "gaugeflow", "pytest", *sys.stdlib_module_names}
    for path in Path(symmetry.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            else:
                continue
            for name in names:
                assert name.split(".")[0] in known, f"{path.name} imports {name}"
                assert not name.startswith("gaugeflow") or name.startswith("gaugeflow.symmetry"), f"{path.name}: {name}"
