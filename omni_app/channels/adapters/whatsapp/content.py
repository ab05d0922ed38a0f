"""What one message says: its text, its files and the details needed to show it, for each type Meta sends.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omni_app.channels.adapters.whatsapp.reading import part, parts, text_of
from omni_app.channels.contract import InboundMedia, MediaKind

MOST_PARTS = 30
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """As in `InboundMessage`."""

    text: str = ""
    kind: str = "text"
    details: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[InboundMedia, ...] = ()


def content_of(message: Mapping[str, Any]) -> Content:
    """The content of a message of any type; one that is not known says so honestly."""
    kind = text_of(message.get("type"), 40)
    read = _READERS.get(kind)
    content = read(message) if read is not None else None
    return content or _unsupported(message)


def to_hex(value: Any) -> str:
    """A SHA-256 as hex: webhooks give it in base64, the media endpoint in hex. "" when it is neither."""
    text = text_of(value, 100)
    if _HEX.fullmatch(text.lower()):
        return text.lower()
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 32 else ""


def _text(message: Mapping[str, Any]) -> Content | None:
    text = text_of(part(message, "text").get("body"))
    return Content(text=text) if text else None


def _media(name: str, kind: MediaKind) -> Callable[[Mapping[str, Any]], Content | None]:
    def read(message: Mapping[str, Any]) -> Content | None:
        file = part(message, name)
        if not (ref := text_of(file.get("id"), 200)):
            return None
        media = InboundMedia(
            kind=kind,
            name=text_of(file.get("filename"), 200),
            media_type=text_of(file.get("mime_type"), 100).lower(),
            sha256=to_hex(file.get("sha256")),
            ref=ref,
            is_voice=name == "voice" or file.get("voice") is True,
        )
        return Content(text=text_of(file.get("caption")), kind="media", media=(media,))

    return read


def _location(message: Mapping[str, Any]) -> Content | None:
    place = part(message, "location")
    try:
        latitude, longitude = float(place["latitude"]), float(place["longitude"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    said = [text_of(place.get(name), 300) for name in ("name", "address")]
    details = {"latitude": latitude, "longitude": longitude, "name": said[0], "address": said[1]}
    where = f"{latitude:.6f}, {longitude:.6f}"
    return Content(text="Location: " + ", ".join([*filter(None, said), where]), kind="location", details=details)


def _contacts(message: Mapping[str, Any]) -> Content | None:
    people = [_person(one) for one in parts(message, "contacts")[:MOST_PARTS]]
    people = [one for one in people if any(one.values())]
    if not people:
        return None
    lines = [", ".join(filter(None, (one["name"], one["company"], *one["phones"], *one["emails"]))) for one in people]
    return Content(text="\n".join(f"Contact: {line}" for line in lines), kind="contacts", details={"contacts": people})


def _person(contact: Mapping[str, Any]) -> dict[str, Any]:
    name = part(contact, "name")
    whole = text_of(name.get("formatted_name"), 200)
    return {
        "name": whole or " ".join(filter(None, (text_of(name.get("first_name"), 100), text_of(name.get("last_name"), 100)))),
        "company": text_of(part(contact, "org").get("company"), 200),
        "phones": [text for one in parts(contact, "phones")[:10] if (text := text_of(one.get("phone") or one.get("wa_id"), 50))],
        "emails": [text for one in parts(contact, "emails")[:10] if (text := text_of(one.get("email"), 200))],
    }


def _button(message: Mapping[str, Any]) -> Content | None:
    button = part(message, "button")
    text = text_of(button.get("text")) or text_of(button.get("payload"))
    if not text:
        return None
    return Content(text=text, kind="reply", details={"id": text_of(button.get("payload"), 300), "of": "template"})


def _interactive(message: Mapping[str, Any]) -> Content | None:
    interactive = part(message, "interactive")
    for name in ("button_reply", "list_reply"):
        chosen = part(interactive, name)
        if text := text_of(chosen.get("title")) or text_of(chosen.get("id")):
            details = {"id": text_of(chosen.get("id"), 300), "description": text_of(chosen.get("description"), 300)}
            return Content(text=text, kind="reply", details={**details, "of": name.removesuffix("_reply")})
    form = part(interactive, "nfm_reply")
    if not form:
        return None
    answers = _answers(form.get("response_json"))
    lines = [f"{name}: {value}" for name, value in answers.items()]
    head = text_of(form.get("body"), 300)
    # "Sent" is all that Meta says of a form itself.
    text = "\n".join(([head] if head and head != "Sent" else ["Filled in a form."]) + lines)
    return Content(
        text=text[:4000], kind="reply", details={"of": "form", "name": text_of(form.get("name"), 100), "form": answers}
    )


def _answers(value: Any) -> dict[str, str]:
    try:
        form = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return {}
    if not isinstance(form, dict):
        return {}
    shown = [(text_of(name, 100), one) for name, one in form.items() if name != "flow_token"][:MOST_PARTS]
    return {
        name: text_of(one, 1000) if isinstance(one, str | int | float) and not isinstance(one, bool) else json.dumps(one)[:1000]
        for name, one in shown
        if name
    }


def _order(message: Mapping[str, Any]) -> Content | None:
    order = part(message, "order")
    items = [
        {
            "product_id": text_of(one.get("product_retailer_id"), 200),
            "quantity": text_of(one.get("quantity"), 20),
            "price": text_of(one.get("item_price"), 40),
            "currency": text_of(one.get("currency"), 10),
        }
        for one in parts(order, "product_items")[:100]
    ]
    if not items:
        return None
    note = text_of(order.get("text"), 1000)
    lines = [f"{one['quantity'] or 1} × {one['product_id']} ({one['price']} {one['currency']})" for one in items]
    details = {"catalog_id": text_of(order.get("catalog_id"), 100), "items": items, "note": note}
    return Content(text="\n".join(["Order:", *lines, *filter(None, (note,))])[:4000], kind="order", details=details)


def _unsupported(message: Mapping[str, Any]) -> Content:
    """A poll, a message that vanishes, something newer than this program: the person did write, so staff must see that."""
    kind = text_of(message.get("type"), 40)
    if kind in {"", "unsupported", "unknown"}:
        kind = text_of(part(message, "unsupported").get("type"), 40)
    errors = parts(message, "errors")
    data = part(errors[0], "error_data") if errors else {}
    reason = text_of(data.get("details") or (errors[0].get("title") if errors else ""), 300)
    what = f"a message of the type “{kind}”" if kind else "a message"
    return Content(
        text=f"The customer sent {what} that cannot be shown here. Ask them to write it as text, or look on the phone.",
        kind="unsupported",
        details={"type": kind, "reason": reason},
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "text": _text,
    "image": _media("image", "image"),
    "video": _media("video", "video"),
    "audio": _media("audio", "audio"),
    "voice": _media("voice", "audio"),
    "document": _media("document", "document"),
    "sticker": _media("sticker", "sticker"),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
