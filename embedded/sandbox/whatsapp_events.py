"""What WhatsApp tells Omni: messages of every kind, statuses, news of the account. Shapes as in Meta's webhook reference."""

import base64
import binascii
import hashlib
import secrets
import time
from typing import Any

from embedded.sandbox.accounts import JSON, Account, Message, digits
from embedded.sandbox.files import given_file
from embedded.sandbox.meta import error_of, escaped
from embedded.sandbox.world import Misused, World

_FILES = ("image", "audio", "voice", "video", "document", "sticker")


def build_inbound(world: World, account: Account, given: JSON) -> list[str]:
    """One webhook for what a customer did, or for all of `given["messages"]` together. Returns the message ids."""
    each = [{**given, **dict(one)} for one in given.get("messages") or [{}]]
    if "field" in given or given.get("type") in _NEWS:
        return _build_news(world, account, given)
    contacts: list[JSON] = []
    messages: list[JSON] = []
    echoes: list[JSON] = []
    for one in each:
        contact, message, is_echo = _build_message(world, account, one)
        if contact not in contacts:
            contacts.append(contact)
        (echoes if is_echo else messages).append(message)
    changes = []
    if messages:
        changes.append(_change(account, "messages", {"contacts": contacts, "messages": messages}))
    if echoes:
        changes.append(_change(account, "smb_message_echoes", {"contacts": contacts, "message_echoes": echoes}))
    _post(world, account, changes, given)
    return [message["id"] for message in (*messages, *echoes)]


def _post(world: World, account: Account, changes: list[JSON], given: JSON) -> int:
    entry = {"id": account.credentials["waba_id"], "changes": changes}
    return world.post(account, "whatsapp", escaped({"object": "whatsapp_business_account", "entry": [entry]}), given)


def _change(account: Account, field: str, value: JSON) -> JSON:
    metadata = {
        "display_phone_number": account.credentials["display_phone_number"],
        "phone_number_id": account.credentials["phone_number_id"],
    }
    return {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": field}


def _identity(given: JSON) -> tuple[str, str, JSON]:
    """(address in the thread, number or "", contact object)."""
    number = "".join(filter(str.isdigit, str(given.get("from", ""))))
    user_id = str(given.get("user_id") or "")
    if not number and not user_id:
        raise Misused("from (a phone number) or user_id (a business-scoped id) is needed")
    contact: JSON = {"profile": {"name": str(given.get("name", ""))}}
    if given.get("username"):
        contact["profile"]["username"] = given["username"]
    if number:
        contact["wa_id"] = number
    if user_id:
        contact["user_id"] = user_id
    return number or user_id, number, contact


def _build_message(world: World, account: Account, given: JSON) -> tuple[JSON, JSON, bool]:
    """(contact, message, whether it is an echo of what the business wrote on its phone)."""
    address, number, contact = _identity(given)
    at = float(given.get("at") or time.time())
    kind = str(given.get("type") or ("document" if given.get("file") else "text"))
    message: JSON = {}
    is_echo = bool(given.get("echo"))
    if is_echo:
        message |= {"from": account.credentials["display_phone_number"], "to": address}
    elif number:
        message["from"] = number
    if given.get("user_id") and not is_echo:
        message["from_user_id"] = given["user_id"]
    message_id = str(given.get("id") or "wamid." + base64.b64encode(b"\x1d" + secrets.token_bytes(20)).decode())
    message |= {"id": message_id, "timestamp": str(int(at))}
    if given.get("reply_to"):
        message["context"] = {"from": account.credentials["display_phone_number"], "id": given["reply_to"]}
    content, text = _content(world, account, kind, given)
    message |= content
    message |= dict(given.get("payload") or {})
    if given.get("delete_keys"):
        message = {key: value for key, value in message.items() if key not in given["delete_keys"]}
    details = {"wa_id": number} if number else {}
    details |= {"user_id": given["user_id"]} if given.get("user_id") else {}
    if is_echo:
        world.store.add_message(
            Message(
                id=message_id,
                account_id=account.id,
                provider=account.provider,
                direction="echo",
                address=address,
                kind=kind,
                text=text,
                detail=message,
                states=[],
                at=at,
            )
        )
    else:
        world.hear(account, address, message_id, kind, text, message, name=str(given.get("name", "")), at=at, **details)
    return contact, message, is_echo


def _content(world: World, account: Account, kind: str, given: JSON) -> tuple[JSON, str]:
    """(the part of the message its kind needs, what is shown of it)."""
    text = str(given.get("text", ""))
    if kind == "text":
        return {"type": "text", "text": {"body": text}}, text
    if kind in _FILES:
        return _file(world, account, kind, given)
    if kind == "reaction":
        reaction = {"message_id": str(given.get("target", "")), "emoji": str(given.get("emoji", ""))}
        return {"type": "reaction", "reaction": reaction}, reaction["emoji"]
    if kind in ("button_reply", "list_reply"):
        reply = {"id": str(given.get("reply_id", text)), "title": text}
        return {"type": "interactive", "interactive": {"type": kind, kind: reply}}, text
    if kind == "nfm_reply":
        reply = {"name": "flow", "body": "Sent", "response_json": str(given.get("response_json", "{}"))}
        return {"type": "interactive", "interactive": {"type": kind, kind: reply}}, "Sent"
    if kind == "button":
        return {"type": "button", "button": {"payload": str(given.get("reply_id", text)), "text": text}}, text
    if kind == "location":
        place = {"latitude": float(given.get("latitude", 52.52)), "longitude": float(given.get("longitude", 13.405))}
        return {"type": "location", "location": {**place, "name": text, "address": str(given.get("address", ""))}}, text
    if kind == "contacts":
        name = {"formatted_name": text or "Monica Green", "first_name": (text or "Monica").split(" ")[0]}
        return {
            "type": "contacts",
            "contacts": given.get("contacts") or [{"name": name, "phones": [{"phone": "+49 30 1234"}]}],
        }, text
    if kind == "order":
        items = [{"product_retailer_id": "CHAIR", "quantity": 2, "item_price": 30, "currency": "EUR"}]
        return {"type": "order", "order": {"catalog_id": digits(15), "text": text, "product_items": items}}, text
    if kind == "system":
        new = "".join(filter(str.isdigit, str(given.get("new_number", "")))) or digits(11)
        body = f"User {given.get('name', '')} changed from {given.get('from')} to {new}"
        system = {"body": body, "wa_id": new, "new_wa_id": new, "type": "user_changed_number"}
        return {"type": "system", "system": system}, body
    if kind == "edited":
        edit = {"original_message_id": str(given.get("target", "")), "message": {"type": "text", "text": {"body": text}}}
        return {"type": "edit", "edit": edit}, text
    if kind == "deleted":
        return {"type": "revoke", "revoke": {"original_message_id": str(given.get("target", ""))}}, ""
    if kind == "unsupported":
        return {"type": "unsupported", "errors": [error_of(131051)], "unsupported": {"type": "poll"}}, ""
    # A kind that will be invented tomorrow.
    return {"type": kind, kind: dict(given.get(kind) or {"body": text})}, text


def _file(world: World, account: Account, kind: str, given: JSON) -> tuple[JSON, str]:
    file = given_file(world, given, kind)
    media = world.store.add_media(account.id, file.name, file.media_type, file.data, digits(15))
    stated = base64.b64encode(binascii.unhexlify(media.sha256)).decode()
    kind, is_voice = ("audio", True) if kind == "voice" else (kind, False)
    part: JSON = {"mime_type": media.media_type, "sha256": str(given.get("sha256", stated)), "id": media.id}
    if kind == "audio":
        part["voice"] = is_voice
    elif kind == "sticker":
        part["animated"] = False
    if kind == "document":
        part["filename"] = media.name
    if given.get("text") and kind in ("image", "video", "document"):
        part["caption"] = str(given["text"])
    if given.get("expired"):
        world.store.remove_media(media.id)
    return {"type": kind, kind: part}, str(given.get("text", "")) or media.name


# --- news of the account -----------------------------------------------------------------------------------------------------

_NEWS = ("preference", "template_status", "quality", "account_update")


def _build_news(world: World, account: Account, given: JSON) -> list[str]:
    kind, waba = str(given.get("type", "")), account.credentials["waba_id"]
    if kind == "preference":
        address, number, contact = _identity(given)
        value = str(given.get("value", "stop"))
        known = world.store.contact(account.id, address)
        if known is not None:
            known.details["has_stopped"] = value == "stop"
            world.store.keep_contact(known)
        preference: JSON = {
            "wa_id": number,
            "detail": f"User requested to {value} marketing messages",
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(time.time()),
        }
        if given.get("user_id"):
            preference["user_id"] = given["user_id"]
        change = _change(account, "user_preferences", {"contacts": [contact], "user_preferences": [preference]})
    elif kind == "template_status":
        event = str(given.get("event", "PAUSED")).upper()
        found = [one for one in account.options["templates"] if one["name"] == given.get("template")]
        if not found:
            raise Misused(f"there is no template {given.get('template')}")
        for one in found:
            one["status"] = event
        world.store.keep_account(account)
        value_: JSON = {
            "event": event,
            "message_template_id": int(found[0]["id"]),
            "message_template_name": found[0]["name"],
            "message_template_language": found[0]["language"],
            "reason": str(given.get("reason", "NONE")),
            "message_template_category": found[0]["category"],
        }
        change = {"value": value_, "field": "message_template_status_update"}
    elif kind == "quality":
        account.state["quality"] = str(given.get("rating", "YELLOW"))
        number_ = account.credentials["display_phone_number"]
        event_ = str(given.get("event", "FLAGGED"))
        change = {
            "value": {"display_phone_number": number_, "event": event_, "current_limit": "TIER_1K"},
            "field": "phone_number_quality_update",
        }
    elif kind == "account_update":
        change = {"value": {"event": str(given.get("event", "ACCOUNT_RESTRICTION"))}, "field": "account_update"}
    else:
        change = {"value": dict(given.get("value") or {}), "field": str(given["field"])}
    entry: JSON = {"id": waba, "time": int(time.time()), "changes": [change]}
    world.post(account, "whatsapp", escaped({"object": "whatsapp_business_account", "entry": [entry]}), given)
    return []


def build_status(world: World, account: Account, message: Message, state: str, error: JSON) -> None:
    """sent, delivered, read, played or failed for one sent message."""
    contact = world.store.contact(account.id, message.address)
    is_template = message.kind == "template"
    status: JSON = {"id": message.id, "status": state, "timestamp": str(int(error.get("at") or time.time()))}
    if contact is not None and contact.details.get("wa_id"):
        status["recipient_id"] = contact.details["wa_id"]
    if contact is not None and contact.details.get("user_id"):
        status["recipient_user_id"] = contact.details["user_id"]
    if message.detail.get("biz_opaque_callback_data"):
        status["biz_opaque_callback_data"] = message.detail["biz_opaque_callback_data"]
    if state == "failed":
        code = int(error.get("code") or 131026)
        status["errors"] = [error_of(code, str(error.get("details", "")), str(error.get("text", "")))]
    else:
        category = "service"
        if is_template:
            name = message.detail.get("template", {}).get("name")
            category = next((one["category"] for one in account.options["templates"] if one["name"] == name), "utility").lower()
        conversation: JSON = {"id": _conversation(account, message.address), "origin": {"type": category}}
        if state == "sent":
            conversation["expiration_timestamp"] = str(int(time.time()) + 86_400)
        kind = "regular" if is_template else "free_customer_service"
        status["conversation"] = conversation
        status["pricing"] = {"billable": is_template, "pricing_model": "PMP", "type": kind, "category": category}
    value: dict[str, Any] = {"statuses": [status]}
    if contact is not None:
        value = {"contacts": [_contact_of(contact.name, contact.details)], **value}
    _post(world, account, [_change(account, "messages", value)], error)


def _contact_of(name: str, details: JSON) -> JSON:
    return {"profile": {"name": name}, **{key: details[key] for key in ("wa_id", "user_id") if details.get(key)}}


def _conversation(account: Account, address: str) -> str:
    return hashlib.md5(f"{account.id}{address}".encode(), usedforsecurity=False).hexdigest()
