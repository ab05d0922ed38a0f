"""Files: a visitor uploads one, anyone with a signed link reads it."""

import re
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from omni_app.api.access import client_of
from omni_app.api.chat.session import read_session
from omni_app.conversations.attachments import MAX_BYTES, AttachmentView, keep_upload, open_link, uploader_of
from omni_app.conversations.mail_html import open_html_link
from omni_app.customers.addresses import Address
from omni_app.infra.errors import Invalid, NotFound, SignedOut
from omni_app.infra.scope import system_scope
from omni_app.limits.addresses import UPLOAD_WINDOW, UPLOADS, address_block, take_upload
from omni_app.limits.refusals import note_refusal
from omni_app.tenancy.businesses import find_business_by_widget_key

router = APIRouter(tags=["Website chat"])

# A file is data, never a page: it runs nothing, loads nothing and is framed by nobody, whatever its bytes say.
_POLICY = "sandbox; default-src 'none'"
# A browser that opens a sound by itself makes a page with a player in it.
_PLAYER_POLICY = f"{_POLICY}; media-src 'self'"
# A mail may show its own pictures and styles; its links open beside Omni, and nobody but our pages frames it.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_SHOWN = frozenset(
    (
        *("image/png", "image/jpeg", "image/gif", "image/webp"),
        *("audio/mpeg", "audio/ogg", "audio/mp4", "audio/wav", "video/mp4"),
    )
)
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


@router.post("/chat/{widget_key}/attachments", summary="Upload a file for the next message", include_in_schema=False)
async def upload(widget_key: str, request: Request) -> JSONResponse:
    """Multipart `file` and `session` (the widget's token) → {"id", "name", "media_type", "size"}.

    Raises `NotFound` (widget), `SignedOut`, `Invalid` (field `file`), `TooMany`.
    """
    business = await find_business_by_widget_key(widget_key)
    if business is None:
        raise NotFound("widget")
    ip = client_of(request).ip
    request.scope["omni_limit"] = decision = await take_upload(ip)
    if not decision.allowed:
        note_refusal(business.id, decision.name, "address", address_block(ip), UPLOADS, UPLOAD_WINDOW)
    decision.require("Many files came from your network within the hour. Try again later.")
    form = await _read_form(request)
    try:
        session, file = form.get("session"), form.get("file")
        visitor_id = read_session(business.id, session)
        if visitor_id is None:
            raise SignedOut("This chat session is not valid. Open the chat again.")
        if not isinstance(file, UploadFile):
            raise Invalid("Choose a file.", "file")
        data = await file.read(MAX_BYTES + 1)
        visitor = Address(kind="external", channel="chat", value=visitor_id)
        kept = await keep_upload(system_scope(business.id), data, file.filename or "", uploaded_by=uploader_of(visitor))
    finally:
        await form.close()
    return JSONResponse(_view(kept), headers={"Cache-Control": "no-store"})


async def _read_form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("Send the file as multipart/form-data.", "file")
    try:
        return await request.form(max_files=1, max_fields=4, max_part_size=4096)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise Invalid("This upload could not be read. Send one file as multipart/form-data.", "file") from error


def _view(kept: AttachmentView) -> dict[str, Any]:
    return {"id": str(kept.id), "name": kept.name, "media_type": kept.media_type, "size": kept.size}


@router.get("/files/html/{token}", summary="Show a mail by its signed link", include_in_schema=False)
async def show_mail(token: str) -> Response:
    """The mail's HTML, sanitised, for a frame of our own pages. Raises `Forbidden`, `NotFound`."""
    headers = {"Content-Security-Policy": _MAIL_POLICY, "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return Response(await open_html_link(token), media_type="text/html; charset=utf-8", headers=headers)


@router.get("/files/{token}", summary="Read a file by its signed link", include_in_schema=False)
async def read(token: str, request: Request) -> Response:
    """The file's bytes, or those a `Range` asks for. Pictures, sounds and films show in the page; everything else is offered as a
    download. Raises `Forbidden`, `NotFound`."""
    file = await open_link(token)
    disposition = "inline" if file.media_type in _SHOWN else "attachment"
    plain = file.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    media_type = file.media_type + ("; charset=utf-8" if file.media_type == "text/plain" else "")
    headers = {
        # RFC 6266: the plain name for old readers, the exact one after it.
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "private, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
        # The widget paints pictures itself: the pages it lives on may allow no image element.
        "Access-Control-Allow-Origin": "*",
        "Referrer-Policy": "no-referrer",
    }
    if not file.media_type.startswith(("audio/", "video/")):
        return Response(file.data, media_type=media_type, headers=headers)
    headers |= {"Accept-Ranges": "bytes", "Content-Security-Policy": _PLAYER_POLICY}
    return _part(file.data, request.headers.get("range", ""), media_type, headers)


def _part(data: bytes, asked: str, media_type: str, headers: dict[str, str]) -> Response:
    """One range of the bytes (RFC 9110, section 14); players need it to jump, and Safari to play at all."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not any(match.groups()):
        return Response(data, media_type=media_type, headers=headers)
    size = len(data)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(data[first : last + 1], status_code=206, media_type=media_type, headers=headers)
