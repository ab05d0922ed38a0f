"""How long a sound may be, read from its own head where that is cheap; never less than its size allows.

What a file says of itself can be made up: a provider bills what it hears. So the length is at least that of the densest sound of
this size, and without a readable head that of the thinnest one.
"""

import math
import struct

# Bits a second: the thinnest speech anybody sends (Opus at 6 kbit/s, RFC 6716; AMR 4.75), and more than any of it needs.
_THINNEST, _DENSEST = 4_750, 1_536_000
_MP3_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def seconds_of(data: bytes, media_type: str) -> float:
    """Seconds, counted upwards."""
    read = {"audio/ogg": _ogg, "audio/wav": _wav, "audio/mp4": _mp4, "video/mp4": _mp4, "audio/mpeg": _mp3}.get(media_type)
    try:
        told = read(data) if read is not None else None
    except (struct.error, IndexError, ZeroDivisionError):
        told = None
    if told is None or not math.isfinite(told) or told <= 0:
        return len(data) * 8 / _THINNEST
    return min(max(told, len(data) * 8 / _DENSEST), len(data) * 8 / _THINNEST)


def minutes_of(seconds: float) -> int:
    """Begun minutes, at least one, as the price list counts them."""
    return max(1, math.ceil(seconds / 60))


def _ogg(data: bytes) -> float | None:
    """The last page's granule position (RFC 3533): samples at 48 kHz for Opus (RFC 7845), at its own rate for Vorbis."""
    last = data.rfind(b"OggS")
    samples = struct.unpack_from("<q", data, last + 6)[0]
    if b"OpusHead" in data[:512]:
        return int(samples) / 48_000
    place = data[:512].find(b"\x01vorbis")
    return None if place < 0 else int(samples) / int(struct.unpack_from("<I", data, place + 12)[0])


def _wav(data: bytes) -> float | None:
    place = data[:4096].find(b"fmt ")
    return None if place < 0 else len(data) / int(struct.unpack_from("<I", data, place + 16)[0])


def _mp4(data: bytes) -> float | None:
    """The movie header (ISO 14496-12, 8.2.2), which stands at the start or the end of the file."""
    place = data.rfind(b"mvhd")
    if place < 0:
        return None
    is_long = data[place + 4] == 1
    scale, length = struct.unpack_from(">IQ" if is_long else ">II", data, place + (24 if is_long else 16))
    return int(length) / int(scale)


def _mp3(data: bytes) -> float | None:
    """Size over the first frame's bit rate (ISO 11172-3, layer III); a variable rate is judged by its first frame."""
    place = 0
    if data.startswith(b"ID3"):
        size = data[6:10]
        place = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    if data[place] != 0xFF or data[place + 1] >> 3 & 3 != 3:  # only MPEG-1 has this table
        return None
    return len(data) * 8 / (_MP3_RATES[data[place + 2] >> 4] * 1000)
