"""One stored event in our words: what customers write, choose, react to, change; what the business sent from its own phone."""

import json
from collections.abc import Mapping
from typing import Any

from omni_app.channels.adapters.whatsapp.content import content_of
from omni_app.channels.adapters.whatsapp.news import account_news, is_news
from omni_app.channels.adapters.whatsapp.reading import number_of, part, parts, sender_of, text_of, time_of
from omni_app.channels.adapters.whatsapp.statuses import status_events
from omni_app.channels.adapters.whatsapp.wishes import is_stop_button, wish_of
from omni_app.channels.contract import (
    AccountNotice,
    AddressChange,
    ConsentChange,
    Correction,
    Echo,
    Identifier,
    Ignored,
    InboundEvent,
    InboundMessage,
    Reaction,
    Sender,
)
from omni_app.infra.errors import Invalid


def parse_event(body: bytes) -> list[InboundEvent]:
    """What one event of `split_webhook` means. Raises `Invalid` when it has not the shape of one."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("This is not JSON.") from error
    if not isinstance(event, dict) or not isinstance(event.get("value"), dict):
        raise Invalid("This is not an event of WhatsApp: it has no value.")
    field, value = text_of(event.get("field"), 100), event["value"]
    if field in {"", "messages", "smb_message_echoes", "user_preferences"}:
        found = _customer_events(value)
        if found:
            return found
        if _has_odd(value):
            raise Invalid("This event has another shape than WhatsApp's.")
    if is_news(field):
        return account_news(field, value)
    return [Ignored(why=f"News of the kind “{field or 'unknown'}” need nothing done.")]


def _customer_events(value: Mapping[str, Any]) -> list[InboundEvent]:
    contacts = parts(value, "contacts")
    found: list[InboundEvent] = []
    for message in parts(value, "messages"):
        found.extend(_message_events(message, contacts))
    for status in parts(value, "statuses"):
        found.extend(status_events(status, contacts))
    for echo in parts(value, "message_echoes"):
        found.append(_echo(echo, contacts))
    for wish in parts(value, "user_preferences"):
        found.append(_preference(wish, contacts))
    for error in parts(value, "errors"):
        data = part(error, "error_data")
        said = text_of(data.get("details") or error.get("message") or error.get("title"), 300)
        found.append(AccountNotice(text=f"WhatsApp reports a problem: {said or 'without words'}"))
    return found


def _has_odd(value: Mapping[str, Any]) -> bool:
    return any(name in value for name in ("messages", "statuses", "message_echoes", "user_preferences"))


def _message_events(message: Mapping[str, Any], contacts: list[dict[str, Any]]) -> list[InboundEvent]:
    id_, kind = text_of(message.get("id"), 300), text_of(message.get("type"), 40)
    if not id_:
        raise Invalid("This message has no id.")
    if kind == "system":
        return [_system(message)]
    if message.get("group_id"):
        return [Ignored(why="Messages of groups are not answered here.")]
    sender = sender_of(contacts, message.get("from"), message.get("from_user_id"))
    if sender is None:
        raise Invalid("This message does not say who sent it.")
    if kind == "reaction":
        reaction = part(message, "reaction")
        target = text_of(reaction.get("message_id"), 300)
        if not target:
            raise Invalid("This reaction names no message.")
        return [Reaction(sender=sender, target_id=target, emoji=text_of(reaction.get("emoji"), 20))]
    if kind in {"edit", "edited", "revoke", "deleted"}:
        return [_correction(message, kind, sender)]
    if kind == "request_welcome":
        return [Ignored(why="The customer opened the chat and has not written yet.")]
    return _said(message, id_, kind, sender)


def _said(message: Mapping[str, Any], id_: str, kind: str, sender: Sender) -> list[InboundEvent]:
    content, context = content_of(message), part(message, "context")
    details = dict(content.details)
    if context.get("forwarded") is True or context.get("frequently_forwarded") is True:
        details["is_forwarded"] = True
    if referral := _referral(message):
        details["referral"] = referral
    wish = wish_of(content.text) if kind == "text" else None
    events: list[InboundEvent] = [
        InboundMessage(
            id=id_,
            sender=sender,
            text=content.text,
            sent_at=time_of(message.get("timestamp")),
            kind=content.kind,
            details=details,
            media=content.media,
            answers_id=text_of(context.get("id"), 300),
            # Who wants no more messages gets none for saying so.
            automatic="asked for no more messages" if wish is False else "",
        )
    ]
    if wish is not None:
        events.append(ConsentChange(sender=sender, purpose="channel", is_given=wish, reason=f"wrote “{content.text}”"))
    elif content.kind == "reply" and is_stop_button(content.text):
        events.append(ConsentChange(sender=sender, purpose="marketing", is_given=False, reason=f"pressed “{content.text}”"))
    return events


def _referral(message: Mapping[str, Any]) -> dict[str, str]:
    """The advertisement the customer came from."""
    referral = part(message, "referral")
    names = ("source_url", "source_type", "source_id", "headline", "body")
    return {name: text for name in names if (text := text_of(referral.get(name), 500))}


def _correction(message: Mapping[str, Any], kind: str, sender: Sender) -> InboundEvent:
    change = part(message, kind) or part(message, "edit") or part(message, "revoke")
    target = text_of(change.get("original_message_id") or change.get("message_id") or part(message, "context").get("id"), 300)
    if not target:
        raise Invalid("This change names no message.")
    if kind in {"revoke", "deleted"}:
        return Correction(sender=sender, target_id=target, text=None)
    inner = part(change, "message") or change
    return Correction(sender=sender, target_id=target, text=content_of(inner).text)


def _system(message: Mapping[str, Any]) -> InboundEvent:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system"""
    system = part(message, "system")
    kind = text_of(system.get("type"), 60)
    if kind in {"user_changed_number", "customer_changed_number"}:
        old, new = number_of(message.get("from")), number_of(system.get("wa_id") or system.get("new_wa_id"))
        if old is not None and new is not None:
            return AddressChange(old=old, new=new)
    if kind == "user_changed_user_id":
        before = text_of(system.get("previous_user_id") or message.get("from_user_id"), 200)
        after = text_of(system.get("user_id"), 200)
        if before and after:
            return AddressChange(old=Identifier(kind="external", value=before), new=Identifier(kind="external", value=after))
    return Ignored(why=text_of(system.get("body"), 200) or f"A system message of the kind “{kind}”.")


def _echo(message: Mapping[str, Any], contacts: list[dict[str, Any]]) -> InboundEvent:
    """Written in the WhatsApp Business app: a person of the business answered."""
    kind, id_ = text_of(message.get("type"), 40), text_of(message.get("id"), 300)
    if kind in {"edit", "revoke", "reaction"}:
        return Ignored(why="Something sent from the WhatsApp Business app was changed there.")
    recipient = sender_of(contacts, message.get("to"), message.get("to_user_id"))
    if not id_ or recipient is None:
        raise Invalid("This message does not say to whom it went.")
    content = content_of(message)
    text = content.text if content.kind != "unsupported" else "Something was sent from the phone that cannot be shown here."
    return Echo(
        id=id_,
        recipient=recipient,
        text=text,
        sent_at=time_of(message.get("timestamp")),
        kind=content.kind,
        details=content.details,
        media=content.media,
    )


def _preference(wish: Mapping[str, Any], contacts: list[dict[str, Any]]) -> InboundEvent:
    sender = sender_of(contacts, wish.get("wa_id"), wish.get("user_id"))
    given = {"stop": False, "resume": True}.get(text_of(wish.get("value"), 20).lower())
    if sender is None:
        raise Invalid("This preference does not say whose it is.")
    if given is None or text_of(wish.get("category"), 60) not in {"", "marketing_messages"}:
        return Ignored(why="A preference that is not about marketing messages.")
    return ConsentChange(
        sender=sender, purpose="marketing", is_given=given, reason=text_of(wish.get("detail"), 200) or "said so in WhatsApp"
    )
