"""What Meta sends for WhatsApp, in its documented shape and in the bytes it signs: unicode and slashes escaped.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

import json
from typing import Any

WABA = "102290129340398"
NUMBER_ID = "106540352242922"
OTHER_NUMBER_ID = "106540352242999"
DISPLAYED = "15550783881"
CUSTOMER = "16505551234"
USER_ID = "US.13491208655302741918"
AT = "1749416383"

JSON = dict[str, Any]

CONTACT: JSON = {"profile": {"name": "Sheena Nelson"}, "wa_id": CUSTOMER}
SHA_BASE64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
SHA_HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def message(kind: str, content: Any = None, **values: Any) -> JSON:
    """One message of the customer."""
    made: JSON = {"from": CUSTOMER, "id": "wamid.IN1", "timestamp": AT, "type": kind}
    if content is not None:
        made[kind] = content
    return {**made, **values}


def status(word: str, **values: Any) -> JSON:
    """One status of a message of ours."""
    return {"id": "wamid.OUT1", "status": word, "timestamp": AT, "recipient_id": CUSTOMER, **values}


def value(number_id: str = NUMBER_ID, **parts: Any) -> JSON:
    """The value of a change, with its metadata."""
    metadata = {"display_phone_number": DISPLAYED, "phone_number_id": number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **parts}


def change(field: str = "messages", number_id: str = NUMBER_ID, **parts: Any) -> JSON:
    return {"field": field, "value": value(number_id, **parts)}


def webhook(*changes: JSON, waba: str = WABA) -> JSON:
    """One request with one entry."""
    return {"object": "whatsapp_business_account", "entry": [{"id": waba, "time": 1749416383, "changes": list(changes)}]}


def body(document: Any) -> bytes:
    """As Meta writes it."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def said(*messages: JSON, contacts: list[JSON] | None = None) -> bytes:
    """A request with these messages."""
    return body(webhook(change(contacts=[CONTACT] if contacts is None else contacts, messages=list(messages))))


FILE: JSON = {"mime_type": "image/jpeg", "sha256": SHA_BASE64, "id": "65463453"}
ORDER: JSON = {
    "catalog_id": "800683284849775",
    "text": "Please by Friday",
    "product_items": [
        {"product_retailer_id": "SKU-1", "quantity": "2", "item_price": 30.5, "currency": "EUR"},
        {"product_retailer_id": "SKU-2", "quantity": 1, "item_price": "12", "currency": "EUR"},
    ],
}
CARD: JSON = {
    "name": {"first_name": "Mónica", "formatted_name": "Mónica Green"},
    "org": {"company": "Lucky Shrub"},
    "phones": [{"phone": "+49 30 1234", "wa_id": "49301234", "type": "HOME"}],
    "emails": [{"email": "monica@example.com"}],
}
