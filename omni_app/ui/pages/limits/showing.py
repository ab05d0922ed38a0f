"""What the page of limits shows, made from what the domain reads. Nothing here touches data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from omni_app.infra.clock import now
from omni_app.limits.abuse import AbuseView
from omni_app.limits.refusals import LimitFigure, RefusalRow
from omni_app.ui.words import count, when

KINDS = {
    "rapid_fire": "Rapid fire",
    "gibberish": "Gibberish",
    "repetition": "Same question",
    "known_abuser": "Known address",
    "bad_address": "Address list",
}
ACTIONS = {"noted": "Noted", "throttled": "Slowed down", "blocked": "Blocked"}
STATES = {"": "All", "open": "Not judged", "restricted": "Held back now", "right": "Right", "wrong": "Wrong"}
PERIODS = {"1": "24 hours", "7": "7 days", "30": "30 days", "90": "90 days"}

LIMITS = {
    "messages": "Messages in 24 hours",
    "cooldown": "Pause between messages",
    "visitors": "Messages from one network address",
    "month": "The plan's messages of a month",
    "calls": "Calls in 24 hours",
    "call-seconds": "Minutes of calls in 24 hours",
    "throttled": "Slowed down for abuse",
    "blocked": "Blocked for abuse",
    "api": "Calls with an API key",
    "webhook": "Webhooks of one source",
    "upload": "Files from one address",
}
_MARKS = {"hosting": "a hosting firm", "vpn": "a VPN", "tor": "Tor", "abuse": "a list of attackers"}


@dataclass
class EventLine:
    """One sign of abuse. `quote` is what the customer wrote, when that is the evidence."""

    id: str
    customer_id: str
    name: str
    conversation_id: str
    channel: str
    kind: str
    about: str
    quote: str
    action: str
    tone: str
    until: str
    at: str
    trust: str
    verdict: str
    judged: str
    is_held: bool
    is_blocked: bool


@dataclass
class RefusalLine:
    """One limit that somebody met within one hour."""

    id: str
    limit: str
    who: str
    href: str
    about: str
    times: str
    at: str


@dataclass
class LimitLine:
    """How often one limit refused in the period; `share` 0–100 of the most frequent one, as text."""

    key: str
    name: str
    refused: str
    subjects: str
    share: str


def name_of(name: str, customer_id: object) -> str:
    """A customer's name, or "Visitor 4f2a" for one without."""
    return name.strip() or f"Visitor {str(customer_id)[-4:]}"


def words_of_evidence(kind: str, evidence: dict[str, Any]) -> str:
    """What was seen, in one sentence without a full stop."""
    match kind:
        case "rapid_fire":
            return f"{evidence.get('messages', '?')} messages in {evidence.get('seconds', '?')} seconds"
        case "gibberish" if evidence.get("keyboard"):
            return "Fingers run along the keyboard"
        case "gibberish":
            return f"{float(evidence.get('share', 1)):.0%} of it is no text"
        case "repetition":
            return f"Asked {evidence.get('asked', '?')} times"
        case "known_abuser":
            return f"Somebody was blocked at this network address ({count(int(evidence.get('blocks', 1)), 'time')} in 30 days)"
        case "bad_address":
            note = evidence.get("note")
            return f"Writes from {_MARKS.get(str(evidence.get('mark')), 'a listed range')}" + (f": {note}" if note else "")
    return ""


def until_words(until: datetime | None, zone: ZoneInfo, at: datetime) -> str:
    """ "until 14:05", "until 12 March 14:05", "ended 14:05"; empty for None."""
    if until is None:
        return ""
    local, today = until.astimezone(zone), at.astimezone(zone).date()
    day = "" if local.date() == today else f"{local.day} {local:%B} "
    return f"{'until' if until > at else 'ended'} {day}{local:%H:%M}"


def event_line(event: AbuseView, zone: ZoneInfo) -> EventLine:
    at = now()
    quote = str(event.evidence.get("text", "")) if event.kind in ("gibberish", "repetition") else ""
    tones = {"throttled": "warn", "blocked": "bad"}
    return EventLine(
        id=str(event.id),
        customer_id=str(event.customer_id),
        name=name_of(event.customer_name, event.customer_id),
        conversation_id=str(event.conversation_id) if event.conversation_id else "",
        channel=event.channel,
        kind=KINDS.get(event.kind, event.kind),
        about=words_of_evidence(event.kind, event.evidence),
        quote=" ".join(quote.split())[:160],
        action=ACTIONS.get(event.action, event.action),
        tone=tones.get(event.action, ""),
        until=until_words(event.until, zone, at),
        at=when(event.created_at, zone, at),
        trust=str(event.trust),
        verdict=event.verdict,
        judged=f"{STATES.get(event.verdict, '')} · {event.reviewed_by}" if event.verdict else "",
        is_held=bool(event.restriction) and event.verdict != "wrong" and event.until is not None and event.until > at,
        is_blocked=event.is_blocked,
    )


def refusal_line(row: RefusalRow, zone: ZoneInfo) -> RefusalLine:
    who, href = row.subject, ""
    if row.customer_id is not None:
        who, href = name_of(row.customer_name, row.customer_id), f"/customers/{row.customer_id}"
    elif row.subject_kind == "address":
        who = "Unknown addresses" if row.subject == "unknown" else f"Network {row.subject}"
    elif row.subject_kind == "business":
        who = "Your business"
    elif row.subject_kind == "api_key":
        who = f"API key …{row.subject[-4:]}"
    return RefusalLine(
        id=str(row.id),
        limit=LIMITS.get(row.limit_name, row.limit_name.replace("-", " ").capitalize()),
        who=who,
        href=href,
        about=f"at most {row.most:,} in {_window(row.window_seconds)}" if row.most else "",
        times=f"{row.count:,}",
        at=when(row.last_at, zone),
    )


def limit_lines(figures: tuple[LimitFigure, ...]) -> list[LimitLine]:
    most = max((one.refused for one in figures), default=1)
    return [
        LimitLine(
            key=one.limit_name,
            name=LIMITS.get(one.limit_name, one.limit_name.replace("-", " ").capitalize()),
            refused=f"{one.refused:,}",
            subjects=count(one.subjects, "sender"),
            share=f"{100 * one.refused / most:.0f}",
        )
        for one in figures
    ]


def _window(seconds: int) -> str:
    window = timedelta(seconds=seconds)
    if window >= timedelta(days=2):
        return f"{window.days} days"
    if window >= timedelta(hours=1):
        hours = round(seconds / 3600)
        return "an hour" if hours == 1 else f"{hours} hours"
    if seconds >= 120:
        return f"{seconds // 60} minutes"
    return "a minute" if seconds == 60 else f"{seconds} seconds"
