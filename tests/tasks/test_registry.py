"""The tasks by name: those of the package are loaded when they are asked for, one's own is known once registered."""

import pytest

from gaugeflow import tasks
from gaugeflow.runs import Source


@pytest.mark.parametrize("name", ["chain", "dmc", "flow", "regression", "vmc"])
def test_a_task_of_the_package_is_found_by_its_name(name: str) -> None:
    assert tasks.task_of(Source(f"task: {name}", "run.yaml")).name == name


def test_a_task_of_ones_own_is_known_once_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(tasks.Chain):
        name = "mine"

    monkeypatch.setitem(tasks.TASKS, "mine", "taken back after the test")
    assert tasks.register(Mine) is Mine
    assert tasks.task_of(Source("task: mine", "run.yaml")) is Mine
