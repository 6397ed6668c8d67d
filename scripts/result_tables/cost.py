"""What a flow's sample and an iteration of variational Monte Carlo cost."""

from __future__ import annotations

import json
from typing import Any

from result_tables.table import ROOT, lattice, table, written


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "scripts" / "results" / name).read_text())
    return found


def _below(name: str, command: str) -> str:
    found = _load(name)
    return f"`{command}`; {found['machine']}, {found['threads']} threads; {found['date']}."


@table("flows-cost")
def flows() -> str:
    """A sample with its log-determinant, and a training step, in batches of 16."""
    rows = {(r.get("model"), tuple(r["shape"]), r["op"]): r for r in _load("flows_cpu.json")["rows"]}
    lines = []
    for model, shape, op in rows:
        if op == "sample":
            sample, train = rows[(model, shape, "sample")], rows[(model, shape, "train")]
            times = [f"{1e3 * row['seconds']:.1f}" for row in (sample, train)]
            lines.append([str(model), lattice(shape), *times, f"{train['bytes'] / 1e6:.1f}"])
    head = ["configs/flow", "lattice", "sample, ms", "training step, ms", "training step, MB"]
    command = "python scripts/bench_flows.py --output scripts/results/flows_cpu.json"
    return written(head, lines, _below("flows_cpu.json", command))


def _iteration(symbol: str, walkers: int) -> dict[str, dict[str, Any]]:
    rows = _load("vmc_cpu.json")["rows"]
    return {row["op"]: row for row in rows if row["group"] == symbol and row["shape"][0] == walkers}


@table("vmc-seconds")
def vmc() -> str:
    """The parts of an iteration for beryllium with 256 walkers."""
    lines = []
    for part, row in _iteration("Be", 256).items():
        share = f"{100 * row['share']:.0f} %" if "share" in row else ""
        lines.append([part, f"{row['seconds']:.3f}", share])
    command = "python scripts/bench_vmc.py --growth --output scripts/results/vmc_cpu.json"
    return written(["part", "seconds", "share"], lines, _below("vmc_cpu.json", command))


@table("vmc-growth")
def growth() -> str:
    """Time and memory of an iteration with the natural gradient, for more electrons and for more walkers."""
    rows = _load("vmc_cpu.json")["rows"]
    whole = [row for row in rows if row["op"] == "natural iteration"]
    lines = [
        [row["group"], str(row["shape"][1]), str(row["shape"][0]), f"{row['seconds']:.3f}", f"{row['bytes'] / 1e6:.0f}"]
        for row in sorted(whole, key=lambda row: (row["shape"][1], row["shape"][0]))
    ]
    command = "python scripts/bench_vmc.py --growth --output scripts/results/vmc_cpu.json"
    return written(["atom", "electrons", "walkers", "seconds", "MB"], lines, _below("vmc_cpu.json", command))


@table("tensors-seconds")
def tensors() -> str:
    """An iteration with features that turn, beside FermiNet's streams."""
    rows = {(row["group"], row["backbone"]): row for row in _load("tensors_cpu.json")["rows"][1:]}
    lines = []
    for (atom, backbone), row in rows.items():
        parts, rival = row["seconds"], rows[atom, "ferminet"]["seconds"]
        whole = sum(parts.values())
        times = [f"{1e3 * seconds:.1f}" for seconds in (*parts.values(), whole)]
        lines.append([atom, backbone, str(row["parameters"]), *times, f"{whole / sum(rival.values()):.2f}"])
    head = ["atoms", "backbone", "parameters", "moves, ms", "local energy", "natural gradient", "all", "over ferminet"]
    command = "python scripts/bench_tensors.py --output scripts/results/tensors_cpu.json"
    return written(head, lines, _below("tensors_cpu.json", command))
