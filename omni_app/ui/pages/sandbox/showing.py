"""The lines the sandbox page shows, made from what the simulator says."""

import re
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from omni_app.channels.simulating import FAULTS, Phone, PlayedFault, PlayedMessage, PlayedThread, PlayedWebhook
from omni_app.ui.components.basics import avatar_tone, initials
from omni_app.ui.words import when

_STATES = {
    "accepted": "taken",
    "sent": "sent",
    "queued": "taken",
    "processed": "sent",
    "delivered": "delivered",
    "read": "read",
    "open": "opened",
    "failed": "failed",
    "undelivered": "failed",
    "bounce": "came back",
    "dropped": "not sent",
    "spamreport": "called spam",
}
_LOST = {"failed", "undelivered", "bounce", "dropped", "spamreport"}
# What the business did with a message of the customer.
_SEEN = {"read": "read", "typing": "read, typing"}
_KINDS = {
    "image": ("Picture", "image"),
    "audio": ("Sound", "mic"),
    "voice": ("Voice note", "mic"),
    "video": ("Video", "video"),
    "document": ("Document", "file"),
    "location": ("Location", "map_pin"),
    "unsupported": ("Something no program can show", "circle_help"),
    "reaction": ("Reaction", "smile"),
    "contacts": ("Contact", "user"),
}
_HOOKS = {"events": "News of mails", "inbound": "Mail", "message": "Message", "status": "News of messages"}
_REFUSALS = {401: "Signature refused", 403: "Signature refused", 404: "Address not known", 413: "Too large", 429: "Asked to wait"}
# Where mail programs put what was written before (RFC 3676 §4.5 marks it with ">").
_QUOTE = re.compile(r"^On [^\n]{1,200} wrote:\n(?:>|$)", re.MULTILINE)


@dataclass
class PhoneLine:
    id: str
    kind: str
    channel: str
    name: str
    trouble: str
    """Why Omni does not use this connection now, in words; empty when it does."""


@dataclass
class ThreadLine:
    address: str
    name: str
    letters: str
    tone: str
    last: str
    at: str


@dataclass
class BubbleLine:
    id: str
    is_ours: bool
    what: str
    """"Picture" and the like; empty for text."""
    icon: str
    text: str
    quote: str
    subject: str
    at: str
    state: str
    is_lost: bool
    choices: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    """What stands on it: "👍 you", "❤️ the business"."""


@dataclass
class HookLine:
    id: str
    what: str
    at: str
    answer: str
    tone: str
    tries: int


def phone_line(phone: Phone) -> PhoneLine:
    trouble = "" if phone.is_on else "This connection is switched off, so nothing arrives."
    if not trouble and phone.health == "revoked":
        trouble = "Omni lost access to this account. Clear the failures, then test the connection."
    return PhoneLine(id=str(phone.connection_id), kind=phone.kind, channel=phone.channel, name=phone.name, trouble=trouble)


def thread_line(thread: PlayedThread, zone: ZoneInfo) -> ThreadLine:
    return made_thread(thread.address, thread.name, thread.last_text, when(thread.last_at, zone))


def made_thread(address: str, name: str, last: str = "", at: str = "") -> ThreadLine:
    name = name or address
    return ThreadLine(address=address, name=name, letters=initials(name), tone=avatar_tone(name), last=last, at=at)


def bubble_lines(messages: list[PlayedMessage], zone: ZoneInfo) -> list[BubbleLine]:
    """The talk as a phone shows it, oldest first: a reaction stands on the message it is for, one of each side."""
    lines = {one.id: bubble_line(one, zone) for one in messages if not one.target}
    put: dict[tuple[str, bool], str] = {}
    for one in messages:
        if one.target in lines and not (one.is_ours and one.state in _LOST):
            put[one.target, one.is_ours] = one.text
        elif one.target:
            lines[one.id] = bubble_line(one, zone)
    for (target, is_ours), emoji in put.items():
        if emoji:
            lines[target].reactions.append(f"{emoji} {'the business' if is_ours else 'you'}")
    return list(lines.values())


def bubble_line(message: PlayedMessage, zone: ZoneInfo) -> BubbleLine:
    what, icon = _KINDS.get(message.kind, ("", ""))
    text, quote = _split(message.text)
    state = _STATES.get(message.state, message.state) if message.is_ours else _SEEN.get(message.state, "")
    return BubbleLine(
        id=message.id,
        is_ours=message.is_ours,
        what=what,
        icon=icon,
        text=text,
        quote=quote,
        subject=message.subject,
        at=when(message.at, zone),
        state=state,
        is_lost=message.is_ours and message.state in _LOST,
        choices=list(message.choices),
        files=list(message.files),
    )


def _split(text: str) -> tuple[str, str]:
    """(what was written, what was quoted below it)."""
    found = _QUOTE.search(text)
    return (text, "") if found is None else (text[: found.start()].rstrip(), text[found.start() :].strip())


def hook_line(webhook: PlayedWebhook, zone: ZoneInfo) -> HookLine:
    answer, tone = _outcome(webhook)
    return HookLine(
        id=str(webhook.id),
        what=_HOOKS.get(webhook.hook, "Message or status"),
        at=when(webhook.at, zone),
        answer=answer,
        tone=tone,
        tries=webhook.tries,
    )


def _outcome(webhook: PlayedWebhook) -> tuple[str, str]:
    """(what Omni did with it, tone)."""
    if not webhook.tries:
        return ("Kept: no address", "warn") if webhook.state == "kept" else ("On its way", "info")
    again = ", comes again" if webhook.state == "waiting" else ""
    if 200 <= webhook.status < 300:
        return f"Taken, {webhook.milliseconds} ms", "good"
    if webhook.status == 0:
        return f"No answer{again}", "bad"
    words = _REFUSALS.get(webhook.status, "Omni failed" if webhook.status >= 500 else "Refused")
    return f"{words} ({webhook.status}){again}", "bad"


def fault_words(fault: PlayedFault) -> str:
    words = FAULTS.get(fault.kind, fault.kind)
    return words if fault.left is None else f"{words}: {fault.left} more"
