"""Where flows begin by configuration: the heat kernel of plaquettes against its characters, and the flow of a run."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from gaugeflow import runs
from gaugeflow.errors import UserError
from gaugeflow.flows import HeatKernel, HeatKernelTorus
from gaugeflow.groups import get_group
from gaugeflow.lattice import plaquette
from gaugeflow.montecarlo.exact.class_law import CELLS, ClassLaw
from gaugeflow.tasks import Flow
from gaugeflow.tasks.flow.config import FlowConfig

CONFIG: dict[str, Any] = {
    "task": "flow",
    "seed": 1,
    "group": "su2",
    "shape": [4, 4],
    "action": {"name": "wilson", "beta": 2.7},
    "model": {"name": "identity"},
    "base": {"name": "heat_kernel", "time": 1.68},
    "training": {"steps": 0},
    "report": {
        "samples": 800,
        "chunk": 200,
        "samplers": ["heatbath"],
        "reference": {"chains": 16, "warmup": 20, "measurements": 20},
    },
}
COUPLING = {"name": "coupling", "layers": 4, "hidden": [4], "kernel": 1, "knots": 2}


def start(path: Path, **changes: Any) -> dict[str, Any]:
    return runs.start(Flow, runs.Source(json.dumps({**CONFIG, **changes}), "test.yaml"), path, quiet=True)


def characters(n: int) -> dict[tuple[int, int], tuple[int, float]]:
    """Dimension and Casimir by Dynkin labels, the second 0 for SU(2)."""
    if n == 2:
        return {(p, 0): (p + 1, p * (p + 2) / 4) for p in range(40)}
    return {
        (p, q): ((p + 1) * (q + 1) * (p + q + 2) // 2, (p * p + q * q + p * q) / 3 + p + q)
        for p in range(20)
        for q in range(20)
    }


def exact_plaquette(n: int, volume: int, t: float) -> float:
    """With s running over the irreps in the product of r and the fundamental one,
    `<(1/N) tr P> = (1/NZ) sum_r exp(-t (V-1) C_r / 2) sum_s (d_s / d_r) exp(-t C_s / 2)`."""
    irreps = characters(n)
    steps = ((1, 0), (-1, 0)) if n == 2 else ((1, 0), (-1, 1), (0, -1))
    z = sum(math.exp(-t * volume * c / 2) for _, c in irreps.values())
    total = 0.0
    for (p, q), (d, c) in irreps.items():
        around = [irreps[p + a, q + b] for a, b in steps if (p + a, q + b) in irreps]
        total += math.exp(-t * (volume - 1) * c / 2) * sum(e / d * math.exp(-t * s / 2) for e, s in around)
    return total / (n * z)


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("t", [0.5, 2.0, 20.0])
def test_the_kernel_has_the_moments_of_its_characters(n, t):
    """Sums over a grid of eigenangles with Weyl's measure are exact for polynomials of the trace."""
    group = get_group(f"su{n}")
    kernel = HeatKernel(group, t)
    angle = 2 * math.pi / CELLS[n] * torch.arange(CELLS[n], dtype=torch.float64)
    free = torch.stack(torch.meshgrid(*[angle] * (n - 1), indexing="ij"), -1)
    measure = ClassLaw(group, lambda x: torch.ones_like(x.real)).density(free).mean()
    norm = ClassLaw(group, kernel.of_trace).density(free).mean() / measure
    first = ClassLaw(group, lambda x: x.real * kernel.of_trace(x) + 2).density(free).mean() / measure - 2
    assert abs(float(norm) - 1) < 1e-12
    assert abs(float(first) - math.exp(-t * (n * n - 1) / (4 * n))) < 1e-12
    irreps = characters(n).values()
    assert kernel.peak == pytest.approx(sum(d * d * math.exp(-t * c / 2) for d, c in irreps), rel=1e-12)


@pytest.mark.parametrize(("name", "shape", "t"), [("su2", (2, 4), 1.0), ("su3", (2, 2), 1.5)])
def test_draws_from_the_torus_have_its_plaquette_and_density(name, shape, t, generator):
    group = get_group(name)
    base, exact = HeatKernelTorus(group, shape, t), exact_plaquette(group.n, math.prod(shape), t)
    x, log_q = base(1500, generator)
    values = plaquette(x)
    assert abs(float(values.mean()) - exact) < 4 * float(values.std()) / len(values) ** 0.5
    flat = HeatKernelTorus(group, (2, 1), 4.0)  # weights of Haar links vary little
    links = group.haar((5000, 2, 2, 1), generator)
    density = flat.log_prob(links).exp()
    assert abs(float(density.mean()) - 1) < 4 * float(density.std()) / len(links) ** 0.5
    weighted = density * plaquette(links)
    error = float(weighted.std()) / len(links) ** 0.5
    assert abs(float(weighted.mean()) - exact_plaquette(group.n, 2, 4.0)) < 4 * error
    torch.testing.assert_close(base.log_prob(x), log_q)


def test_a_run_from_the_heat_kernel(tmp_path):
    report = start(tmp_path / "run")
    assert report["ess"] > 0.6  # from Haar measure: 0.01
    assert abs(report["plaquette"] - report["plaquette_exact"]) < 4 * report["plaquette_error"]
    assert abs(report["log_z"] - report["log_z_exact"]) < 4 * report["log_z_error"]
    assert abs(report["ess"] - report["ess_forward"]) < 4 * (report["ess_error"] + report["ess_forward_error"])


def test_a_run_from_the_flow_of_another(tmp_path):
    """Its layers come first with their parameters; the new ones begin near the identity. The other may go then."""
    training = {"steps": 3, "batch": 16, "optimizer": {"name": "adam", "rate": 0.05}}
    first = start(
        tmp_path / "first", model=COUPLING, base=None, action={"name": "wilson", "beta": 2.0}, training=training
    )
    base = {"name": "run", "path": str(tmp_path / "first")}
    second = start(tmp_path / "second", model={**COUPLING, "layers": 2}, base=base, training={"steps": 0})
    shutil.rmtree(tmp_path / "first")
    assert second["parameters"] == 1.5 * first["parameters"]
    assert runs.fresh_report(Flow, tmp_path / "second", 1, quiet=True)["parameters"] == second["parameters"]
    source = runs.Source.read(tmp_path / "second" / "config.yaml").data
    assert source["base"]["content"]["action"]["beta"] == 2.0
    task = Flow(FlowConfig.model_validate(source))
    task.load_state_dict(torch.load(tmp_path / "second" / "checkpoint.pt", weights_only=True)["state"]["task"])
    x, log_q = task.flow.sample(3, torch.Generator().manual_seed(1))
    torch.testing.assert_close(task.flow.log_prob(x), log_q)
    assert float(log_q.detach().std()) > 0.3  # three steps of the first were made
    assert all(claim.verify(trials=4).exit_code == 0 for claim in task.claims()[:1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"name": "continuous"}}, "the model continuous is fitted from a base of its own"),
        ({"shape": [4, 4, 4]}, "extents that are powers of two"),
        ({"shape": [4, 6]}, "powers of two"),
        ({"group": "su4"}, "expected su2 or su3"),
        ({"base": {"name": "heat_kernel", "time": 0.01}}, "time of 0.2 or more"),
        ({"base": {"name": "run", "path": "nowhere"}}, "nowhere"),
        ({"base": {"name": "haar"}}, "haar"),
    ],
)
def test_bases_that_cannot_serve(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        start(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()
