"""Every kernel against the torch reference, and the reference against autograd and gauge covariance."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.groups import SUN, get_group
from gaugeflow.kernels import LoopKernels, get_kernels
from tests.kernels.cases import CASES, Case

BACKENDS = ["numba"]
SINGLE = [case for case in CASES if case.group in ("u1", "su3")]
TOLERANCE = {torch.float64: 1e-14, torch.float32: 1e-5}
EVERY_CASE = [(case, torch.float64) for case in CASES] + [(case, torch.float32) for case in SINGLE]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def close(a: Tensor, b: Tensor, dtype: torch.dtype, scale: float = 1.0) -> bool:
    return a.dtype == b.dtype and bool((a - b).abs().max() <= scale * TOLERANCE[dtype])


@pytest.mark.parametrize(("case", "real"), EVERY_CASE, ids=str)
def test_measurements_agree(case: Case, real: torch.dtype, backend: str, generator: torch.Generator) -> None:
    links, reference, kernels = case.haar(generator, 2, real), case.kernels("torch", real), case.kernels(backend, real)
    expected, state = reference.pack(links), kernels.pack(links)
    assert close(kernels.unpack(state), reference.unpack(expected), real)
    scale = sum(abs(c) for _, c in case.staples[0])
    staples = kernels.unpack_staples(kernels.staples(state))
    assert close(staples, reference.unpack_staples(reference.staples(expected)), real, scale)
    assert close(
        kernels.unpack_momenta(kernels.force(state)), reference.unpack_momenta(reference.force(expected)), real, scale
    )
    winding = (1,) * case.shape[0]
    far = (1,) * 3 + (2,) * 2 + (-1,) * 3 + (-2,) * 2
    loops = [loop for loop, _ in case.loops] + [winding, far, (1, 2, -1, -2), (1, 2, -1, -2) * 2]
    assert close(kernels.loop_traces(state, loops), reference.loop_traces(expected, loops), real)


@pytest.mark.parametrize(("case", "real"), EVERY_CASE, ids=str)
def test_hamiltonian_steps_agree(case: Case, real: torch.dtype, backend: str, generator: torch.Generator) -> None:
    links, momenta = case.haar(generator, 2, real), case.momenta(generator, 2, real)
    results = []
    for kernels in (case.kernels("torch", real), case.kernels(backend, real)):
        state, p = kernels.pack(links), kernels.pack_momenta(momenta)
        assert torch.equal(kernels.unpack_momenta(p), momenta)
        for eps in (0.1, -0.2, 2.0):
            kernels.kick_(p, state, eps)
            kernels.drift_(state, p, eps)
        staples = kernels.unpack_staples(kernels.staples(state))  # sees a halo that was not refreshed
        results.append((kernels.unpack_momenta(p), staples, (p.double() ** 2).flatten(1).sum(1)))
    for mine, reference in zip(*results, strict=True):
        assert close(mine, reference, real, 1e4)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_force_is_the_derivative_of_the_action(case: Case, generator: torch.Generator) -> None:
    kernels = case.kernels("torch")
    state = kernels.pack(case.haar(generator))
    w = torch.zeros_like(kernels.force(state)).requires_grad_()
    step = torch.polar(torch.ones_like(w), w)[..., None] if kernels.n == 1 else case.algebra.exp(w)
    (gradient,) = torch.autograd.grad(case.action(kernels, step @ state).sum(), w)
    assert torch.allclose(kernels.force(state), gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", [CASES[1], CASES[2], CASES[4]], ids=str)
@pytest.mark.parametrize("backend", ["torch", *BACKENDS])
def test_staples_are_gauge_covariant(case: Case, backend: str, generator: torch.Generator) -> None:
    """``A_mu(x) -> W(x + mu) A_mu(x) W(x)^dagger``, and the force turns with ``W(x)``: its length stays."""
    kernels, group = case.kernels(backend), case.algebra
    links, w = case.haar(generator), group.haar((2, *case.shape), generator)
    ahead = torch.stack([w.roll(-1, mu + 1) for mu in range(case.ndim)], 1)
    here = w[:, None].expand_as(links)
    turned = group.mul(group.mul(here, links), group.dagger(ahead))
    before, after = (kernels.unpack_staples(kernels.staples(kernels.pack(u))) for u in (links, turned))
    if kernels.n == 1:
        expected = before * torch.polar(torch.ones_like(ahead), ahead - here)
    else:
        expected = ahead @ before @ here.mH
    assert torch.allclose(after, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("case", "real"), EVERY_CASE, ids=str)
@pytest.mark.parametrize("eps", [0.1, 3.0, 300.0])
def test_drift_reverses_and_stays_in_the_group(
    case: Case, real: torch.dtype, backend: str, eps: float, generator: torch.Generator
) -> None:
    kernels, momenta = case.kernels(backend, real), case.momenta(generator, 2, real)
    state, p = kernels.pack(case.haar(generator, 2, real)), kernels.pack_momenta(momenta)
    moved = kernels.drift_(state.clone(), p, eps)
    rounding = max(1.0, eps) * TOLERANCE[real]  # the angle eps p itself is known to this only
    assert case.algebra.violation(kernels.unpack(moved)).max() < 10 * rounding
    assert (moved - state).abs().max() > 0.1
    assert close(kernels.drift_(moved, p, -eps), state, real)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_drift_is_the_exponential(case: Case, backend: str, generator: torch.Generator) -> None:
    kernels, momenta = case.kernels(backend), case.momenta(generator)
    links, group = case.haar(generator), case.algebra
    moved = kernels.unpack(kernels.drift_(kernels.pack(links), kernels.pack_momenta(momenta), 1.3))
    difference = group.mul(moved, group.dagger(group.mul(group.exp(1.3 * momenta), links)))
    assert (group.trace(difference) - 1).abs().max() < 1e-13


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("backend", ["torch", *BACKENDS])
def test_reunitarize_repairs_rounding(case: Case, backend: str, generator: torch.Generator) -> None:
    kernels = case.kernels(backend)
    links = case.haar(generator)
    state = kernels.pack(links)
    state += 1e-4 * state.roll(1, 2)  # adds to each link a multiple of another one
    kernels.reunitarize_(state)
    assert case.algebra.violation(kernels.unpack(state)).max() < 1e-14
    moved = case.algebra.mul(kernels.unpack(state), case.algebra.dagger(links))
    assert (case.algebra.trace(moved) - 1).abs().max() < 1e-3


def test_results_do_not_depend_on_threads(backend: str, generator: torch.Generator) -> None:
    """Neither on their number, nor on calls from several Python threads at once."""
    case = Case("su3", (4, 4, 4, 9))
    kernels = case.kernels(backend)
    links, threads = case.smooth(generator), torch.get_num_threads()

    def run(_: int) -> Tensor:
        state = kernels.heatbath_(kernels.pack(links), 1)
        return kernels.kick_(kernels.pack_momenta(case.momenta(torch.Generator().manual_seed(3))), state, 0.1)

    try:
        torch.set_num_threads(1)
        alone = run(0)
        torch.set_num_threads(3)
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(run, range(4)))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(alone, other) for other in together)


def test_large_n_takes_the_looped_products(backend: str, generator: torch.Generator) -> None:
    case = Case("su5", (3, 5))
    links, momenta = case.haar(generator), case.momenta(generator)
    results = []
    for kernels in (case.kernels("torch"), case.kernels(backend)):
        state, p = kernels.pack(links), kernels.pack_momenta(momenta)
        kernels.kick_(p, state, 0.1)
        kernels.drift_(state, p, 1.5)
        results.append(kernels.unpack(kernels.reunitarize_(state)))
    assert close(*results, torch.float64, 10.0)


def broken(**changes: object) -> dict:
    case = CASES[0]
    good = {"field": case.algebra, "staples": case.staples, "shape": case.shape, "backend": "torch"}
    return good | changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (broken(staples=(((((2, -1), 1.0),)),)), "one row for each of the 2 axes"),
        (broken(staples=((((2, -1, 2), 1.0),), ())), "from x \\+ 0 to x"),
        (broken(staples=((((5, -1, -5), 1.0),), ())), "expected steps"),
        (broken(shape=(4,)), "two or more extents"),
        (broken(shape=None), "extents of the lattice"),
        (broken(backend="fortran"), "does not serve device"),
        (broken(dtype=torch.float16), "float32 or float64"),
    ],
)
def test_mistakes_are_explained(arguments: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        get_kernels(**arguments)


def test_links_of_another_lattice_are_refused(generator: torch.Generator) -> None:
    for kernels in (CASES[3].kernels("torch"), CASES[3].kernels("numba")):
        with pytest.raises(UserError, match=r"expected torch.complex128 \(batch, 4, 2, 3, 4, 9, 3, 3\)"):
            kernels.pack(CASES[4].haar(generator))


def test_packed_fields_of_other_kernels_are_refused(backend: str, generator: torch.Generator) -> None:
    """Compiled code would read and write past their end."""
    case, other = CASES[4], CASES[3]
    kernels = case.kernels(backend)
    state, p = kernels.pack(case.haar(generator)), kernels.pack_momenta(case.momenta(generator))
    foreign = other.kernels(backend).pack(other.haar(generator))
    calls = [
        lambda: kernels.staples(foreign),
        lambda: kernels.kick_(p[:1], state, 0.1),
        lambda: kernels.drift_(state.float(), p, 0.1),
        lambda: kernels.heatbath_(foreign, 1),
        lambda: kernels.loop_traces(foreign, [(1, 2, -1, -2)]),
    ]
    for call in calls:
        with pytest.raises(UserError, match="of these kernels"):
            call()
    with pytest.raises(UserError, match="momenta: expected"):
        kernels.pack_momenta(other.momenta(generator))


@pytest.mark.parametrize("loop", [(), (1, 2), (1,) * 4])
def test_open_loops_are_refused(loop: tuple[int, ...], backend: str, generator: torch.Generator) -> None:
    for name in ("torch", backend):
        kernels = CASES[0].kernels(name)
        with pytest.raises(UserError, match="closes on the lattice"):
            kernels.loop_traces(kernels.pack(CASES[0].haar(generator)), [loop])


def test_kernels_of_a_field_are_made_once(generator: torch.Generator) -> None:
    case = CASES[4]
    first, second = (get_kernels(case.haar(generator), case.staples) for _ in range(2))
    assert first is second
    assert isinstance(first, LoopKernels)
    assert (first.backend, first.shape, first.group) == ("numba", case.shape, SUN(3))
    assert get_kernels(get_group("su3"), case.staples, case.shape) is first
