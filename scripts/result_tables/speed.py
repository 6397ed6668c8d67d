"""Speed of compiled loops, each beside the torch reference in the same run."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, group, lattice, rounded, table, written

Rows = list[dict[str, Any]]
OPS = {
    "staples": "staples",
    "force": "force",
    "hmc": "HMC step",
    "heatbath": "heat bath",
    "overrelax": "overrelaxation",
}


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "scripts" / "results" / name).read_text())
    return found


def _below(name: str, command: str) -> str:
    found = _load(name)
    copy = next(row for row in found["rows"] if row["op"] == "copy")
    cores = f"{found['threads']} of {found['cores']} cores" if "cores" in found else f"{found['threads']} threads"
    where = f"{found['machine']}, {cores}, copy bandwidth {copy['bytes'] / 1e9:.0f} GB/s in that run"
    return f"`{command}`; {where}; {found['date']}."


def _kernels(only: str | None) -> str:
    rows = [row for row in _load("gauge_cpu.json")["rows"] if row["op"] in OPS]
    found = {(r["group"], tuple(r["shape"]), r["dtype"], r["op"], r["backend"]): r["per_second"] / 1e6 for r in rows}
    cases = dict.fromkeys((r["group"], tuple(r["shape"]), r["dtype"]) for r in rows if only in (None, r["group"]))
    lines = []
    for case in sorted(cases):
        cells = [_pair(found[(*case, op, "numba")], found[(*case, op, "torch")]) for op in OPS]
        lines.append([f"{group(case[0])}, {lattice(case[1])}, {case[2]}", *cells])
    below = _below("gauge_cpu.json", "python scripts/bench_gauge.py --output scripts/results/gauge_cpu.json")
    return written(["million links/s (torch)", *OPS.values()], lines, below)


def _pair(ours: float, rival: float) -> str:
    return f"{rounded(ours)} ({rounded(rival)})"


@table("kernels")
def kernels() -> str:
    """All groups, lattices and precisions."""
    return _kernels(None)


@table("kernels-short")
def kernels_short() -> str:
    """For the README."""
    return _kernels("su3")


@table("lcnn-layer")
def layer() -> str:
    """The merged convolution-bilinear layer."""
    rows = [row for row in _load("lcnn_cpu.json")["rows"] if row["op"].startswith("conv-bilin")]
    found = {(r["group"], tuple(r["shape"]), r["dtype"], r["op"].split()[1], r["backend"]): r for r in rows}
    lines = []
    for case in dict.fromkeys((r["group"], tuple(r["shape"]), r["dtype"]) for r in rows):
        ours, rival = ({p: found[(*case, p, b)] for p in ("forward", "backward")} for b in ("gaugeflow", "matmul"))
        speeds = [_pair(ours[p]["per_second"] / 1e3, rival[p]["per_second"] / 1e3) for p in ours]
        memory = _pair(ours["forward"]["bytes"] / 1e6, rival["forward"]["bytes"] / 1e6)
        lines.append([f"{group(case[0])}, {lattice(case[1])}, {case[2]}", *speeds, memory])
    head = ["8 channels (torch roll and matmul)", "forward, thousand sites/s", "backward, thousand sites/s", "peak, MB"]
    command = "python scripts/bench_lcnn.py --ops conv-bilin --output scripts/results/lcnn_cpu.json"
    return written(head, lines, _below("lcnn_cpu.json", command))


SITES = "python scripts/bench_sites.py --clock cpu --threads 1 --rounds 2 --output scripts/results/sites_cpu.json"


@table("sites-sweep")
def sweep() -> str:
    """A sweep of mean-field states on sites, with kept inverses and calculated anew."""
    rows = [row for row in _load("sites_cpu.json")["rows"] if row["op"].startswith("sweep, ")]
    found = {(r["group"], *r["op"].removeprefix("sweep, ").split()): r["seconds"] * 1e3 for r in rows}
    lines = []
    for name, kind in dict.fromkeys((name, kind) for name, _, kind in found):
        new, kept = (found[name, way, kind] for way in ("new", "kept"))
        lines.append([f"{kind}, {name}", rounded(new), rounded(kept), rounded(new / kept)])
    return written(["ms for 1024 walkers", "anew", "kept inverses", "ratio"], lines, _below("sites_cpu.json", SITES))


@table("sites-iteration")
def iteration() -> str:
    """Steps of the natural gradient on sites."""
    rows = [row for row in _load("sites_cpu.json")["rows"] if row["op"].startswith("iteration, ")]
    lines = [
        [f"{row['op'].removeprefix('iteration, ')}, {row['group']}", str(row["shape"][0]), rounded(row["seconds"])]
        for row in rows
    ]
    return written(["a determinant", "walkers", "seconds of processor time"], lines, _below("sites_cpu.json", SITES))


@table("profiles-cost")
def profiles() -> str:
    """What weights by place and swaps cost, and what compiled clovers save."""
    rows = [row for row in _load("profiles_cpu.json")["rows"] if row["op"] != "copy"]
    lines = [
        [
            f"{row['op']}, {group(row['group'])}, {lattice(row['shape'])}",
            rounded(row["seconds"] * 1e3),
            rounded(row["rival"] * 1e3),
            rounded(row["rival"] / row["seconds"]),
        ]
        for row in rows
    ]
    below = _below("profiles_cpu.json", "python scripts/bench_profiles.py --output scripts/results/profiles_cpu.json")
    return written(["ms of processor time", "this", "beside", "ratio"], lines, below)


@table("routes-cost")
def routes() -> str:
    """What routes cost beside what they wrap."""
    rows = [row for row in _load("routes_cpu.json")["rows"] if row["op"] != "copy"]
    found = {(r["op"], r["group"], tuple(r["shape"]), r["backend"]): r["per_second"] for r in rows}
    lines = []
    for op, name, shape in dict.fromkeys(key[:3] for key in found):
        ours, plain = (found[op, name, shape, backend] for backend in ("route", "plain"))
        lines.append([f"{op}, {group(name)}, {lattice(shape)}", rounded(ours), rounded(plain), rounded(ours / plain)])
    below = _below("routes_cpu.json", "python scripts/bench_routes.py --output scripts/results/routes_cpu.json")
    return written(["per second of processor time", "route", "L-CNN alone", "ratio"], lines, below)
