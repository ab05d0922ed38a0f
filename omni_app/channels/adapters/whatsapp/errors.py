"""What Meta's error codes mean for us, as data.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from omni_app.channels.contract import ProviderError
from omni_app.channels.failures import RefusalKind, Refused, Revoked, Unavailable
from omni_app.infra.http import Answer

# The account or its token; the second half needs Meta's or an administrator's hand as much as the first.
REVOKED = frozenset({0, 3, 10, 190, *range(200, 300), 131005, 131031, 131042, 131045, 133010, 368})

# Not now: throughput, WABA, app, spam, same pair of numbers; and Meta's own trouble.
LATER: Mapping[int, timedelta | None] = {
    1: None,
    2: None,
    4: timedelta(minutes=1),
    80007: timedelta(minutes=1),
    130429: timedelta(seconds=5),
    131048: timedelta(minutes=10),
    # One business may write to one person about ten times a minute: https://developers.facebook.com/docs/whatsapp/throughput
    131056: timedelta(seconds=6),
    131000: None,
    131016: None,
    131057: timedelta(minutes=5),
    133004: None,
    133005: None,
    135000: None,
}

KINDS: Mapping[int, RefusalKind] = {
    131047: "window_closed",
    131049: "later",
    130472: "later",
    131050: "opted_out",
    131021: "recipient",
    131026: "recipient",
    131030: "recipient",
    131051: "content",
    131052: "content",
    131053: "content",
    131008: "content",
    131009: "content",
    132000: "template",
    132001: "template",
    132005: "template",
    132007: "template",
    132012: "template",
    132015: "template",
    132016: "template",
    132018: "template",
    132068: "template",
    132069: "template",
}


def code_of(error: Mapping[str, Any]) -> int:
    """The error's code, -1 when it has none."""
    try:
        return int(error.get("code", -1))
    except (TypeError, ValueError):
        return -1


def words_of(error: Mapping[str, Any]) -> str:
    """Meta's own words, the details last."""
    data = error.get("error_data")
    said = [error.get("error_user_msg"), error.get("title"), error.get("message")]
    said.append(data.get("details") if isinstance(data, dict) else None)
    parts: list[str] = []
    for one in said:
        text = one.strip() if isinstance(one, str) else ""
        if text and not any(text in part for part in parts):
            parts = [part for part in parts if part not in text]
            parts.append(text)
    return ": ".join(part.rstrip(".: ") for part in parts)[:500] or "Meta gave no reason"


def to_provider_error(errors: Any) -> ProviderError | None:
    """The first of a status's errors."""
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return None
    code = code_of(first)
    return ProviderError(code=str(code) if code >= 0 else "", text=words_of(first), kind=KINDS.get(code, "refused"))


def raise_for(answer: Answer, what: str = "WhatsApp") -> None:
    """Raise what an answer that is no success means: `Revoked`, `Unavailable` or `Refused`, in Meta's words."""
    if 200 <= answer.status < 300:
        return
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        if answer.status in {401, 403}:
            raise Revoked(f"Meta answered {answer.status}", code=str(answer.status))
        if answer.status == 429 or answer.status >= 500:
            raise Unavailable(what, answer.retry_after)
        raise Refused(f"Meta answered {answer.status}", code=str(answer.status))
    code, text = code_of(error), words_of(error)
    if code in REVOKED and not (code == 0 and answer.status >= 500):
        raise Revoked(text, code=str(code))
    if code in LATER or answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"{what} ({text})", answer.retry_after or LATER.get(code))
    raise Refused(text, code=str(code) if code >= 0 else str(answer.status), kind=KINDS.get(code, "refused"))
