"""A picture, a voice note and a letter, so that files can be tried without having any at hand. Made here, byte by byte."""

import base64
import functools
import struct
import zlib

LETTER = "Hello from the sandbox."
WIDTH, HEIGHT = 240, 160
_SKY, _SUN, _HILL, _GRASS = range(4)
_PALETTE = bytes((191, 219, 239, 250, 190, 60, 96, 150, 110, 60, 116, 82))
_SERIAL = 7
# One Opus packet of 20 ms of silence, full band, mono (RFC 6716 §3.1).
_SILENCE = b"\xf8\xff\xfe"
_PACKETS = 50


@functools.cache
def picture() -> str:
    """A small landscape as PNG, in base64."""
    rows = b"".join(b"\x00" + bytes(_pixel(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", _PALETTE), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _base64(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))


def _pixel(x: int, y: int) -> int:
    if y > 126 - x // 8:
        return _GRASS
    if y > 70 + (x - 90) ** 2 // 240:
        return _HILL
    return _SUN if (x - 178) ** 2 + (y - 46) ** 2 < 24**2 else _SKY


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@functools.cache
def voice_note() -> str:
    """A second of silence as Ogg with Opus (RFC 7845), in base64."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 4) + b"Omni" + struct.pack("<I", 0)
    pages = [_page(0, 2, 0, [head]), _page(1, 0, 0, [tags]), _page(2, 4, _PACKETS * 960, [_SILENCE] * _PACKETS)]
    return _base64(b"".join(pages))


def _page(number: int, flags: int, position: int, packets: list[bytes]) -> bytes:
    """One page; each packet is shorter than 255 bytes (RFC 3533 §6)."""
    lengths = bytes(map(len, packets))
    head = struct.pack("<4sBBQII", b"OggS", 0, flags, position, _SERIAL, number)
    tail = bytes([len(lengths)]) + lengths + b"".join(packets)
    return head + struct.pack("<I", _checksum(head + bytes(4) + tail)) + tail


def _checksum(data: bytes) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, unreflected, from zero."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1
        value &= 0xFFFFFFFF
    return value


def letter() -> str:
    """A short text file, in base64."""
    return _base64(LETTER.encode())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
