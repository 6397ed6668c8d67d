"""Small files of a run directory, replaced as a whole."""

from pathlib import Path

from gaugeflow.io.atomic import replacing

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes | str) -> None:
    """Replaces `path` by `content`: a reader at any moment finds the old file or the new one, whole.

    Raises UserError (full disk, no permission) with the old file untouched.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
