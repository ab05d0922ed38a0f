"""What mail servers report of mail we sent: returned, delayed, delivered (RFC 3464), or called spam (RFC 5965)."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

from omni_app.channels.contract import AddressProblem, DeliveryUpdate, Identifier, Ignored, InboundEvent, ProviderError
from omni_app.channels.mail.composing import clean_id
from omni_app.channels.mail.ids import read_issued

_REPORT = re.compile(rb"^content-type:\s*multipart/report\b", re.IGNORECASE | re.MULTILINE)
_MOST_BYTES = 256 * 1024
# 5.1.x bad address, 5.2.1 mailbox switched off, 5.4.4 no such domain (RFC 3463): the address itself takes nothing.
_GONE = re.compile(r"5\.(?:1\.\d+|2\.1|4\.4|0\.0)$")


def read_report(raw: bytes) -> tuple[InboundEvent, ...] | None:
    """What a report says of our mail; None when the mail is no report. Never raises.

    A report is believed about an address only when it names a mail that we sent to that address.
    """
    head_end = raw.find(b"\r\n\r\n") if b"\r\n\r\n" in raw[:_MOST_BYTES] else raw.find(b"\n\n")
    if not _REPORT.search(raw[: head_end if head_end >= 0 else _MOST_BYTES]):
        return None
    # The report stands in front of the returned mail, which may be long.
    report = message_from_bytes(raw[:_MOST_BYTES], policy=policy.compat32)
    parts = list(report.walk())
    kinds = {part.get_content_type() for part in parts}
    original = _original_id(parts)
    if "message/feedback-report" in kinds:
        return _read_complaint(parts, original)
    if "message/delivery-status" not in kinds:
        return None
    events: list[InboundEvent] = []
    for fields in _recipients(parts):
        events += _read_recipient(fields, original)
    return tuple(events) or (Ignored(why="A report of a mail server that says nothing of any recipient."),)


def _read_recipient(fields: Message, original: str) -> list[InboundEvent]:
    address = _address(fields, "original-recipient") or _address(fields, "final-recipient")
    action = str(fields.get("action", "")).strip().lower()
    status = str(fields.get("status", "")).split(" ")[0].strip()
    if not original or read_issued(original, address) is None:
        return [Ignored(why="A report about mail that was not sent from here.")]
    if action == "delivered":
        return [DeliveryUpdate(status="delivered", provider_id=original)]
    if action != "failed":
        return [Ignored(why=f"The mail server says “{action or 'nothing'}”; that may still change.")]
    words = " ".join(str(fields.get("diagnostic-code", "")).partition(";")[2].split()) or f"The mail came back ({status})."
    is_gone = bool(_GONE.fullmatch(status))
    error = ProviderError(code=status, text=words[:500], kind="recipient" if is_gone else "refused")
    events: list[InboundEvent] = [DeliveryUpdate(status="failed", provider_id=original, error=error)]
    if is_gone:
        events.append(AddressProblem(identifier=Identifier(kind="email", value=address), kind="bounced", reason=words[:500]))
    return events


def _read_complaint(parts: list[Message], original: str) -> tuple[InboundEvent, ...]:
    for part in parts:
        if part.get_content_type() != "message/feedback-report":
            continue
        content = part.get_payload(0) if part.is_multipart() else part.get_payload(decode=True)
        fields = message_from_bytes(content) if isinstance(content, bytes) else content
        address = _address(fields, "original-rcpt-to") if isinstance(fields, Message) else ""
        if address and original and read_issued(original, address) is not None:
            identifier = Identifier(kind="email", value=address)
            return (AddressProblem(identifier=identifier, kind="complained", reason="They called our mail spam."),)
    return (Ignored(why="A spam complaint about mail that was not sent from here."),)


def _recipients(parts: list[Message]) -> Iterator[Message]:
    for part in parts:
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from (block for block in part.get_payload() if isinstance(block, Message) and "action" in block)


def _original_id(parts: list[Message]) -> str:
    """The Message-ID of the mail that came back, from its copy or its headers."""
    for part in parts[1:]:
        if part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            inner = message_from_bytes(content if isinstance(content, bytes) else b"")
            if found := clean_id(str(inner.get("message-id", ""))).lower():
                return found
        elif found := clean_id(str(part.get("message-id", ""))).lower():
            return found
    return ""


def _address(fields: Message, name: str) -> str:
    """The address of "rfc822; ann@example.com"."""
    return str(fields.get(name, "")).rpartition(";")[2].strip().strip("<>").lower()
