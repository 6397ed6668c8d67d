"""Options and fixtures shared by all tests: dtype, device, seeded generators, the shared configurations."""

import os
from pathlib import Path

import pytest
import torch

from tests.places import DATA

DTYPES = {"float32": torch.float32, "float64": torch.float64}


if "PYTEST_XDIST_WORKER" in os.environ:  # a worker for each core, and one thread for each worker and what it starts
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out the tests that are marked slow")
    parser.addoption("--dtype", choices=sorted(DTYPES), default="float64", help="real dtype of the fields")
    parser.addoption("--device", default="cpu", help="torch device of the fields")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return DTYPES[request.config.getoption("--dtype")]


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture
def generator(device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(20261120)


@pytest.fixture
def gauge_data() -> Path:
    """The folder of configurations written by other programs; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"the shared configurations are absent: no folder {DATA}")
    return DATA
