"""What a message is beside its text: places, people, orders, answers by a button, reactions; and how far one of ours got.

Plain functions and dataclasses; nothing here touches data. `details` comes from a provider, so any of it may be missing or odd.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omni_app.ui.words import count

_LONGEST = 300
_TOPS = {"image": "a picture", "video": "a film", "document": "a document"}


@dataclass
class Card:
    """One thing a message carries: a place, a person, an order. `link` leads out of Omni and is a web address always."""

    title: str = ""
    about: str = ""
    link: str = ""
    link_text: str = ""


@dataclass
class Reaction:
    """An emoji on a message, and who put it there."""

    emoji: str = ""
    who: str = ""


def cards_of(kind: str, details: Mapping[str, Any]) -> list[Card]:
    """What beside its text a message of this kind shows; nothing for text and media."""
    match kind:
        case "location":
            return [_place(details)]
        case "contacts":
            return [_person(item) for item in _list(details, "contacts")] or [Card(title="A contact card without content")]
        case "order":
            return [_order(details)]
        case "unsupported":
            return [_unsupported(details)]
    return []


def note_of(details: Mapping[str, Any]) -> str:
    """What the customer wrote beside the cards, whose words the message's text repeats for readers without them."""
    return _text(details, "note")


def chosen_of(kind: str, details: Mapping[str, Any]) -> str:
    """What stands above the text of an answer that was picked, not typed; "" for the others."""
    if kind == "reply" and details.get("of") == "form":
        return "Filled in a form"
    if kind == "reply":
        about = _text(details, "description")
        return f"Picked from what was offered: {about}" if about else "Picked from what was offered"
    if kind == "template":
        name, language = _text(details, "name"), _text(details, "language")
        sent = details.get("template")
        top = _text(sent, "header_kind") if isinstance(sent, Mapping) else ""
        return " · ".join(part for part in ("Template", name, language, f"with {_TOPS[top]}" if top in _TOPS else "") if part)
    return ""


def mark_of(details: Mapping[str, Any]) -> str:
    """ "Edited by the customer", "Deleted by the customer" or ""."""
    if details.get("deleted_at"):
        return "Deleted by the customer"
    if details.get("edited_at"):
        return "Edited by the customer"
    return ""


def before_of(details: Mapping[str, Any]) -> str:
    """What a message said before the customer changed or deleted it."""
    if details.get("deleted_text"):
        return str(details["deleted_text"])
    edits = _list(details, "edits")
    return str(edits[-1].get("text") or "") if edits and isinstance(edits[-1], Mapping) else ""


def reactions_of(details: Mapping[str, Any]) -> list[Reaction]:
    """The emojis on a message: `details["reactions"]` {member id or "customer": emoji}."""
    found = details.get("reactions")
    if not isinstance(found, Mapping):
        return []
    return [
        Reaction(emoji=str(emoji)[:16], who="The customer" if who == "customer" else "Your team")
        for who, emoji in found.items()
        if emoji
    ]


def _place(details: Mapping[str, Any]) -> Card:
    latitude, longitude = _number(details, "latitude"), _number(details, "longitude")
    title, address = _text(details, "name") or "Location", _text(details, "address")
    if latitude is None or longitude is None:
        return Card(title=title, about=address or "Without coordinates")
    point = f"{latitude:.6f}, {longitude:.6f}"
    return Card(
        title=title,
        about=f"{address} · {point}" if address else point,
        link=f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=16/{latitude:.6f}/{longitude:.6f}",
        link_text="Open in maps",
    )


def _person(item: Any) -> Card:
    if not isinstance(item, Mapping):
        return Card(title="A contact card without content")
    name = item.get("name")
    title = _text(name, "formatted_name") if isinstance(name, Mapping) else str(name or "")
    company = item.get("org")
    known = [
        _text(item, "company") or (_text(company, "company") if isinstance(company, Mapping) else ""),
        *(_either(entry, "phone", "number", "wa_id") for entry in _list(item, "phones")),
        *(_either(entry, "email", "address") for entry in _list(item, "emails")),
    ]
    return Card(title=title or "Contact", about=" · ".join(part for part in known if part)[:_LONGEST])


def _order(details: Mapping[str, Any]) -> Card:
    items = [item for item in (_list(details, "items") or _list(details, "product_items")) if isinstance(item, Mapping)]
    lines = [f"{_text(item, 'quantity') or '1'} × {_either(item, 'name', 'product_id', 'product_retailer_id')}" for item in items]
    total, currency = 0.0, ""
    for item in items:
        price = _number(item, "item_price")
        price = _number(item, "price") if price is None else price
        total += (price or 0.0) * (_number(item, "quantity") or 1.0)
        currency = currency or _text(item, "currency")
    title = count(len(items), "item") + (f" · {total:,.2f} {currency}".rstrip() if total else "")
    return Card(title=f"Order, {title}", about=", ".join(lines)[:_LONGEST])


def _unsupported(details: Mapping[str, Any]) -> Card:
    what = _either(details, "type", "what")
    about = _either(details, "title", "reason", "text") or "Ask the customer to send it as text, a picture or a file."
    return Card(title=f"Omni cannot show this kind of message{f' ({what})' if what else ''}", about=about)


def _either(item: Any, *names: str) -> str:
    if isinstance(item, str):
        return item[:_LONGEST]
    return next((text for name in names if isinstance(item, Mapping) and (text := _text(item, name))), "")


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return str(value)[:_LONGEST] if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _list(item: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = item.get(name)
    return value[:20] if isinstance(value, list) else []


def _number(item: Mapping[str, Any], name: str) -> float | None:
    try:
        number = float(item.get(name))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e9 else None
