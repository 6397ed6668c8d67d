"""The checksums of the archives, each over the bytes of a field as they stand in the file."""

import zlib

import numpy as np

__all__ = ["milc_checksum", "nersc_checksum", "scidac_checksum"]


def nersc_checksum(data: np.ndarray) -> int:
    """The sum of all 32-bit words modulo 2^32, the words taken in the byte order of the numbers."""
    return int(np.sum(_words(data), dtype=np.uint32))


def milc_checksum(data: np.ndarray) -> tuple[int, int]:
    """(sum29, sum31): the exclusive or of all 32-bit words, word k rotated left by k mod 29 and by k mod 31."""
    words = _words(data).astype(np.uint32)
    return _rotated_xor(words, 29), _rotated_xor(words, 31)


def scidac_checksum(data: bytes, site_bytes: int) -> tuple[int, int]:
    """(suma, sumb): the CRC-32 of each site's bytes, rotated left by rank mod 29 and mod 31, under exclusive or.

    The rank of a site is its place in the file (x fastest). Source: QIO, the I/O layer of the SciDAC software.
    """
    sites = np.frombuffer(data, np.uint8).reshape(-1, site_bytes)
    crc = np.fromiter((zlib.crc32(site.data) for site in sites), np.uint32, len(sites))
    return _rotated_xor(crc, 29), _rotated_xor(crc, 31)


def _words(data: np.ndarray) -> np.ndarray:
    return data.view(data.dtype.str[0] + "u4")


def _rotated_xor(words: np.ndarray, modulus: int) -> int:
    left = np.resize(np.arange(modulus, dtype=np.uint32), len(words))
    rotated = (words << left) | (words >> (np.uint32(32) - left & np.uint32(31)))
    return int(np.bitwise_xor.reduce(rotated))
