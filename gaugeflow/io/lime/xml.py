"""The small XML records of ILDG and SciDAC files."""

import re
import time
from collections.abc import Sequence
from xml.etree import ElementTree

__all__ = [
    "checksum_xml",
    "file_xml",
    "ildg_format_xml",
    "is_well_formed",
    "record_xml",
    "tag",
]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def tag(text: str, name: str) -> str | None:
    """The text of the first element called ``name``, without surrounding blanks; None where there is none.

    The records are read element by element, as files in the wild break the quoting of the root's attributes.
    """
    match = re.search(rf"<(?:\w+:)?{name}(?:\s[^<>]*)?>([^<]*)<", text)
    return match[1].strip() if match else None


def is_well_formed(text: str) -> bool:
    """Whether an XML parser accepts the text."""
    try:
        ElementTree.fromstring(text.encode())
    except (ElementTree.ParseError, ValueError, LookupError):
        return False
    return True


def ildg_format_xml(shape: Sequence[int], n: int, precision: int) -> bytes:
    """The ``ildg-format`` record of a 4D SU(N) gauge field."""
    extents = "".join(f"<l{axis}>{extent}</l{axis}>" for axis, extent in zip("xyzt", shape, strict=True))
    schema = "http://www.lqcd.org/ildg"
    return _record(
        f'<ildgFormat xmlns="{schema}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{schema} {schema}/filefmt.xsd"><version>1.0</version><field>su{n}gauge</field>'
        f"<precision>{precision}</precision>{extents}</ildgFormat>"
    )


def file_xml(shape: Sequence[int]) -> bytes:
    """The ``scidac-private-file-xml`` record: extents of the lattice, one file."""
    extents = "".join(f"{extent} " for extent in shape)
    return _record(
        f"<scidacFile><version>1.1</version><spacetime>{len(shape)}</spacetime><dims>{extents}</dims>"
        "<volfmt>0</volfmt></scidacFile>"
    )


def record_xml(n: int, precision: int) -> bytes:
    """The ``scidac-private-record-xml`` record: four N x N matrices a site."""
    letter = "F" if precision == 32 else "D"
    date = time.strftime("%a %b %d %H:%M:%S %Y UTC", time.gmtime())
    return _record(
        f"<scidacRecord><version>1.1</version><date>{date}</date><recordtype>0</recordtype>"
        f"<datatype>QDP_{letter}{n}_ColorMatrix</datatype><precision>{letter}</precision><colors>{n}</colors>"
        f"<typesize>{2 * n * n * precision // 8}</typesize><datacount>4</datacount></scidacRecord>"
    )


def checksum_xml(suma: int, sumb: int) -> bytes:
    """The ``scidac-checksum`` record."""
    return _record(f"<scidacChecksum><version>1.0</version><suma>{suma:x}</suma><sumb>{sumb:x}</sumb></scidacChecksum>")


def _record(body: str) -> bytes:
    return f"{DECLARATION}{body}\0".encode()
