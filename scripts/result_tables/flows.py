"""Flows: what their samples are worth, beside Markov chains in the same run."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from gaugeflow.flows import both_directions
from gaugeflow.tasks.table import couplings
from result_tables import trained
from result_tables.table import ROOT, group, lattice, rounded, table, uncertain, written

COMMAND = "gaugeflow report configs/trained/NAME --fresh --json"
HEAD = ["NAME", "target", "lattice", "flow", "ESS", "forward ESS", "parameters", "training, s"]
HEAD += ["independent fields/s", "Markov chain", "exact sampler", "samples"]
PUBLISHED = tomllib.loads((ROOT / "scripts" / "results" / "published.toml").read_text())["flows"]
Report = dict[str, Any]


def _is(*kinds: str) -> Callable[[str], bool]:
    return lambda name: trained.report(name)["model"]["name"] in kinds and not _stochastic(name)


def _stochastic(name: str) -> bool:
    return "stochastic" in trained.report(name)


def _target(report: Report) -> str:
    named = report["action"]["name"].replace("phi4", "phi^4")
    numbers = couplings(report["action"]).items()
    texts = ", ".join(f"{key.replace('lam', 'lambda')} = {value:g}" for key, value in numbers)
    return f"{group(report['group']) or named}, {texts}"


def _per_second(report: Report, *samplers: str) -> str:
    found = [report["beside"][name]["independent_per_second"] for name in samplers if name in report["beside"]]
    return rounded(max(found)) if found and found[0] is not None else "-"


def _row(name: str) -> list[str]:
    found = trained.report(name)
    worth = ["collapsed", f"{found['ess_forward']:.0e}"] if found["collapsed"] else _worth(found)
    return [
        name,
        _target(found),
        lattice(found["shape"]),
        found["model"]["name"].replace("scalar_", ""),
        *worth,
        str(found["parameters"]),
        f"{found['train_seconds']:.0f}" if found["train_seconds"] else "-",
        _per_second(found, "flow"),
        _per_second(found, "heatbath", "hmc"),
        _per_second(found, "exact"),
        str(found["samples"]),
    ]


def _worth(found: Report) -> list[str]:
    """The effective sample sizes of both directions."""
    errors = both_directions(
        found["ess_error"], found["samples"], found["ess_forward_error"], found["ess_forward_samples"]
    )
    return [uncertain(found["ess"], errors[0]), uncertain(found["ess_forward"], errors[1])]


def _table(chosen: Iterable[str], columns: slice = slice(None)) -> str:
    runs = [*chosen]
    rows = [_row(name)[columns] for name in runs]
    return written(HEAD[columns], rows, trained.made_by(runs, COMMAND))


@table("flows-local")
def local() -> str:
    """Flows that work in any dimension, and couplings."""
    return _table(filter(_is("continuous", "scalar_continuous", "coupling", "neural"), trained.names("flow")))


@table("flows-refinement")
def refinement() -> str:
    """Flows that use a factorisation which only two dimensions have."""
    return _table(filter(_is("refinement"), trained.names("flow")))


@table("flows-short")
def short() -> str:
    """For the README: one flow for each theory."""
    return _table(["phi4_2d_8", "u1_2d_8_coupling", "su2_2d_16_beta2p7", "su3_2d_16_beta6", "su3_4d_4_beta1"], slice(6))


@table("flows-stochastic")
def stochastic() -> str:
    """Layers with Monte Carlo updates between them."""
    runs = [name for name in trained.names("flow") if _stochastic(name)]
    rows = []
    for name in runs:
        found = trained.report(name)
        alone = found["layers_alone"]
        worth = uncertain(found["ess"], found["ess_error"]), uncertain(alone["ess"], alone["ess_error"])
        rows.append([name, _target(found), lattice(found["shape"]), *worth])
    head = ["NAME", "target", "lattice", "ESS", "ESS of the layers alone"]
    return written(head, rows, trained.made_by(runs, COMMAND))


@table("flows-published")
def published() -> str:
    """What others report for flows on the same targets."""
    rows = [[row["target"], row["lattice"], str(row["value"]), row["what"], row["source"]] for row in PUBLISHED]
    head = ["target", "lattice", "value", "what", "source"]
    return written(
        head, rows, "As published, or as other programs gave it when we ran them; `scripts/results/published.toml`."
    )
