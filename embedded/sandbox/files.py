"""Files a customer sends: given in the request, uploaded before, or one of ours when only the kind is named."""

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass

from embedded.sandbox.accounts import JSON
from embedded.sandbox.world import Misused, World


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as a customer's device has it."""

    name: str
    media_type: str
    data: bytes


def given_file(world: World, given: JSON, kind: str) -> File:
    """`given["file"]`: {data: base64} or {id: of an upload}, with name and media_type; nothing gives a small one of the kind.

    Raises `Misused` when the upload is unknown or the data is no base64.
    """
    wanted = given.get("file")
    sample = _SAMPLES.get(kind, _SAMPLES["document"])
    if not wanted:
        return sample
    if not isinstance(wanted, dict):
        raise Misused('file must be an object: {"name", "media_type", "data": base64} or {"id"}')
    name, media_type = wanted.get("name"), wanted.get("media_type")
    if wanted.get("id"):
        media = world.store.media(str(wanted["id"]))
        if media is None:
            raise Misused(f"there is no uploaded file {wanted['id']}")
        return File(name=str(name or media.name), media_type=str(media_type or media.media_type), data=media.data)
    try:
        data = base64.b64decode(str(wanted.get("data", "")), validate=True)
    except binascii.Error as error:
        raise Misused("data must be base64") from error
    return File(
        name=sample.name if name is None else str(name),
        media_type=sample.media_type if media_type is None else str(media_type),
        data=data,
    )


def _png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    rows = (b"\x00" + bytes(colour) * width) * height

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _wav(seconds: float = 0.5) -> bytes:
    data = b"\x00\x00" * int(8000 * seconds)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", len(data)
    )
    return head + data


def _ogg() -> bytes:
    """An Ogg page with an Opus head: enough to be recognised as a voice note."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 16000, 0, 0)
    return b"OggS" + struct.pack("<BBQIIIB", 0, 2, 0, 1, 0, 0, 1) + bytes([len(head)]) + head


_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_MP4 = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"mp42", 0, b"mp42", b"isom") + struct.pack(">I4s", 8, b"mdat")
_SAMPLES = {
    "image": File(name="photo.png", media_type="image/png", data=_png(320, 200, (70, 130, 180))),
    "sticker": File(name="sticker.png", media_type="image/png", data=_png(64, 64, (240, 180, 40))),
    "audio": File(name="sound.wav", media_type="audio/wav", data=_wav()),
    "voice": File(name="voice.ogg", media_type="audio/ogg; codecs=opus", data=_ogg()),
    "video": File(name="clip.mp4", media_type="video/mp4", data=_MP4),
    "document": File(name="letter.pdf", media_type="application/pdf", data=_PDF),
}
