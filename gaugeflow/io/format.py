"""What a file format is to the rest of the package."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from gaugeflow.errors import UserError
from gaugeflow.io.options import Given
from gaugeflow.io.source import Source
from gaugeflow.lattice.fields import check_links, lattice_shape

__all__ = ["Format"]


class Format(ABC):
    """One file format. To write a new one:

    * give its ``name``, a ``title`` for messages and the ``extensions`` that stand for it when writing;
    * ``sniff`` tells from the magic bytes whether a file is of this format;
    * ``read`` gives links and metadata, having verified every checksum and size the file states; where the file
      departs from the standard and is read all the same, ``metadata["deviations"]`` says so in words;
    * ``write`` fills a new file; ``options`` lists what a user may choose. Without them the format is read only;
    * ``count`` tells how many configurations a file holds, where a part of them can be read by itself;
    * ``alternatives`` tells what else a file may be, where it does not state its extents or its axes.

    Then add it to the table in ``gaugeflow.io.registry``. What the format cannot hold and what damage it cannot
    detect stand in its docstring.
    """

    name: str
    title: str
    extensions: tuple[str, ...] = ()
    """Those that stand for the format when writing; none for a format that is only read."""
    options: ClassVar[dict[str, Any]] = {}
    """What a user may choose when writing, with the defaults; their meaning stands in the docstring of the class."""
    takes_more: bool = False
    """Whether further options are kept in the file as plain values."""

    @abstractmethod
    def sniff(self, source: Source) -> bool:
        """Whether a file begins, or is built, as this format is."""

    @abstractmethod
    def read(self, source: Source, given: Given) -> tuple[Tensor, dict[str, Any]]:
        """Links ``(batch, D, *shape, ...)`` and metadata of a file.

        Args:
            source: the open file.
            given: what the user says of the lattice; what the file says too must agree.

        Raises:
            UserError: the file is damaged, contradicts itself or the user, or leaves something open.
        """

    def count(self, source: Source, given: Given) -> int | None:
        """How many configurations an ensemble holds at this moment; None for a file that is read as a whole."""
        return None

    def alternatives(self, source: Source, given: Given) -> list[str]:
        """What a file may be that does not say so itself, in words, the likeliest first: lattices, layouts."""
        return []

    def write(self, path: Path, links: Tensor, options: dict[str, Any]) -> None:
        """Writes links ``(batch, D, *shape, ...)`` to the new file ``path``.

        Args:
            options: every name of ``self.options`` with its value, and more where ``takes_more``.

        Raises:
            UserError: the format cannot hold this field, or is only read.
            OSError: the disk is full, or the like.
        """
        raise UserError(f"{self.title} files are read and not written; write one of the other formats")

    def require_single(self, links: Tensor) -> tuple[tuple[int, ...], int]:
        """The shape and N of one 4D SU(N) configuration. Raises UserError if ``links`` is anything else."""
        group, shape = check_links(links), lattice_shape(links)
        if not links.is_complex():
            raise UserError(f"{self.title} files hold SU(N) matrices, got {group.name} angles; HDF5 holds them")
        if len(shape) != 4:
            raise UserError(f"{self.title} files hold 4D lattices, got {len(shape)}D {shape}; HDF5 holds any")
        if links.shape[0] != 1:
            raise UserError(
                f"{self.title} files hold one configuration, got a batch of {links.shape[0]}; "
                "pass one of them, links[i : i + 1], or write HDF5"
            )
        return shape, group.n

    def agree(self, source: Source, what: str, given: Any, found: Any) -> None:
        """Raises UserError if the user gave something else than what was found in the file."""
        if given is not None and given != found:
            raise source.error(f"{what} {given} as given", f"{found} in the file")

    def refuse_select(self, source: Source, given: Given) -> None:
        """Raises UserError if the user selects among the configurations of a file that holds one."""
        if given.select is not None:
            raise source.error("an ensemble to select configurations from", f"one configuration in {self.title} form")
