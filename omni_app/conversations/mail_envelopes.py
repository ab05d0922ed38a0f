"""The head of a stored mail (subject, ids, addresses), encrypted under the customer's data key in `messages.envelope`."""

import json
from dataclasses import asdict
from typing import Any

from omni_app.channels.contract import MailHead
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key

ENVELOPE = "messages.envelope"


def seal_envelope(data_key: str, head: MailHead) -> str:
    """`head` as stored, under a customer's wrapped data key."""
    return encrypt(unwrap_data_key(data_key), json.dumps(asdict(head)), ENVELOPE)


def open_envelope(data_key: str, sealed: str) -> MailHead:
    """What `seal_envelope` sealed; an empty head for an empty value. Raises ValueError when it was sealed under another key."""
    return read_envelope(unwrap_data_key(data_key), sealed)


def read_envelope(key: bytes, sealed: str) -> MailHead:
    """The same with the key in clear, for many of one customer."""
    if not sealed:
        return MailHead()
    stored: dict[str, Any] = json.loads(decrypt(key, sealed, ENVELOPE))
    return MailHead(
        message_id=str(stored.get("message_id", "")),
        in_reply_to=str(stored.get("in_reply_to", "")),
        references=tuple(map(str, stored.get("references", ()))),
        subject=str(stored.get("subject", "")),
        from_address=str(stored.get("from_address", "")),
        to=tuple(map(str, stored.get("to", ()))),
        cc=tuple(map(str, stored.get("cc", ()))),
        tag=str(stored.get("tag", "")),
    )
