"""Files: up before they are sent, down after they came.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media. An id of a webhook can be
fetched for seven days; the address behind it for five minutes, with the token.
"""

import hashlib

from omni_app.channels.adapters.whatsapp.content import to_hex
from omni_app.channels.adapters.whatsapp.errors import raise_for
from omni_app.channels.adapters.whatsapp.graph import call
from omni_app.channels.adapters.whatsapp.reading import text_of
from omni_app.channels.adapters.whatsapp.settings import CAPABILITIES, MEGABYTE, WhatsAppSettings
from omni_app.channels.contract import InboundMedia, MediaKind, OutboundFile
from omni_app.channels.failures import Refused, Unavailable
from omni_app.infra.http import Broken, Http, TooLarge

_IMAGES = frozenset({"image/jpeg", "image/png"})
_VIDEOS = frozenset({"video/mp4", "video/3gpp"})


def kind_of(file: OutboundFile) -> MediaKind:
    """What WhatsApp shows a file as. A picture or film of another type goes as a document.

    Raises `Refused` when it is longer than its kind may be.
    """
    media_type = file.media_type.partition(";")[0].strip().lower()
    kind: MediaKind = "document"
    if media_type in _IMAGES:
        kind = "image"
    elif media_type in _VIDEOS:
        kind = "video"
    elif media_type.startswith("audio/") and media_type in CAPABILITIES.media_types:
        kind = "audio"
    most = CAPABILITIES.media[kind]
    # What is too large to be shown can still be handed over.
    if len(file.data) > most and kind in {"image", "video"}:
        kind, most = "document", CAPABILITIES.media["document"]
    if len(file.data) > most:
        size = len(file.data) / MEGABYTE
        raise Refused(f"“{file.name}” has {size:.0f} MB; WhatsApp takes {most // MEGABYTE} MB.", kind="content")
    return kind


async def upload(file: OutboundFile, settings: WhatsAppSettings, http: Http) -> str:
    """Store a file at Meta for 30 days and give its id. Twice does no harm: nobody sees a file that is in no message."""
    answer = await call(
        settings,
        http,
        "POST",
        f"{settings.phone_number_id}/media",
        form={"messaging_product": "whatsapp", "type": file.media_type},
        files={"file": (file.name or "file", file.data, file.media_type)},
    )
    id_ = text_of(answer.get("id"), 200)
    if not id_:
        raise Unavailable("WhatsApp")
    return id_


async def download(media: InboundMedia, settings: WhatsAppSettings, http: Http, most_bytes: int) -> bytes:
    """The bytes behind a media id, as long and as hashed as promised. Raises `Refused`, `Unavailable`, `Revoked`."""
    if not media.ref.isalnum():
        raise Refused("This file has no id at WhatsApp.", kind="content")
    found = await call(settings, http, "GET", media.ref, query={"phone_number_id": settings.phone_number_id})
    url, size = text_of(found.get("url"), 4000), text_of(found.get("file_size"), 20)
    if not url:
        raise Refused("WhatsApp does not say where this file is.")
    if size.isdigit() and int(size) > most_bytes:
        raise _too_large(int(size), most_bytes)
    token = settings.access_token.get_secret_value()
    try:
        # One byte more, so that a file that is cut off shows.
        answer = await http.request(
            "GET", url, headers={"authorization": f"Bearer {token}"}, timeout=60.0, most_bytes=most_bytes + 1
        )
    except TooLarge as error:
        raise Refused(f"This file is larger than {most_bytes / MEGABYTE:.0f} MB.", kind="content") from error
    except Broken as error:
        raise Unavailable("WhatsApp") from error
    if answer.status == 404:
        raise Refused("This file is no longer at WhatsApp.", code="404")
    raise_for(answer)
    if len(answer.body) > most_bytes:
        raise _too_large(len(answer.body), most_bytes)
    promised = to_hex(found.get("sha256")) or media.sha256
    if promised and hashlib.sha256(answer.body).hexdigest() != promised:
        raise Unavailable("The whole file")
    return answer.body


def _too_large(size: int, most: int) -> Refused:
    return Refused(f"This file has {size / MEGABYTE:.1f} MB; {most / MEGABYTE:.0f} MB are taken.", kind="content")
