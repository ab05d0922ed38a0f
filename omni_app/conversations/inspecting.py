"""Files that come over a channel: anything a mail may hold, so more is kept than a visitor may upload, and nothing of it can act.

What looks like a program, hides one, or unpacks to far more than it is, is refused in words. Markup (HTML, SVG) is kept as plain
text, everything unknown as bytes to download; only pictures, sounds and films are ever shown in a page.
"""

import re

import puremagic

from omni_app.conversations.archives import look_into
from omni_app.conversations.sniffing import EXTENSIONS, RUNNABLE, clean_name, find_media_type, looks_like_text
from omni_app.infra.errors import Invalid

UNKNOWN = "application/octet-stream"

_PROGRAMS = (
    *(b"MZ", b"\x7fELF", b"#!/", b"#! /", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"\xca\xfe\xba\xbe", b"\0asm", b"dex\n", b"L\0\0\0\x01\x14\x02\0"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_TYPES = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
# Brands of ISO base media files (https://mp4ra.org/registered-types/brands) that stand for something else than MP4 video.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    b"qt  ": "video/quicktime",
}
_MEDIA = re.compile(r"(?:image|audio|video)/[a-z0-9.+-]{2,40}")
# Text whose ending says how to read it and that no system runs.
_PLAIN = frozenset(("ics", "vcf", "json", "eml", "tsv", "yaml", "yml", "srt", "tex", "rtf", "ini", "toml", "geojson", "gpx"))


def find_inbound_type(data: bytes, name: str) -> str:
    """The media type under which a received file is kept. Raises `Invalid` (field `file`) with what is wrong with it."""
    if not data:
        raise Invalid("This file is empty.", "file")
    if data.startswith(_PROGRAMS):
        raise Invalid("This file is a program. Programs are not kept.", "file")
    if data.startswith(b"#!AMR"):  # what phones record, RFC 4867
        return "audio/amr"
    if data.startswith(_OLE):
        return _old_office(data, name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return look_into(data)
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        return _BRANDS[data[8:12]]
    try:
        return find_media_type(data, name)
    except Invalid as refused:
        if "pixels" in str(refused):
            raise
    if looks_like_text(data):
        return "text/plain"
    return _other(data)


def _old_office(data: bytes, name: str) -> str:
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Invalid("This document holds macros, which can act as programs. It was not kept.", "file")
    return _OLE_TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN)


def _other(data: bytes) -> str:
    """What puremagic makes of it, as long as that is a picture, a sound or a film; it is never shown in a page all the same."""
    if data[4:8] == b"ftyp":
        return "video/mp4"
    try:
        found = puremagic.magic_string(data[:4096])
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    best = next((one.mime_type for one in found if one.mime_type), "")
    return best if _MEDIA.fullmatch(best) and "svg" not in best and best not in EXTENSIONS else UNKNOWN


def clean_inbound_name(name: str, media_type: str) -> str:
    """As `clean_name`; a file of another type keeps its ending unless a system would run it."""
    ending = name.rpartition(".")[2].strip().lower() if "." in name else ""
    is_tame = re.fullmatch(r"[a-z0-9]{1,8}", ending) is not None and ending not in RUNNABLE
    if media_type in EXTENSIONS and not (media_type == "text/plain" and ending in _PLAIN):
        return clean_name(name, media_type)
    kept = ending if is_tame else "bin"
    stem = name.rpartition(".")[0] if is_tame else name
    return clean_name(f"{stem or 'file'}.txt", "text/plain").removesuffix("txt") + kept
