"""The check of actions: every shipped one is a representation, and mistakes in one's own are found."""

import pytest
import torch

from gaugeflow.symmetry import (
    GROUPS,
    VALUES,
    Group,
    Image,
    NoAction,
    Points,
    SiteScalars,
    Verdict,
    check_action,
    represent,
)
from tests.symmetry.samples import normal
from tests.symmetry.test_every_pair import ACTS, CARRIERS, EXAMPLES, expected

BETWEEN_PIXELS = {"c3", "c6", "c8", "d3", "d6", "d8"}


def pairs():
    """Every group with every value that it moves, beside one from which it draws its elements."""
    for value in EXAMPLES:
        for carrier, groups in CARRIERS.items():
            for group in groups.split():
                plane = value == "cell" and carrier != "points"  # a cell of three dimensions in a plane
                if expected(group, value) == ACTS and not plane and (group, value) != ("hypercubic", "polyakov_loop"):
                    yield group, carrier, value


def example(carrier, value):
    parts = (normal(2, 5, 3),) if (value, carrier) == ("cartesian_tensors", "points") else EXAMPLES[value]
    x = VALUES[value](*parts)
    return x if value == carrier else (VALUES[carrier](*EXAMPLES[carrier]), x)


@pytest.mark.parametrize("value", EXAMPLES)
def test_every_shipped_action_is_one_but_for_turns_between_pixels(value):
    wrong = {}
    for group, carrier, of in pairs():
        if of == value:
            report = check_action(group, example(carrier, value), trials=2)
            between = group in BETWEEN_PIXELS and carrier == "image"
            if report.holds == between:
                wrong[group] = str(report)
    assert wrong == {}


def test_every_group_and_every_value_is_among_them():
    groups, _, values = zip(*pairs(), strict=True)
    assert set(groups) == set(GROUPS)
    assert set(values) == set(EXAMPLES) - {"invariants"}


class Shift(Group):
    """phi -> phi + c."""

    name = "shift-of-a-test"

    def draw(self, x, size, generator):
        return {"c": torch.randn(size, generator=generator, dtype=torch.float64)}

    def inverse(self, g):
        return {"c": -g["c"]}

    def compose(self, g, h):
        return {"c": g["c"] + h["c"]}


def one_each(c):
    return c.reshape(-1, 1, 1)


MISTAKES = {
    "squared": (lambda c, phi: phi + one_each(c) ** 2, "D(g h)", Verdict.BROKEN),
    "off by one": (lambda c, phi: phi + one_each(c) + 1, "D(1)", Verdict.BROKEN),
    "scaled by the modulus": (lambda c, phi: phi * one_each(c.abs().exp()), "D(1/g)", Verdict.BROKEN),
    "the first for all": (lambda c, phi: phi + c[:1, None, None], "entry by entry", Verdict.BROKEN),
    "single precision inside": (lambda c, phi: phi + one_each(c.float() ** 2).to(phi), "D(1/g)", Verdict.BROKEN),
    "another dtype": (lambda c, phi: phi + one_each(c).double(), "D(g h)", Verdict.WRONG_TYPE),
    "another shape": (lambda c, phi: (phi + one_each(c))[:, :, :-1], "D(g h)", Verdict.WRONG_SHAPE),
    "raises": (lambda c, phi: phi + c, "D(g h)", Verdict.RAISED),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_action_of_ones_own_is_found(mistake):
    act, law, verdict = MISTAKES[mistake]
    kind = type(f"Shift{len(mistake)}", (Shift,), {})
    represent(kind, SiteScalars)(lambda g, phi: phi.with_data(act(g["c"], phi.data)))
    report = check_action(kind(), SiteScalars(normal(2, 1, 4)))
    found = [finding.claim for finding in report.findings if finding.verdict is verdict]
    assert any(law in claim for claim in found), report


def test_a_right_one_holds_with_a_note_where_nothing_moves():
    represent(type("Right", (Shift,), {}), SiteScalars)(lambda g, phi: phi)
    kind = type("Moves", (Shift,), {})
    represent(kind, SiteScalars)(lambda g, phi: phi.with_data(phi.data + one_each(g["c"]).to(phi.data.dtype)))
    assert check_action(kind(), SiteScalars(normal(2, 1, 4))).holds
    alone = check_action("gauge", (VALUES["links"](*EXAMPLES["links"]), SiteScalars(normal(2, 1, 4, 4)))).findings[0]
    assert alone.notes == ()
    assert check_action("z2", VALUES["signed_log"](normal(2).sign(), normal(2))).findings[0].notes


def test_what_cannot_be_checked_says_so():
    with pytest.raises(NoAction, match="a lattice has no rotations by any angle"):
        check_action("rotations", Image(normal(2, 1, 4, 4)))
    bare = type("Bare", (Group,), {"draw": lambda self, x, size, generator: {"c": torch.zeros(size)}})
    represent(bare, Points)(lambda g, x: x)
    report = check_action(bare(), Points(normal(2, 3, 3)))
    assert report.verdict is Verdict.RAISED
    assert "must say how its elements are multiplied" in str(report)
