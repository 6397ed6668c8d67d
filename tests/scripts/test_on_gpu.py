"""`scripts/on_gpu.py` on a machine without a GPU: the rehearsal, what is kept of a part that breaks, the device."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from tests.places import ROOT

pytestmark = pytest.mark.slow

SCRIPTS = ROOT / "scripts"


def on_gpu(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPTS / "on_gpu.py", *arguments], capture_output=True, text=True)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import on_gpu

    return on_gpu


@pytest.fixture
def cuda(program: ModuleType) -> Iterator[AbstractContextManager[None]]:
    from gpu.pretend import pretend_cuda

    with pretend_cuda() as device:
        yield device


def test_the_rehearsal_passes_and_writes_every_part(tmp_path: Path, program: ModuleType) -> None:
    done = on_gpu("--rehearse", "--budget", "3000", "--output", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for part in program.PARTS:
        found = json.loads((tmp_path / f"gpu_{part.name}.json").read_text())
        wanted = {"what", "machine", "device", "torch", "date", "seconds", "limit", "status", "why", "checks", "aims"}
        assert wanted <= found.keys()
        assert found["status"] == "passed" or (part.name == "kernels" and "triton" in found["why"])
        assert all({"deviation", "tolerance", "reason"} <= check.keys() for check in found["checks"])
    assert not list(tmp_path.glob("*.tmp"))


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = on_gpu("--only", "beryllium", "--output", str(tmp_path))
    assert done.returncode == 1
    assert "expected a CUDA device" in json.loads((tmp_path / "gpu_beryllium.json").read_text())["why"]


BROKEN = {
    "failed": "result.check('sum', 2.0, 1.0, 'rounding')",
    "failed because of NaN": "result.check('sum', float('nan'), 1.0, 'rounding')",
    "failed with an error": "result.rows([{'op': 'copy'}]); raise ValueError('no such thing')",
    "crashed": "result.rows([{'op': 'copy'}]); import os; os.kill(os.getpid(), 9)",
    "timed out": "result.rows([{'op': 'copy'}]); import time; time.sleep(60)",
}


@pytest.mark.parametrize("status", BROKEN)
def test_a_part_that_breaks_says_so_and_keeps_what_it_found(
    tmp_path: Path, program: ModuleType, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    module = ModuleType("gpu.broken")
    exec(f"def run(result, options):\n    {BROKEN[status]}", module.__dict__)
    monkeypatch.setitem(sys.modules, "gpu.broken", module)
    part, options = program.Part("broken", 1.0, "a part of this test"), program.Options("cuda", rehearse=True)
    found = program.supervised(part, tmp_path / "gpu_broken.json", options, 1.0 if status == "timed out" else 30.0)
    assert status.startswith(found["status"])
    assert found["why"]
    assert len(found["rows"]) + len(found["checks"]) == 1
    assert json.loads((tmp_path / "gpu_broken.json").read_text()) == found


REFUSED: dict[str, Any] = {
    "tensors of two devices": lambda: torch.ones(2, device="cuda") + torch.ones(2),
    "a list of tensors of two devices": lambda: torch.cat([torch.ones(2, device="cuda"), torch.ones(2)]),
    "numpy": lambda: torch.ones(2, device="cuda").numpy(),
    "a generator of the CPU": lambda: torch.rand(2, generator=torch.Generator(), device="cuda"),
    "a generator of the device": lambda: torch.rand(2, generator=torch.Generator("cuda")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_pretended_device_refuses_what_cuda_refuses(cuda: None, what: str) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        REFUSED[what]()


def test_the_pretended_device_computes_and_differentiates(cuda: None) -> None:
    x = torch.linspace(0, 1, 3, device="cuda", dtype=torch.float64, requires_grad=True)
    loss = (x.exp() * torch.tensor(2.0)).sum()
    loss.backward()
    assert x.grad is not None
    assert (x.device.type, x.grad.device.type) == ("cuda", "cuda")
    np.testing.assert_allclose(x.grad.cpu().numpy(), 2 * np.exp([0.0, 0.5, 1.0]), rtol=1e-15)
    drawn = torch.rand(3, generator=torch.Generator("cuda").manual_seed(1), device="cuda")
    assert drawn.tolist() == torch.rand(3, generator=torch.Generator().manual_seed(1)).tolist()
