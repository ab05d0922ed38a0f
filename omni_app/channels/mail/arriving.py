"""A mail that came in as what it means: a customer's message, a report about our own mail, or our own mail sent back."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from omni_app.channels.contract import Identifier, Ignored, InboundEvent, InboundMessage, MailHead, Sender
from omni_app.channels.mail.bounces import read_report
from omni_app.channels.mail.composing import LOOP_HEADER, clean_id, untagged
from omni_app.channels.mail.heads import Head, read_addresses, read_head
from omni_app.channels.mail.reading import Mail, read_mail

MOST_TEXT = 8_000
"""Characters a message holds; what a longer mail says goes on in its folded part."""
MOST_HEAD = 256 * 1024
_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a mail reached us, as the server that took it says. `recipient` is the envelope's, with its plus tag.

    `own` are all addresses of the account in lower case; `is_proven`: the server checked that the sender's domain sent it.
    `automatic` is a reason of the provider's why no machine may answer (spam).
    """

    recipient: str
    own: Collection[str] = field(default_factory=frozenset)
    is_proven: bool = False
    automatic: str = ""


def read_arrived(raw: bytes, arrival: Arrival) -> tuple[InboundEvent, ...]:
    """What a whole mail (RFC 5322) means. Never raises on bytes; a mail that cannot be read is shown with what can be."""
    if (reported := read_report(raw)) is not None:
        return reported
    return (to_event(read_mail(raw), head_of(raw), arrival, fallback_id=hashlib.sha256(raw).hexdigest()),)


def to_event(mail: Mail, head: Head, arrival: Arrival, fallback_id: str) -> InboundEvent:
    """A read mail as a customer's message. `fallback_id` names it when it carries no Message-ID."""
    recipient, tag = untagged(arrival.recipient)
    own = {untagged(one)[0] for one in (*arrival.own, arrival.recipient) if one}
    name, address = sender_of(head)
    address = address or mail.head.from_address.lower()
    automatic = mail.automatic or arrival.automatic
    is_proven = arrival.is_proven
    if head.raw(LOOP_HEADER.lower()).strip().lower() in own:
        return Ignored(why="Our own mail, sent back to us.")
    if untagged(address)[0] in own:
        # A contact form of the business writes in its name and says in Reply-To who wrote.
        form_name, form_address = _first(head, "reply-to")
        if form_address and untagged(form_address)[0] not in own:
            name, address, is_proven = form_name or name, form_address, False
        else:
            automatic = automatic or "own address"
    if not _ADDRESS.fullmatch(address):
        return Ignored(why="A mail without a sender.")
    rfc_id = clean_id(mail.head.message_id)
    text, folded = _within(mail.text.strip(), mail.folded)
    subject = mail.head.subject
    mail_head = replace(
        mail.head,
        message_id=rfc_id,
        from_address=address,
        to=mail.head.to or ((recipient,) if recipient else ()),
        tag=tag or mail.head.tag,
    )
    return InboundMessage(
        id=rfc_id or fallback_id,
        sender=Sender(identifiers=(Identifier(kind="email", value=address, is_proven=is_proven),), name=name[:100]),
        # Many write all they have to say into the subject.
        text=text or ("" if mail.media else subject.strip()),
        sent_at=mail.date,
        details={"problems": list(mail.problems)} if mail.problems else {},
        media=mail.media,
        answers_id=clean_id(mail_head.in_reply_to),
        folded=folded,
        html=mail.html,
        mail=mail_head,
        automatic=automatic,
    )


def unread_event(head: MailHead, name: str, why: str, *, is_proven: bool, message_id: str) -> InboundMessage:
    """A mail of which only the head was taken (it is too large): staff see that it is there, and why there is no text."""
    identifier = Identifier(kind="email", value=head.from_address.lower(), is_proven=is_proven)
    subject = head.subject.strip()
    return InboundMessage(
        id=head.message_id or message_id,
        sender=Sender(identifiers=(identifier,), name=name[:100]),
        text=f"{subject}\n\n[{why}]" if subject else f"[{why}]",
        details={"problems": [why]},
        answers_id=head.in_reply_to,
        mail=head,
        automatic="not read",
    )


def head_of(raw: bytes) -> Head:
    """The header fields of a mail, however it goes on."""
    ends = [at for at in (raw.find(b"\r\n\r\n", 0, MOST_HEAD), raw.find(b"\n\n", 0, MOST_HEAD)) if at >= 0]
    return read_head(raw[: min((*ends, MOST_HEAD))])


def sender_of(head: Head) -> tuple[str, str]:
    """(name, address in lower case) of the first sender; "" for what is missing."""
    return _first(head, "from")


def addresses_of(head: Head, *names: str) -> tuple[str, ...]:
    """All addresses of these header fields in lower case, without repeats."""
    found = (address.lower() for _, address in read_addresses([value for name in names for value in head.raws(name)]))
    return tuple(dict.fromkeys(found))


def are_related(one: str, other: str) -> bool:
    """Whether two domains are the same or one is below the other (relaxed alignment of RFC 7489, section 3.1).

    A top-level domain vouches for nobody.
    """
    shorter, longer = sorted((one.lower().strip("."), other.lower().strip(".")), key=len)
    return "." in shorter and (shorter == longer or longer.endswith(f".{shorter}"))


def event_key(*parts: str) -> str:
    """The key under which one mail is one event, however often it is sent."""
    return "mail-" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _first(head: Head, name: str) -> tuple[str, str]:
    shown, address = next(iter(read_addresses(head.raws(name))), ("", ""))
    return shown, address.lower() if _ADDRESS.fullmatch(address) else ""


def _within(text: str, folded: str) -> tuple[str, str]:
    """The text as far as a message holds it; the rest stands first in the folded part, nothing is lost."""
    if len(text) <= MOST_TEXT:
        return text, folded
    cut = max(text.rfind("\n", MOST_TEXT // 2, MOST_TEXT), text.rfind(" ", MOST_TEXT - 200, MOST_TEXT))
    cut = cut if cut > 0 else MOST_TEXT
    return text[:cut].rstrip(), text[cut:].lstrip("\n") + (f"\n\n{folded}" if folded else "")
