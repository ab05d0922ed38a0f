"""What became of mail we sent, as SendGrid's event webhook says it.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event

Opens say little: mail programs of Apple and Google load pictures for everybody. So an open or a click is no "read".
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from omni_app.channels.contract import (
    AddressProblem,
    ConsentChange,
    DeliveryUpdate,
    Identifier,
    Ignored,
    InboundEvent,
    ProviderError,
    RawEvent,
    Sender,
    WebhookRequest,
)
from omni_app.infra.errors import Invalid

MOST_EVENTS = 5_000
_INTERNAL = re.compile(r"\.(?:recvd|filter)", re.IGNORECASE)
_COMPLAINED = {"Spam Reporting Address"}
_GONE = {"Bounced Address", "Invalid"}
_NOTHING = {
    "processed": "SendGrid has the mail.",
    "deferred": "The recipient's server wants to be asked again; SendGrid does.",
    "open": "The mail was opened, by a person or a program.",
    "click": "A link was followed, by a person or a program.",
}


def split_events(request: WebhookRequest) -> list[RawEvent]:
    """One raw event for each of the batch; what is no batch is one event that cannot be read."""
    try:
        batch = json.loads(request.body)
    except (ValueError, RecursionError):
        batch = None
    if isinstance(batch, dict):
        batch = [batch]
    if not isinstance(batch, list):
        return [RawEvent(key=f"body-{_digest(request.body)}", body=request.body)]
    return [_raw(event) for event in batch[:MOST_EVENTS]]


def _raw(event: Any) -> RawEvent:
    body = json.dumps(event, ensure_ascii=True, sort_keys=True).encode()
    fields = event if isinstance(event, dict) else {}
    given = fields.get("sg_event_id")
    key = given if isinstance(given, str) and 0 < len(given) <= 150 else f"event-{_digest(body)}"
    account = fields.get("omni_account")
    return RawEvent(key=key, body=body, account=account.lower()[:320] if isinstance(account, str) else "")


def parse_event(body: bytes) -> Sequence[InboundEvent]:
    """What one event means. Raises `Invalid` when it is of another shape than SendGrid's."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("SendGrid's event is not JSON.") from error
    if not isinstance(event, dict):
        raise Invalid("SendGrid's event is not an object.")
    name = event.get("event")
    if not isinstance(name, str):
        raise Invalid("SendGrid's event does not say what happened.")
    if name in _NOTHING:
        return (Ignored(why=_NOTHING[name]),)
    if (read := _READ.get(name)) is not None:
        return read(event)
    return (Ignored(why=f"SendGrid sent “{name[:60]}”, which Omni does not know."),)


def _delivered(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    return (_update(event, "delivered"),)


def _bounced(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    """`type` blocked is a server that refused this mail; the address itself may be good."""
    is_gone = event.get("type") != "blocked"
    code, words = _text(event, "status"), _text(event, "reason") or "The recipient's server refused the mail."
    failed = _update(event, "failed", ProviderError(code=code, text=words, kind="recipient" if is_gone else "refused"))
    return (failed, *(_problem(event, "bounced", words) if is_gone else ()))


def _dropped(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    """SendGrid did not try: the address is on one of its suppression lists."""
    reason = _text(event, "reason") or "SendGrid did not send the mail."
    if reason in _COMPLAINED:
        return (_update(event, "failed", _error(reason, "opted_out")), *_problem(event, "complained", reason))
    if reason in _GONE:
        return (_update(event, "failed", _error(reason, "recipient")), *_problem(event, "bounced", reason))
    return (_update(event, "failed", _error(reason, "opted_out" if "unsubscribe" in reason.lower() else "refused")),)


def _complained(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    return (*_problem(event, "complained", "They called our mail spam."), *_consent(event, is_given=False, reason="spam report"))


def _left(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    return _consent(event, is_given=False, reason="unsubscribed") or (Ignored(why="Somebody unsubscribed; nobody is named."),)


def _came_back(event: Mapping[str, Any]) -> Sequence[InboundEvent]:
    return _consent(event, is_given=True, reason="subscribed again") or (Ignored(why="Somebody subscribed; nobody is named."),)


_READ: Mapping[str, Callable[[Mapping[str, Any]], Sequence[InboundEvent]]] = {
    "delivered": _delivered,
    "bounce": _bounced,
    "dropped": _dropped,
    "spamreport": _complained,
    "unsubscribe": _left,
    "group_unsubscribe": _left,
    "group_resubscribe": _came_back,
}


def _update(event: Mapping[str, Any], status: Any, error: ProviderError | None = None) -> DeliveryUpdate:
    return DeliveryUpdate(
        status=status,
        delivery_id=_uuid(event.get("delivery_id")),
        # SendGrid's own id begins with the one it gave when it took the mail.
        provider_id=_INTERNAL.split(_text(event, "sg_message_id"))[0],
        at=_time(event.get("timestamp")),
        error=error,
    )


def _error(text: str, kind: str) -> ProviderError:
    return ProviderError(code="", text=text, kind=kind)


def _problem(event: Mapping[str, Any], kind: Any, reason: str) -> tuple[AddressProblem, ...]:
    email = _email(event)
    identifier = Identifier(kind="email", value=email)
    return (AddressProblem(identifier=identifier, kind=kind, reason=reason[:500]),) if email else ()


def _consent(event: Mapping[str, Any], *, is_given: bool, reason: str) -> tuple[ConsentChange, ...]:
    email = _email(event)
    if not email:
        return ()
    sender = Sender(identifiers=(Identifier(kind="email", value=email),))
    return (ConsentChange(sender=sender, purpose="marketing", is_given=is_given, reason=reason),)


def _email(event: Mapping[str, Any]) -> str:
    email = _text(event, "email").strip().lower()
    return email if "@" in email and len(email) <= 320 else ""


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return str(value)[:1000] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _time(value: object) -> datetime | None:
    """Unix seconds, as a number or as text."""
    try:
        return datetime.fromtimestamp(float(value), UTC) if isinstance(value, (int, float, str)) else None
    except (ValueError, OverflowError, OSError):
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]
