"""Hand over one message, once, and the sign that an answer is being written.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages. There is no key that would make
a repeated send harmless: `biz_opaque_callback_data` comes back in the statuses and tells what became of one nobody answered for.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from omni_app.channels.adapters.whatsapp.formatting import to_whatsapp
from omni_app.channels.adapters.whatsapp.graph import call
from omni_app.channels.adapters.whatsapp.media import kind_of, upload
from omni_app.channels.adapters.whatsapp.reading import parts, text_of
from omni_app.channels.adapters.whatsapp.settings import CAPABILITIES, WhatsAppSettings
from omni_app.channels.adapters.whatsapp.templates import template_body
from omni_app.channels.contract import Identifier, OutboundMessage, Receipt
from omni_app.channels.failures import Refused, Uncertain
from omni_app.infra.http import Http

LONGEST_CAPTION = 1024
LONGEST_QUESTION = 1024
MOST_BUTTONS, LONGEST_BUTTON = 3, 20
MOST_ROWS, LONGEST_ROW, LONGEST_ROW_TEXT = 10, 24, 72
CAPTIONED = frozenset({"image", "video", "document"})
_A = {"image": "an image", "video": "a video", "document": "a document"}
# On the button that opens the list; its own sign is understood in every language.
OPEN_LIST = "☰"


async def send_message(message: OutboundMessage, settings: WhatsAppSettings, http: Http) -> Receipt:
    """Raises `Refused`, `Revoked`, `Unavailable`, or `Uncertain` when it may have been taken."""
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message.to),
        **await _content(message, settings, http),
        "biz_opaque_callback_data": str(message.delivery_id),
    }
    if message.answers_id and message.reaction is None:
        body["context"] = {"message_id": message.answers_id}
    answer = await call(settings, http, "POST", f"{settings.phone_number_id}/messages", json=body, is_once=True)
    sent = parts(answer, "messages")
    provider_id = text_of(sent[0].get("id"), 300) if sent else ""
    if not provider_id:
        raise Uncertain("WhatsApp's answer names no message; it may have been taken.")
    return Receipt(provider_id=provider_id)


async def mark_typing(provider_id: str, settings: WhatsAppSettings, http: Http) -> None:
    """Mark the customer's message as read and show that an answer is being written, for 25 seconds at most."""
    body = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": provider_id,
        "typing_indicator": {"type": "text"},
    }
    await call(settings, http, "POST", f"{settings.phone_number_id}/messages", json=body)


def _recipient(to: Sequence[Identifier]) -> dict[str, str]:
    """The number when there is one: given both, Meta takes the number anyway."""
    for one in to:
        if one.kind == "phone":
            return {"to": one.value.lstrip("+")}
    for one in to:
        if one.kind == "external":
            # Digits are a number that is none for us; an id of a person begins with a country.
            return {"to": one.value} if one.value.isdigit() else {"recipient": one.value}
    raise Refused("This customer has neither a phone number nor a WhatsApp id.", kind="recipient")


async def _content(message: OutboundMessage, settings: WhatsAppSettings, http: Http) -> dict[str, Any]:
    if message.reaction is not None:
        return {"type": "reaction", "reaction": {"message_id": message.answers_id, "emoji": message.reaction}}
    text = to_whatsapp(message.text)
    if message.template is not None:
        return {"type": "template", "template": template_body(message.template, await _header(message, settings, http))}
    if message.files:
        return await _file(message, text, settings, http)
    if not text.strip():
        raise Refused("There is nothing to send.", kind="content")
    most = CAPABILITIES.text_limit.most
    if len(text) > most:
        raise Refused(f"This text has {len(text):,} characters; WhatsApp takes {most:,}.", kind="content")
    if message.choices:
        return _question(text, message.choices, most)
    return {"type": "text", "text": {"body": text, "preview_url": False}}


async def _header(message: OutboundMessage, settings: WhatsAppSettings, http: Http) -> dict[str, Any] | None:
    """What stands at the top of a template: a file uploaded to Meta, or one that Meta fetches from its address."""
    assert message.template is not None
    kind, link = message.template.header_kind, message.template.header_media
    if message.files:
        file = message.files[0]
        shown = kind_of(file)
        if kind and shown != kind:
            raise Refused(f"“{file.name}” cannot stand at the top of this template, which takes {_A[kind]}.", kind="content")
        content = {"id": await upload(file, settings, http)}
        if shown == "document":
            content["filename"] = file.name
        return {"type": shown, shown: content}
    if not kind or not link:
        return None
    content = {"link": link}
    if kind == "document":
        content["filename"] = unquote(urlsplit(link).path.rpartition("/")[2])[:200] or "document"
    return {"type": kind, kind: content}


async def _file(message: OutboundMessage, text: str, settings: WhatsAppSettings, http: Http) -> dict[str, Any]:
    if len(message.files) > 1:
        raise Refused("WhatsApp takes one file a message.", kind="content")
    file = message.files[0]
    kind = kind_of(file)
    if text and (kind not in CAPTIONED or len(text) > LONGEST_CAPTION):
        raise Refused(f"WhatsApp takes no text of this length with a file of the type {file.media_type}.", kind="content")
    content: dict[str, Any] = {"id": await upload(file, settings, http)}
    if text:
        content["caption"] = text
    if kind == "document":
        content["filename"] = file.name
    return {"type": kind, kind: content}


def _question(text: str, choices: Sequence[str], most: int) -> dict[str, Any]:
    """Buttons for up to three short choices, a list for up to ten; else the choices stand numbered below the text."""
    titles = [" ".join(one.split()) for one in choices if one.strip()]
    is_distinct = len({one[:LONGEST_ROW] for one in titles}) == len(titles)
    if titles and len(text) <= LONGEST_QUESTION and is_distinct:
        if len(titles) <= MOST_BUTTONS and all(len(one) <= LONGEST_BUTTON for one in titles):
            buttons = [{"type": "reply", "reply": {"id": f"choice:{at}", "title": one}} for at, one in enumerate(titles)]
            return _interactive("button", text, {"buttons": buttons})
        if len(titles) <= MOST_ROWS:
            rows = [_row(at, one) for at, one in enumerate(titles)]
            return _interactive("list", text, {"button": OPEN_LIST, "sections": [{"rows": rows}]})
    numbered = "\n".join([text, "", *(f"{at}. {one}" for at, one in enumerate(titles, 1))]) if titles else text
    return {"type": "text", "text": {"body": numbered if len(numbered) <= most else text, "preview_url": False}}


def _row(at: int, choice: str) -> dict[str, str]:
    if len(choice) <= LONGEST_ROW:
        return {"id": f"choice:{at}", "title": choice}
    return {"id": f"choice:{at}", "title": choice[: LONGEST_ROW - 1] + "…", "description": choice[:LONGEST_ROW_TEXT]}


def _interactive(kind: str, text: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}
