"""What a customer can do on each channel, as the simulator's inbound call takes it (docs/sandbox.md)."""

import html
from typing import Any

from omni_app.infra.errors import Invalid
from omni_app.ui.pages.sandbox.samples import letter, picture, voice_note

CHAT_KINDS = [
    ("text", "Text"),
    ("image", "Picture"),
    ("voice", "Voice note"),
    ("document", "Document"),
    ("location", "Location"),
    ("reaction", "Reaction 👍 to the last answer"),
    ("unsupported", "Something no program can show"),
    ("batch", "Three messages at once"),
    ("twice", "The same message twice"),
]
SMS_KINDS = [("text", "Text"), ("twice", "The same message twice")]
MAIL_KINDS = [
    ("text", "Mail"),
    ("html", "Mail with HTML, signature and a quote"),
    ("file", "Mail with a file"),
    ("auto", "Automatic reply (out of office)"),
    ("latin", "Mail in an old character set"),
    ("twice", "The same mail twice"),
]
_WITHOUT_TEXT = {"image", "voice", "document", "location", "reaction", "unsupported", "file"}
_FORMER = "What was said before."

_PEOPLE = ("Ann Lee", "Omar Haddad", "Sofia Marin", "Kenji Ito", "Grace Okafor", "Lukas Weber", "Priya Nair", "Tom Byrne")


def propose_customer(channel: str, number: int) -> tuple[str, str]:
    """A name and an address for the next customer of this channel; `number` counts those there are."""
    name = _PEOPLE[number % len(_PEOPLE)]
    if channel == "email":
        return name, f"{name.lower().replace(' ', '.')}@customers.example"
    if channel in {"telegram", "instagram"}:
        return name, str(5_550_100 + number)
    return name, f"+1 902 555 {100 + number:04d}"


def read_address(channel: str, kind: str, address: str) -> str:
    """The address as the provider writes it. Raises `Invalid` on `address`."""
    if channel == "email":
        if "@" not in address or " " in address or len(address) > 254:
            raise Invalid("Write a mail address, like ann@example.com.", "address")
        return address.lower()
    digits = "".join(filter(str.isdigit, address))
    if channel in {"telegram", "instagram"}:
        if not 1 <= len(digits) <= 16:
            raise Invalid("Write an id of 1 to 16 digits.", "address")
        return digits
    if not 8 <= len(digits) <= 15:
        raise Invalid("Write a number with its country code, like +1 902 555 0123.", "address")
    return digits if kind in {"whatsapp", "exotel"} else f"+{digits}"


def act(channel: str, kind: str, text: str, last: str = "") -> dict[str, Any]:
    """One thing a customer does in a chat; `last` is the id of the newest answer. Raises `Invalid` on `text` or `kind`."""
    _check(text, kind, SMS_KINDS if channel == "sms" else CHAT_KINDS)
    if kind == "batch":
        return {"messages": [{"text": f"{text} ({number})"} for number in (1, 2, 3)]}
    if kind == "twice":
        return {"text": text, "copies": 2}
    if kind == "reaction":
        if not last:
            raise Invalid("There is no answer to react to yet.", "kind")
        return {"type": "reaction", "target": last, "emoji": "👍"}
    given: dict[str, Any] = {"type": kind, "text": text}
    if kind == "image":
        given["file"] = {"name": "landscape.png", "media_type": "image/png", "data": picture()}
    elif kind == "voice":
        given["file"] = {"name": "note.ogg", "media_type": "audio/ogg; codecs=opus", "data": voice_note()}
    elif kind == "document":
        given["file"] = {"name": "letter.txt", "media_type": "text/plain", "data": letter()}
    return given


def press_choice(kind: str, title: str, message_id: str) -> dict[str, Any]:
    """The customer presses a quick reply."""
    pressed = "button_reply" if kind == "whatsapp" else "text"
    return {"type": pressed, "text": title, "reply_id": title, "reply_to": message_id}


def write_mail(kind: str, text: str, subject: str, name: str, last: str = "") -> dict[str, Any]:
    """One mail; without a subject it answers `last`, the id of the newest mail of ours. Raises `Invalid` on `text` or `kind`."""
    _check(text, kind, MAIL_KINDS)
    given: dict[str, Any] = {"text": text or "See the file.", "subject": subject}
    if last and not subject:
        given["reply_to"] = last
    elif not subject:
        given["subject"] = "A question"
    if kind == "html":
        given |= _with_html(text, name)
    elif kind == "file":
        given["files"] = [{"name": "letter.txt", "media_type": "text/plain", "data": letter()}]
    elif kind == "auto":
        given["headers"] = {"Auto-Submitted": "auto-replied"}
    elif kind == "latin":
        if text != text.encode("iso-8859-1", "replace").decode("iso-8859-1"):
            raise Invalid("That character set has Western European letters only.", "text")
        given["charset"] = "iso-8859-1"
    elif kind == "twice":
        given["copies"] = 2
    return given


def _check(text: str, kind: str, kinds: list[tuple[str, str]]) -> None:
    if kind not in {value for value, _ in kinds}:
        raise Invalid("Choose what to send.", "kind")
    if not text and kind not in _WITHOUT_TEXT:
        raise Invalid("Write what the customer says.", "text")


def _with_html(text: str, name: str) -> dict[str, Any]:
    signature = f"-- \n{name}\nSent from my phone"
    quote = f"On Monday, somebody wrote:\n> {_FORMER}"
    return {
        "html": (
            f"<p>{_escaped(text)}</p><p>{_escaped(signature)}</p>"
            f'<div class="gmail_quote">On Monday, somebody wrote:<blockquote>{_FORMER}</blockquote></div>'
        ),
        "text": f"{text}\n\n{signature}\n\n{quote}",
        "quote": False,
    }


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
