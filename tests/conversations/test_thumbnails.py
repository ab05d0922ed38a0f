"""Small pictures: upright, without what the camera wrote, and never a way to fill the memory."""

import io
import struct

import pytest
from PIL import Image

from omni_app.conversations.thumbnails import LONGEST, make_thumbnail
from tests.conversations.test_sniffing import picture


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_picture_becomes_small(kind: str) -> None:
    small = opened(await make_thumbnail(picture(kind, (1600, 800)), f"image/{kind.lower()}"))
    assert (small.format, small.size) == ("WEBP", (LONGEST, 240))


async def test_it_stands_upright_and_says_nothing_of_where_it_was_taken() -> None:
    image = Image.new("RGB", (800, 400), "#0f4c5c")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "secret garden"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"secret garden")
    data = await make_thumbnail(out.getvalue(), "image/jpeg")
    small = opened(data)
    assert small.size == (240, 480)
    assert data is not None
    assert b"secret" not in data
    assert not dict(small.getexif())


async def test_transparency_stays() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (600, 600), (1, 2, 3, 0)).save(out, "PNG")
    assert opened(await make_thumbnail(out.getvalue(), "image/png")).mode == "RGBA"


async def test_what_cannot_be_drawn_has_none() -> None:
    bomb = bytearray(picture("PNG"))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    for data, media_type in (
        (bytes(bomb), "image/png"),
        (picture("PNG")[:60], "image/png"),
        (picture("PNG"), "image/jpeg"),
        (b"<svg/>", "image/svg+xml"),
        (b"", "image/gif"),
        (b"%PDF", "application/pdf"),
    ):
        assert await make_thumbnail(data, media_type) is None
