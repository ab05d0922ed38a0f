"""One request of Meta taken apart: `entry[].changes[].value` with messages, statuses, echoes, preferences or other news.

Each event keeps the metadata and the contacts it needs, so that it can be read and replayed alone.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from omni_app.channels.contract import RawEvent

LISTS = ("messages", "statuses", "message_echoes", "user_preferences")
MOST_KEY = 200


def split_webhook(body: bytes) -> list[RawEvent]:
    """The events of one request, in its order. What cannot be read is one event of its own."""
    try:
        document = json.loads(body)
        events = list(_events(document))
    except (ValueError, RecursionError):
        return [_whole(body)]
    return events or [_whole(body)]


def _whole(body: bytes) -> RawEvent:
    return RawEvent(key=f"body:{hashlib.sha256(body).hexdigest()}", body=body)


def _events(document: Any) -> Iterator[RawEvent]:
    if not isinstance(document, dict):
        return
    for entry in _list(document.get("entry")):
        if not isinstance(entry, dict):
            yield _event({"entry": entry}, "")
            continue
        for change in _list(entry.get("changes")):
            if isinstance(change, dict) and isinstance(change.get("value"), dict):
                yield from _of_change(entry, change, change["value"])
            else:
                yield _event({"account": _text(entry.get("id")), "change": change}, "")


def _of_change(entry: Mapping[str, Any], change: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[RawEvent]:
    head = {"account": _text(entry.get("id")), "time": entry.get("time"), "field": change.get("field")}
    metadata = value.get("metadata")
    account = _text(metadata.get("phone_number_id")) if isinstance(metadata, dict) else ""
    shared = {name: item for name, item in value.items() if name not in {*LISTS, "contacts"}}
    contacts = [one for one in _list(value.get("contacts")) if isinstance(one, dict)]
    found = False
    for name in LISTS:
        for item in _list(value.get(name)):
            found = True
            piece = {**head, "value": {**shared, "contacts": _matching(contacts, item), name: [item]}}
            yield _event(piece, account, _key(name, item), _sender(name, item))
    if not found:
        yield _event({**head, "value": {**shared, "contacts": contacts}}, account)


def _event(piece: Mapping[str, Any], account: str, key: str = "", order: str = "") -> RawEvent:
    # Escaped, so a lone surrogate in a customer's text can be stored too.
    body = json.dumps(piece, ensure_ascii=True, separators=(",", ":")).encode()
    return RawEvent(key=key or f"event:{hashlib.sha256(body).hexdigest()}", body=body, account=account[:MOST_KEY], order=order)


def _sender(name: str, item: Any) -> str:
    """Whose messages are handled one after the other."""
    return _text(item.get("from") or item.get("from_user_id")) if name == "messages" and isinstance(item, dict) else ""


def _key(name: str, item: Any) -> str:
    """What names the event for good, "" when nothing does: then it is its content."""
    if not isinstance(item, dict) or not (id_ := _text(item.get("id"))):
        return ""
    if name == "statuses":
        key = f"status:{id_}:{_text(item.get('status'))}"
    elif name == "message_echoes":
        key = f"echo:{id_}"
    else:
        key = id_
    return key if len(key) <= MOST_KEY else f"id:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _matching(contacts: list[dict[str, Any]], item: Any) -> list[dict[str, Any]]:
    """The contacts that the item is about; a single one always is."""
    if len(contacts) < 2 or not isinstance(item, dict):
        return contacts
    names = ("from", "from_user_id", "to", "to_user_id", "wa_id", "user_id", "recipient_id", "recipient_user_id")
    wanted = {_text(item.get(name)) for name in names} - {""}
    return [one for one in contacts if {_text(one.get("wa_id")), _text(one.get("user_id"))} & wanted]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Ids come as text, now and then as numbers."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
