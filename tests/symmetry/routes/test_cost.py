"""What a route costs: one batch, no loop, and the committed benchmark within its bars."""

import json

import torch

from gaugeflow.symmetry import Links, Scalars, SiteScalars, routes
from gaugeflow.symmetry.actions.haar import haar
from tests.places import ROOT
from tests.symmetry.samples import normal


def counted(calls):
    def f(x):
        calls.append(len(x))
        return x.real.flatten(1).sum(1)

    return f


def test_all_elements_are_evaluated_in_one_batch():
    calls = []
    u = haar((2, 4, 2, 2, 2, 2), 2, torch.Generator().manual_seed(1))
    routes.Average(counted(calls), Links, "hypercubic", out=Scalars)(u)
    assert calls == [2 * 384]
    calls.clear()
    routes.Average(counted(calls), Links, "hypercubic", out=Scalars, chunk_size=256)(u)
    assert calls == [256, 256, 256]


def test_a_canonical_form_takes_one_evaluation_and_a_tie_two():
    calls = []
    route = routes.Canonical(counted(calls), SiteScalars, "z2", out=Scalars)
    phi = normal(3, 1, 4)
    phi[1] = 0  # the only field that the sign flip leaves alone
    route(phi)
    assert calls == [4]


def test_the_committed_benchmark_meets_its_bars():
    rows = json.loads((ROOT / "scripts" / "results" / "routes_cpu.json").read_text())["rows"]
    speed = {(row["op"], row["backend"]): row["per_second"] for row in rows}
    for order in (16, 384):
        assert speed[f"average over {order}", "route"] > 0.8 * speed[f"average over {order}", "plain"]
    assert speed["tree gauge", "route"] > speed["tree gauge", "plain"]
