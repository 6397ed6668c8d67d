"""What a route cannot do is said in one message, with what can."""

from functools import partial

import pytest
import torch

from gaugeflow.symmetry import (
    Angles,
    Cyclic,
    Electrons,
    Euclidean,
    Image,
    InfiniteGroup,
    Links,
    NoAction,
    Points,
    Scalars,
    SignedLog,
    SiteMatrices,
    SiteVectors,
    measure,
    routes,
)
from tests.symmetry.routes.test_harness import POINTS, SU2, U1, VECTORS, number, psi, vectors
from tests.symmetry.samples import normal

PICTURE = normal(2, 1, 4, 4)
R = POINTS.data


def average(f=number, types=Image, group="d4", x=PICTURE, out=Scalars, **options):
    return routes.Average(f, types, group, out=out, **options)(x)


MESSAGES = {
    "an infinite group for an average": (
        InfiniteGroup,
        "gauge is infinite; expected samples=, or routes.Canonical where it exists",
        lambda: average(types=Links, group="charge * gauge", x=SU2.data),
    ),
    "an infinite group for a frame": (
        InfiniteGroup,
        "gauge is infinite; routes.Canonical has forms for gauge groups, motions and orders",
        lambda: routes.Frame(number, Links, "gauge", out=Scalars)(SU2.data),
    ),
    "no canonical form": (
        InfiniteGroup,
        r"centre is infinite; centre has no canonical form, expected Average\(samples=\)",
        lambda: routes.Canonical(number, Links, "centre", out=Scalars)(U1.data),
    ),
    "no canonical form without links": (
        ValueError,
        r"needs links, along which sites are compared; without them routes.Average\(samples=...\) is left",
        lambda: routes.Canonical(number, SiteMatrices, "gauge", out=Scalars)(SU2.data[:, :1]),
    ),
    "charged vectors out of nothing": (
        ValueError,
        "expected site_vectors in the input where they are the output: .* zero is the only vector that gauge allows",
        lambda: routes.Canonical(number, Links, "gauge", out=SiteVectors),
    ),
    "a product without an order": (
        ValueError,
        r"expected lattice groups around the gauge group or motions around permutations, got E\(d\) \* z2",
        lambda: routes.Canonical(number, Points, "euclidean * z2", out=Scalars),
    ),
    "electrons in the continuum": (
        ValueError,
        "of electrons have no canonical form .* the kinetic energy of the jump would be lost",
        lambda: routes.Canonical(psi, partial(Electrons, n_up=2), "spin-fermions", out=SignedLog),
    ),
    "fermions in the continuum": (
        ValueError,
        "expected integer coordinates for the order of fermions, which stand on a lattice",
        lambda: routes.Canonical(psi, Points, "fermions", out=SignedLog)(R),
    ),
    "too many equal particles": (
        InfiniteGroup,
        "expected at most 7 particles that cannot be told apart, got 8",
        lambda: routes.Canonical(number, Points, "permutations", out=Scalars)(torch.zeros(1, 8, 3)),
    ),
    "too few points for a frame": (
        ValueError,
        "expected at least 2 points for frames in 3 dimensions, got 1",
        lambda: routes.Frame(number, Points, "rotations", out=Scalars)(R[:, :1]),
    ),
    "no action on the input": (
        NoAction,
        "the group 'gauge' has no action on value: it acts on|the group 'euclidean' has no action on links",
        lambda: routes.Average(number, Links, "rotations", out=Scalars),
    ),
    "no action on the output": (
        NoAction,
        "the group 'dihedral' has no action on points: particles do not stand at the pixels of a picture",
        lambda: routes.Average(number, Image, "d4", out=(Scalars, Points)),
    ),
    "another shape for a moved input": (
        ValueError,
        r"expected one shape for all moved inputs, got entries of shape \[\(4,\)\] for some and \[\(3,\)\] for others",
        lambda: average(
            lambda p: p[:, 0, :, 0] if p[0, 0, 0, 0] == PICTURE[0, 0, 0, 0] else p[:, 0, :3, 0], chunk_size=1
        ),
    ),
    "another batch": (
        ValueError,
        r"output: expected 16 entries along the first axis, one for each moved input, got shape \(1,\)",
        lambda: average(lambda p: p.sum().reshape(1)),
    ),
    "an output on which elements cannot act": (
        ValueError,
        r"output: dihedral\(4\) cannot act on an output of shape \[\(16, 1, 2, 3\)\]",
        lambda: average(lambda p: p[:, :, :2, :3], out=Image),
    ),
    "an output of another type": (
        ValueError,
        "output: expected a tensor, got a str",
        lambda: average(lambda p: "no number"),
    ),
    "an input of another shape": (
        ValueError,
        r"input: image: expected \(batch, channels, height, width\), got \(2, 4\)",
        lambda: average(x=normal(2, 4)),
    ),
    "half precision": (
        TypeError,
        "routes move their inputs in float32 or float64, got torch.float16",
        lambda: average(x=PICTURE.half()),
    ),
    "half precision of a measurement": (
        TypeError,
        "routes move their inputs in float32 or float64, got torch.bfloat16",
        lambda: measure(number, Image(PICTURE.bfloat16()), "d4", out=Scalars),
    ),
    "half precision of an augmentation": (
        TypeError,
        "float32 or float64, got torch.float16",
        lambda: routes.augment(Image(PICTURE.half()), "d4", torch.Generator()),
    ),
    "integers": (
        TypeError,
        "expected real or complex numbers to average, got scalars of torch.int64",
        lambda: average(lambda p: (p.sum((1, 2, 3)) > 0).long()),
    ),
    "angles under a character": (
        TypeError,
        "expected numbers that a character can multiply, got angles",
        lambda: average(number, out=Angles, character="parity"),
    ),
    "motions without a uniform distribution": (
        ValueError,
        r"E\(d\) has no average: .* expected routes.Frame or routes.Canonical, or Euclidean\(translations=False\)",
        lambda: routes.Average(vectors, Points, Euclidean(), out=VECTORS, samples=8),
    ),
    "an unknown character": (
        ValueError,
        "expected a character among parity, charge, z2 or a product of them, got 'odd'",
        lambda: average(character="odd"),
    ),
    "a character of another group": (
        ValueError,
        "expected a character of the group, got 'charge': no element changes its sign",
        lambda: average(character="parity * charge"),
    ),
    "numbers that are no character": (
        ValueError,
        "expected 8 numbers of modulus one from the character",
        lambda: average(character=lambda g: torch.arange(len(g))),
    ),
    "an ignored output": (
        ValueError,
        'expected a type for every input and output of a route, got "ignore"',
        lambda: routes.Average(number, Image, "d4", out="ignore"),
    ),
    "a score of another shape": (
        ValueError,
        "expected 16 numbers from the score",
        lambda: routes.Canonical(number, Image, "d4", out=Scalars, score=lambda p: p)(PICTURE),
    ),
    "one sample": (ValueError, "expected 2 samples or more, got 1", lambda: average(samples=1)),
    "an empty chunk": (ValueError, "expected a chunk_size of 1 or more, got 0", lambda: average(chunk_size=0)),
    "points on a line": (
        ValueError,
        "no element can be chosen for entry 1: its scores are no numbers",
        lambda: routes.Frame(number, Points, "euclidean", out=Scalars)(torch.stack([R[0], torch.zeros(4, 3).double()])),
    ),
    "NaN in the input": (
        ValueError,
        "no element can be chosen for entry 0: its scores are no numbers, as of NaN in the input",
        lambda: routes.Canonical(number, Image, "d4", out=Scalars)(PICTURE * float("nan")),
    ),
    "no width": (
        ValueError,
        "expected a positive width, got 0",
        lambda: routes.Frame(number, Image, "d4", out=Scalars, width=0.0),
    ),
    "no function": (TypeError, "expected a function of tensors, got a str", lambda: average("net")),
    "an argument that the function would not get": (
        ValueError,
        r"input: expected none by name, got \['beta'\]; f is given what `types` names",
        lambda: routes.Average(number, Image, "d4", out=Scalars)(PICTURE, beta=1.0),
    ),
    "an argument without its name": (
        ValueError,
        r"input: expected keyword arguments \['p'\], got positional ones",
        lambda: routes.Average(number, {"p": Image}, "d4", out=Scalars)(PICTURE),
    ),
    "a value instead of a tensor": (
        ValueError,
        "input: expected plain tensors, as for the function itself, got Image",
        lambda: average(x=Image(PICTURE)),
    ),
    "an array instead of a tensor": (
        ValueError,
        "input: expected a tensor, got a numpy ndarray, of which torch.from_numpy makes a tensor",
        lambda: average(x=PICTURE.numpy()),
    ),
    "an empty batch": (
        ValueError,
        "expected at least one entry in the batch, got none",
        lambda: average(x=PICTURE[:0]),
    ),
    "a measurement of one sample": (
        ValueError,
        "expected 2 samples or more, got 0",
        lambda: measure(number, Image(PICTURE), "d4", out=Scalars, samples=0),
    ),
    "half a sample": (ValueError, "expected 2 samples or more, got 2.5", lambda: average(samples=2.5)),
    "a member that is no function": (
        TypeError,
        "expected functions of tensors as members, got a int",
        lambda: routes.Ensemble([number, 3], Image, "d4", out=Scalars),
    ),
    "no members": (
        ValueError,
        "expected at least one member of an ensemble, got none",
        lambda: routes.Ensemble([], Image, "d4", out=Scalars),
    ),
    "the error of an exact average": (
        ValueError,
        "expected an average with samples=: one over all elements has no error",
        lambda: routes.Average(number, Image, "d4", out=Scalars).with_error(PICTURE),
    ),
    "the spread of one": (
        ValueError,
        "expected two members or more for a spread, got one",
        lambda: routes.Ensemble([number], Image, "d4", out=Scalars).with_spread(PICTURE),
    ),
    "spins that differ": (
        ValueError,
        "expected the same spins in all entries of an average within species",
        lambda: routes.Average(psi, Electrons, "spin-fermions", out=SignedLog, samples=4)(R, R[..., 0].sign()),
    ),
    "a function that cannot be measured": (
        ValueError,
        "the function cannot be measured: .*KeyError",
        lambda: measure(lambda p: {}["x"], Image(PICTURE), "d4", out=Scalars),
    ),
    "an unknown group": (ValueError, "expected one of the groups .* got 'gouge'", lambda: average(group="gouge")),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message(case):
    error, text, act = MESSAGES[case]
    with pytest.raises(error, match=text):
        act()


def test_an_approximate_group_is_measured_where_the_check_refuses():
    """Turns by 45 degrees interpolate: their average is not exact, and its error is what the interpolation leaves."""
    place = torch.linspace(-1.5, 1.5, 12, dtype=torch.float64)
    blob = torch.exp(-3 * (place[:, None] - 0.3).square() - 2 * place.square()).expand(2, 1, -1, -1)

    def f(p):
        return (p * (1 + place[:, None] + place.square())).sum((1, 2, 3))

    plain, turned = (
        measure(g, Image(blob), "c8", out=Scalars) for g in (f, routes.Average(f, Image, Cyclic(8), out=Scalars))
    )
    assert 1e-6 < turned.error < 0.2 * plain.error
    assert plain.weights is None or sum(plain.weights) == pytest.approx(1)
