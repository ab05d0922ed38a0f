"""The files of a message, as shown. Plain functions and dataclasses; nothing here touches data."""

from collections.abc import Mapping
from dataclasses import dataclass

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PENDING = "It is being fetched. It shows here by itself."


@dataclass
class File:
    """One attachment. `kind`: image, audio, video, file; `status`: stored, pending, failed, refused.

    `problem` says in words why there is nothing to open; `transcript` is what a voice note says. `url` is a signed link, made for
    pictures when they are drawn and for the rest when somebody opens or plays it; `thumb` that of the small picture.
    """

    id: str = ""
    name: str = ""
    size: str = ""
    kind: str = "file"
    status: str = "stored"
    problem: str = ""
    transcript: str = ""
    has_thumb: bool = False
    url: str = ""
    thumb: str = ""


def file_of(item: Mapping[str, object]) -> File:
    """One entry of `messages.attachments`; the names of older ones may be missing."""
    media_type, status = _text(item, "media_type"), _text(item, "status") or "stored"
    size = int(_text(item, "size") or 0)
    return File(
        id=_text(item, "id"),
        name=_text(item, "name") or "file",
        size=size_words(size) if size else "",
        kind=_kind(media_type),
        status=status,
        problem=_text(item, "problem") or (_PENDING if status == "pending" else ""),
        transcript=_text(item, "transcript"),
        has_thumb=bool(item.get("has_thumbnail")),
        url=_text(item, "url"),
    )


def _kind(media_type: str) -> str:
    if media_type in _PICTURES:
        return "image"
    family = media_type.partition("/")[0]
    return family if family in ("audio", "video") else "file"


def _text(item: Mapping[str, object], name: str) -> str:
    return str(item.get(name) or "")


def size_words(size: int) -> str:
    """ "812 B", "12 KB", "3.4 MB"."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
