"""The triton kernels against the torch reference: on a GPU, or on the CPU with TRITON_INTERPRET=1."""

import os

import pytest
import torch

from gaugeflow.errors import UserError
from gaugeflow.kernels import LoopKernels, get_kernels
from tests.kernels.cases import Case

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
CASES = [Case("u1", (3, 4), c1=-1 / 12), Case("su2", (3, 2, 3)), Case("su3", (3, 2))]
TOLERANCE = {torch.float64: 1e-11, torch.float32: 2e-3}  # updates amplify rounding where staples nearly cancel


@pytest.fixture(autouse=True)
def _gpu() -> None:
    pytest.importorskip("triton", reason="the triton backend needs the package triton")
    if not (INTERPRETED or torch.cuda.is_available()):
        pytest.skip("the triton backend needs a GPU, or TRITON_INTERPRET=1 for its interpreter")


def pair(case: Case, real: torch.dtype) -> tuple[LoopKernels, LoopKernels]:
    return tuple(  # type: ignore[return-value]
        get_kernels(case.algebra, case.staples, case.shape, real, DEVICE, name) for name in ("torch", "triton")
    )


@pytest.mark.parametrize("real", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_method_agrees(case: Case, real: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    links = case.smooth(generator, 2, real).to(DEVICE)
    momenta = case.momenta(generator, 2, real).to(DEVICE)
    results = []
    for kernels in pair(case, real):
        state, p = kernels.pack(links), kernels.pack_momenta(momenta)
        found = [kernels.unpack_staples(kernels.staples(state)), kernels.unpack_momenta(kernels.force(state))]
        for eps in (0.1, -0.2):
            kernels.kick_(p, state, eps)
            kernels.drift_(state, p, eps)
            found += [kernels.unpack_staples(kernels.staples(state)), kernels.unpack_momenta(p)]
        found.append(kernels.unpack(kernels.heatbath_(kernels.pack(links), 2**63 + 1)))
        found.append(kernels.unpack(kernels.overrelax_(kernels.pack(links))))
        found.append(kernels.unpack(kernels.reunitarize_(state)))
        found.append(kernels.loop_traces(state, [(1, 2, -1, -2)]))
        results.append(found)
    for reference, mine in zip(*results, strict=True):
        assert mine.dtype == reference.dtype
        assert (mine - reference).abs().max() < TOLERANCE[real]


def test_drift_is_undone() -> None:
    case = CASES[2]
    kernels = pair(case, torch.float64)[1]
    generator = torch.Generator().manual_seed(2)
    state = kernels.pack(case.haar(generator).to(DEVICE))
    p = kernels.pack_momenta(case.momenta(generator).to(DEVICE))
    moved = kernels.drift_(kernels.drift_(state.clone(), p, 3.0), p, -3.0)
    assert (moved - state).abs().max() < 1e-14


def test_large_groups_are_refused() -> None:
    case = Case("su4", (3, 4))
    with pytest.raises(UserError, match="expected N <= 3"):
        get_kernels(case.algebra, case.staples, case.shape, device=DEVICE, backend="triton")
