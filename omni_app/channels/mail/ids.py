"""The message ids and reply tags we give out: whose they are is in them, and nobody else can make one.

A message id is `<conversation>.<message>.<proof>@domain`, the proof a keyed fingerprint over both and the address it was sent to:
a bounce that names another address than the one we wrote to convinces nobody. A tag stands behind the plus sign of a mail
address, so it is short (at most 64 characters with the address) and lower case, which mail servers do not keep apart.
"""

import base64
import hmac
from uuid import UUID

from omni_app.infra.crypto import blind_index

_PROOF = 10
"""Characters of a proof, 5 bits each."""


def issue_id(conversation_id: UUID, message_id: UUID, to_address: str, domain: str) -> str:
    """The message id of our mail, without angle brackets; the same on every try."""
    ids = _write(conversation_id), _write(message_id)
    return f"{ids[0]}.{ids[1]}.{_prove('mail id', *ids, to_address.lower())}@{domain}"


def read_issued(rfc_id: str, to_address: str) -> tuple[UUID, UUID] | None:
    """(conversation, message) when we wrote this mail to this very address, else None."""
    local, _, _ = rfc_id.strip("<>").lower().rpartition("@")
    conversation, _, rest = local.partition(".")
    message, _, proof = rest.partition(".")
    if not proof.isascii() or not hmac.compare_digest(proof, _prove("mail id", conversation, message, to_address.lower())):
        return None
    found = _read(conversation), _read(message)
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def issue_tag(business_id: UUID, conversation_id: UUID) -> str:
    """What stands behind the plus sign of the address a customer answers to."""
    written = _write(conversation_id)
    return written + _prove("mail tag", str(business_id), written)


def read_tag(business_id: UUID, tag: str) -> UUID | None:
    """The conversation of a tag of this business; None when we did not give it out."""
    written, proof = tag[:-_PROOF].lower(), tag[-_PROOF:].lower()
    if not proof.isascii() or not hmac.compare_digest(proof, _prove("mail tag", str(business_id), written)):
        return None
    return _read(written)


def _prove(*parts: str) -> str:
    return base64.b32encode(bytes.fromhex(blind_index(*parts)))[:_PROOF].decode().lower()


def _write(id_: UUID) -> str:
    return base64.b32encode(id_.bytes)[:26].decode().lower()


def _read(written: str) -> UUID | None:
    try:
        return UUID(bytes=base64.b32decode(written.upper() + "======"))
    except ValueError:
        return None
