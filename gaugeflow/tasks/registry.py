"""The tasks by name. A new one of the package is one line of the table; one of your own calls `register`."""

from typing import Any, TypeVar

from gaugeflow.errors import UserError
from gaugeflow.late import Late
from gaugeflow.runs import Source, Task
from gaugeflow.runs.configuration.nearest import nearest

__all__ = ["TASKS", "register", "task_of"]

TASKS: Late[type[Task[Any]]] = Late(
    {
        "chain": "gaugeflow.tasks.chain.task:Chain",
        "dmc": "gaugeflow.tasks.dmc.task:DMC",
        "flow": "gaugeflow.tasks.flow.task:Flow",
        "regression": "gaugeflow.tasks.regression.task:Regression",
        "vmc": "gaugeflow.tasks.vmc.task:VMC",
    }
)
"""All tasks by name."""

T = TypeVar("T", bound=type[Task[Any]])


def register(task: T) -> T:
    """Class decorator: makes a task known under its `name`."""
    TASKS[task.name] = task
    return task


def task_of(source: Source) -> type[Task[Any]]:
    """The task that a configuration names. Raises UserError if it names none that is known."""
    name = source.data.get("task")
    if name is None:
        raise UserError(f"{source.name}: expected the key `task` with one of {', '.join(sorted(TASKS))}, found none")
    if name not in TASKS:
        raise UserError(f"{source.place(('task',))}: task: {nearest(name, TASKS)}")
    return TASKS[name]
