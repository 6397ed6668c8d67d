"""Lattices that the length of a file allows are named."""

import math
import re
from pathlib import Path

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN
from gaugeflow.io import read, write
from gaugeflow.lattice.fields import hot_start
from tests.io.outsiders.cases import binary, lime


@pytest.mark.parametrize("form", ["text", "binary", "bare ILDG"])
def test_without_a_shape_the_likeliest_are_named(tmp_path: Path, generator: torch.Generator, form: str) -> None:
    links = hot_start(SUN(3), (2, 2, 2, 4), generator)
    path = tmp_path / "a"
    {
        "text": lambda: write(path, links, "bridge"),
        "binary": lambda: path.write_bytes(binary(links)),
        "bare ILDG": lambda: lime(path, ("ildg-binary-data", binary(links))),
    }[form]()
    with pytest.raises(UserError) as error:
        read(path)
    group, *named = re.findall(r"su\d(?= on \d)|\d+ x \d+ x \d+ x \d+", str(error.value).partition("found")[2])
    assert (group, named[0]) == ("su3", "2 x 2 x 2 x 4")
    assert all(math.prod(map(int, text.split(" x "))) == 32 for text in named[:4])


def test_a_wrong_shape_is_told_the_right_ones(tmp_path: Path, generator: torch.Generator) -> None:
    """Twice the volume in half the precision: the length fits, the numbers do not."""
    links = hot_start(SUN(3), (2, 2, 2, 2), generator)
    path = lime(tmp_path / "a", ("ildg-binary-data", binary(links)))
    with pytest.raises(UserError, match=r"violation of .*su3 on 2 x 2 x 2 x 2, .*in 64 bits"):
        read(path, shape=(2, 2, 2, 4))
    with pytest.raises(UserError, match=r"su3 on 2 x 2 x 2 x 2, .*in 64 bits"):
        read(path, shape=(2, 2, 2, 3))
