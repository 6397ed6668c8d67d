"""Fields as other programs write them, made by hand."""

from pathlib import Path

from torch import Tensor

from gaugeflow.io.lime.container import write_messages
from gaugeflow.lattice.observables import plaquette

SHAPE = (2, 4, 2, 6)


def mean_plaquette(links: Tensor) -> float:
    return float(plaquette(links, "torch")[0])


def binary(links: Tensor, kind: str = ">c16") -> bytes:
    """A field in file order, written as plainly as can be."""
    return links[0].permute(4, 3, 2, 1, 0, 5, 6).contiguous().numpy().astype(kind).tobytes()


def lime(path: Path, *records: tuple[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_messages(file, [records])
    return path
