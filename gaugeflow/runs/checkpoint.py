"""Checkpoints: tensors and plain values in one file that loads without running code from it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from gaugeflow import __version__
from gaugeflow.errors import UserError
from gaugeflow.runs.atomic import write_whole

__all__ = ["FORMAT", "load_checkpoint", "save_checkpoint"]

FORMAT = 1
"""Raised whenever a state written before can no longer be loaded."""


def save_checkpoint(path: Path, task: str, step: int, state: dict[str, Any]) -> None:
    """Writes `state` (tensors, numbers, text, and lists and dictionaries of them) as the state after `step` steps.

    The bytes are made in memory and written in one go, so that a full disk is an OSError and the checkpoint
    before it stays whole.
    """
    content = {"format": FORMAT, "version": __version__, "task": task, "step": step, "state": state}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, buffer.getvalue())


def load_checkpoint(path: Path, task: str) -> tuple[int, dict[str, Any]]:
    """Reads (step, state). Raises UserError for a damaged file, another task's, or another format's."""
    content = _read(path)
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path}: expected a checkpoint of format {FORMAT} (gaugeflow {__version__}), came format "
            f"{content.get('format')!r} written by gaugeflow {content.get('version')!r}"
        )
    if content.get("task") != task:
        raise UserError(f"{path}: expected a checkpoint of the task {task!r}, came {content.get('task')!r}")
    return content["step"], content["state"]


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a checkpoint, found no such file") from error
    try:
        # torch does not verify the checksums that its zip container carries: a flipped bit would go unnoticed
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            damaged = archive.testzip()
        content = None if damaged else torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # zipfile and torch raise a dozen types here, all of them meaning the same
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: expected a checkpoint, came a damaged or foreign file ({reason})") from error
    if damaged:
        raise UserError(f"{path}: expected a checkpoint, came a damaged one: wrong checksum of its part {damaged!r}")
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a checkpoint, came a stored {type(content).__name__}")
    return content
