"""Every command of the start page below a line `<!-- run -->` is run, and leaves its output for the page.

The outputs stand as 1.txt, 2.txt, ... beside the run directories, and are made again when a command changes.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "start.md"
OUTPUT = PAGE.parent / "_build" / "start"


def commands() -> list[str]:
    """The blocks that are marked, in order."""
    return re.findall(r"^<!-- run -->\n```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def write(_: Any = None) -> None:
    """Runs the commands unless they have run as they stand."""
    done = OUTPUT / "commands.txt"
    text = "".join(commands())
    if done.is_file() and done.read_text() == text:
        return
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    for number, command in enumerate(commands(), 1):
        (OUTPUT / f"{number}.txt").write_text(_run(command))
    done.write_text(text)


def _run(command: str) -> str:
    arguments = shlex.split(command, comments=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PAGE.parents[1]), os.environ.get("PYTHONPATH", "")])}
    program = [sys.executable, "-m", "gaugeflow", *arguments[1:]]
    answer = subprocess.run(program, cwd=OUTPUT, env=environment, capture_output=True, text=True)
    if answer.returncode:
        raise RuntimeError(f"{command.strip()}: {answer.stderr}")
    return answer.stdout


def setup(app: Any) -> dict[str, bool]:
    """The hook of sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
