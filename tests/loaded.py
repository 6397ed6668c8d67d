"""Imported by the process that others are forked from: all imports (optimisers want dynamo), and a short run.

One thread: a process that is forked while others work has locks that nobody opens.
"""

import json
import tempfile
from pathlib import Path

import pyerrors  # noqa: F401
import torch
import torch._dynamo

import gaugeflow.cli  # noqa: F401
from gaugeflow import runs
from gaugeflow.tasks import VMC, Chain, Flow  # noqa: F401

RUN = {
    "task": "chain",
    "seed": 1,
    "group": "su2",
    "shape": [4, 6],
    "action": {"name": "wilson", "beta": 2.2},
    "warmup": 1,
    "measurements": 1,
    "observables": ["plaquette", {"name": "wilson_loops", "r": 2, "t": 2}],
}
SAMPLERS = {"heatbath": {"name": "heatbath", "overrelaxation": 1}, "hmc": {"name": "hmc"}}

torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as folder:
    for name, sampler in SAMPLERS.items():
        source = runs.Source(json.dumps({**RUN, "sampler": sampler}), "loaded.yaml")
        runs.start(Chain, source, Path(folder) / name, quiet=True)
