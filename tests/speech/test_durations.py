"""How long a sound may be: read from its head, never below what its size allows, never unbounded."""

import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.speech.durations import minutes_of, seconds_of


def wav(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(16_000)
        made.writeframes(b"\0\0" * 16_000 * seconds)
    return out.getvalue()


def opus(seconds: float, size: int) -> bytes:
    page = b"OggS\0\4" + struct.pack("<q", int(seconds * 48_000)) + bytes(14)
    return b"OggS\0\2" + bytes(22) + b"OpusHead" + bytes(max(0, size - 64)) + page


def mp4(seconds: int, *, version: int = 0) -> bytes:
    head = struct.pack(">IIII", 0, 0, 1000, seconds * 1000) if version == 0 else struct.pack(">QQIQ", 0, 0, 1000, seconds * 1000)
    return b"\0\0\0\x20ftypM4A " + bytes(8000) + b"mvhd" + bytes((version, 0, 0, 0)) + head


@pytest.mark.parametrize(
    ("data", "media_type", "seconds"),
    [
        (wav(12), "audio/wav", 12),
        (opus(30, 60_000), "audio/ogg", 30),
        (mp4(9), "audio/mp4", 9),
        (mp4(9, version=1), "audio/mp4", 9),
        (b"\xff\xfb\x90\x64" + bytes(16_000 * 7), "audio/mpeg", 7),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xfb\x90\x64" + bytes(16_000 * 7), "audio/mpeg", 7),
    ],
)
def test_a_head_is_believed(data: bytes, media_type: str, seconds: float) -> None:
    assert seconds_of(data, media_type) == pytest.approx(seconds, rel=0.02)


def test_a_head_that_lies_is_held_against_the_size() -> None:
    assert seconds_of(opus(0.001, 10_000_000), "audio/ogg") >= 50
    assert seconds_of(opus(10**9, 1_000), "audio/ogg") < 2


@pytest.mark.parametrize("data", [b"", b"OggS", b"RIFF\0\0\0\0WAVEfmt ", b"mvhd", b"\xff", b"ID3"])
def test_without_a_readable_head_the_thinnest_sound_counts(data: bytes) -> None:
    for media_type in ("audio/ogg", "audio/wav", "audio/mp4", "audio/mpeg", "audio/amr"):
        assert seconds_of(data, media_type) == len(data) * 8 / 4_750


@settings(max_examples=40)
@given(st.binary(max_size=300), st.sampled_from(["audio/ogg", "audio/wav", "audio/mp4", "video/mp4", "audio/mpeg", "audio/amr"]))
def test_any_bytes_have_a_finite_length_within_the_bounds_of_their_size(data: bytes, media_type: str) -> None:
    for head in (b"", b"OggSOpusHead", b"fmt ", b"mvhd", b"\xff\xfb"):
        whole = head + data
        assert len(whole) * 8 / 1_536_000 <= seconds_of(whole, media_type) <= len(whole) * 8 / 4_750 or not whole


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (1, 1), (60, 1), (60.1, 2), (3600, 60)])
def test_begun_minutes_count(seconds: float, minutes: int) -> None:
    assert minutes_of(seconds) == minutes
