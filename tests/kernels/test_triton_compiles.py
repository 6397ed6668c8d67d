"""The triton kernels compile where there is no GPU: triton's interpreter takes programs that its compiler refuses."""

import os
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.kernels.cases import Case

HOPPER = ("cuda", 90, 32)
"""Vendor, compute capability and threads of a warp."""


class NoDriver:
    """What triton asks a driver before it compiles."""

    def get_current_target(self) -> Any:
        from triton.backends.compiler import GPUTarget

        return GPUTarget(*HOPPER)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the kernels that were compiled where they would have been launched."""
    triton: ModuleType = pytest.importorskip("triton", reason="the triton backend needs the package triton")
    if os.environ.get("TRITON_INTERPRET") == "1":
        pytest.skip("interpreted kernels are not compiled")
    from triton.runtime.driver import driver

    names: list[str] = []
    run = triton.runtime.jit.JITFunction.run

    def compile_only(self: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
        names.append(self.fn.__name__)
        assert "ptx" in run(self, *args, grid=grid, warmup=True, **kwargs).asm

    monkeypatch.setattr(triton.runtime.jit.JITFunction, "run", compile_only)
    monkeypatch.setattr(driver, "_active", NoDriver())
    return names


@pytest.mark.parametrize("real", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("case", [Case("u1", (3, 4), c1=-1 / 12), Case("su2", (3, 2, 3)), Case("su3", (3, 2))], ids=str)
def test_every_kernel_compiles(case: Case, real: torch.dtype, compiled: list[str]) -> None:
    from gaugeflow.kernels.triton.backend import TritonKernels

    generator = torch.Generator().manual_seed(1)
    kernels = TritonKernels(case.algebra, case.shape, case.staples, real, "cpu")
    state = kernels.pack(case.smooth(generator, 1, real))
    p = kernels.pack_momenta(case.momenta(generator, 1, real))
    kernels.staples(state)
    kernels.kick_(p, state, 0.1)
    for eps in (0.1, -0.1):
        kernels.drift_(state, p, eps)
    kernels.heatbath_(state, 1)
    kernels.overrelax_(state)
    assert set(compiled) == {"staples", "kick", "drift", "update"}
