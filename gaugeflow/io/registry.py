"""The formats, in the one place that names them."""

from pathlib import Path

from gaugeflow.errors import UserError
from gaugeflow.io.format import Format
from gaugeflow.io.source import Source
from gaugeflow.late import Late

__all__ = ["FORMATS", "format_for_writing", "format_of"]

FORMATS: Late[Format] = Late(
    {
        "nersc": "gaugeflow.io.nersc:Nersc",
        "ildg": "gaugeflow.io.lime.ildg:Ildg",
        "scidac": "gaugeflow.io.lime.scidac:Scidac",
        "milc": "gaugeflow.io.milc:Milc",
        "openqcd": "gaugeflow.io.openqcd:OpenQcd",
        "bridge": "gaugeflow.io.bridge.text:Bridge",
        "numpy": "gaugeflow.io.arrays.npy:Npy",
        "torch": "gaugeflow.io.arrays.pt:Pt",
        "hdf5": "gaugeflow.io.hdf5.format:Hdf5",
        "hdf5_foreign": "gaugeflow.io.hdf5.foreign:ForeignHdf5",
        "bridge_binary": "gaugeflow.io.bridge.binary:BridgeBinary",
    },
    made=lambda kind: kind(),
)
"""All formats by name. A file is tried in this order, those that need more than torch or have no mark late."""


def format_of(source: Source) -> Format:
    """The format whose magic bytes a file has. Raises UserError if there is none."""
    for known in FORMATS.values():
        if known.sniff(source):
            return known
    titles = ", ".join(known.title for known in FORMATS.values())
    raise source.error(f"one of {titles}", f"a file that begins with {source.head(16)!r}")


def format_for_writing(path: Path, name: str | None) -> Format:
    """The format of that name or, without one, that of the extension. Raises UserError if there is none."""
    if name is not None:
        if name not in FORMATS:
            raise UserError(f"format: expected one of {', '.join(FORMATS)}, got {name!r}")
        return FORMATS[name]
    for known in FORMATS.values():
        if path.suffix.lower() in known.extensions:
            return known
    extensions = ", ".join(extension for known in FORMATS.values() for extension in known.extensions)
    raise UserError(f"{path}: expected an extension that tells the format ({extensions}) or a format, got neither")
