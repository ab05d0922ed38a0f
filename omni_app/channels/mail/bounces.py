"""What mail servers report of mail we sent: returned, delayed, delivered (RFC 3464), or called spam (RFC 5965)."""

import re
from collections.abc import Iterator

from omni_app.channels.contract import AddressProblem, DeliveryUpdate, Identifier, Ignored, InboundEvent, ProviderError
from omni_app.channels.mail.composing import clean_id
from omni_app.channels.mail.heads import Head, read_head
from omni_app.channels.mail.ids import read_issued
from omni_app.channels.mail.parts import Part, Walk, read_part, walk

_REPORT = re.compile(rb"^content-type:\s*multipart/report\b", re.IGNORECASE | re.MULTILINE)
_MOST_BYTES = 256 * 1024
# A report's fields stand in blocks: one for the mail, one for each recipient (RFC 3464, section 2.1).
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_RETURNED = frozenset({"message/rfc822", "message/global"})
_RETURNED_HEADS = frozenset({"text/rfc822-headers", "message/global-headers"})
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
    parts = list(walk(read_part(memoryview(raw)[:_MOST_BYTES]), Walk()))
    kinds = {part.media_type for part in parts}
    original = _original_id(parts)
    if "message/feedback-report" in kinds:
        return _read_complaint(parts, original)
    if "message/delivery-status" not in kinds:
        return None
    events: list[InboundEvent] = []
    for fields in _recipients(parts):
        events += _read_recipient(fields, original)
    return tuple(events) or (Ignored(why="A report of a mail server that says nothing of any recipient."),)


def _read_recipient(fields: Head, original: str) -> list[InboundEvent]:
    address = _address(fields, "original-recipient") or _address(fields, "final-recipient")
    action = fields.raw("action").strip().lower()
    status = fields.raw("status").strip().split(" ")[0]
    if not original or read_issued(original, address) is None:
        return [Ignored(why="A report about mail that was not sent from here.")]
    if action == "delivered":
        return [DeliveryUpdate(status="delivered", provider_id=original)]
    if action != "failed":
        return [Ignored(why=f"The mail server says “{action or 'nothing'}”; that may still change.")]
    words = " ".join(fields.raw("diagnostic-code").partition(";")[2].split()) or f"The mail came back ({status})."
    is_gone = bool(_GONE.fullmatch(status))
    error = ProviderError(code=status, text=words[:500], kind="recipient" if is_gone else "refused")
    events: list[InboundEvent] = [DeliveryUpdate(status="failed", provider_id=original, error=error)]
    if is_gone:
        events.append(AddressProblem(identifier=Identifier(kind="email", value=address), kind="bounced", reason=words[:500]))
    return events


def _read_complaint(parts: list[Part], original: str) -> tuple[InboundEvent, ...]:
    for part in parts:
        if part.media_type != "message/feedback-report":
            continue
        address = _address(_fields(part.decoded()[0]), "original-rcpt-to")
        if address and original and read_issued(original, address) is not None:
            identifier = Identifier(kind="email", value=address)
            return (AddressProblem(identifier=identifier, kind="complained", reason="They called our mail spam."),)
    return (Ignored(why="A spam complaint about mail that was not sent from here."),)


def _recipients(parts: list[Part]) -> Iterator[Head]:
    for part in parts:
        if part.media_type == "message/delivery-status":
            blocks = map(_fields, _BLANK.split(part.decoded()[0]))
            yield from (fields for fields in blocks if fields.raw("action"))


def _original_id(parts: list[Part]) -> str:
    """The Message-ID of the mail that came back, from its copy or its headers."""
    for part in parts:
        if part.media_type in _RETURNED:
            fields = read_part(memoryview(part.decoded()[0])).head
        elif part.media_type in _RETURNED_HEADS:
            fields = _fields(part.decoded()[0])
        else:
            continue
        if found := clean_id(fields.raw("message-id")).lower():
            return found
    return ""


def _fields(block: bytes) -> Head:
    return read_head(block.strip(b"\r\n"))


def _address(fields: Head, name: str) -> str:
    """The address of "rfc822; ann@example.com"."""
    return fields.raw(name).rpartition(";")[2].strip().strip("<>").lower()
