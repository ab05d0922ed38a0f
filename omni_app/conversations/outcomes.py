"""What came of one try to send, and how it is written down."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from omni_app.channels.accounts import Account
from omni_app.channels.contract import Receipt
from omni_app.channels.failures import Refused, Revoked, Unavailable, Uncertain
from omni_app.channels.health import note_revoked, note_sent, note_trouble
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.parts import Part, lock_parts, save_part
from omni_app.conversations.postage import book_sent, give_back
from omni_app.conversations.progress import further, wait_after
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.jobs import enqueue
from omni_app.infra.log import get_logger
from omni_app.settings import load_settings

log = get_logger(__name__)

# Once the owner raised the budget, what waited leaves within this time.
BUDGET_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`kind`: sent, failed (for good), later (surely not taken: try again `after`, by default after a growing pause), waiting
    (until somebody connects the channel again), unknown (it may have been taken). `is_trouble` counts against the connection."""

    kind: Literal["sent", "failed", "later", "waiting", "unknown"]
    text: str = ""
    error_kind: str = ""
    code: str = ""
    after: timedelta | None = None
    is_trouble: bool = False
    is_revoked: bool = False
    receipt: Receipt | None = None

    @classmethod
    def failed(cls, text: str, error_kind: str, code: str = "") -> "Outcome":
        return cls(kind="failed", text=text, error_kind=error_kind, code=code)

    @classmethod
    def later(cls, text: str, error_kind: str = "", after: timedelta | None = None, *, is_trouble: bool = False) -> "Outcome":
        return cls(kind="later", text=text, error_kind=error_kind, after=after, is_trouble=is_trouble)

    @classmethod
    def waiting(cls, text: str, error_kind: str) -> "Outcome":
        return cls(kind="waiting", text=text, error_kind=error_kind)

    @classmethod
    def lost(cls, text: str, account: Account, *, is_trouble: bool = True) -> "Outcome":
        """Nobody can tell whether it was taken; where a second copy does no harm it goes again."""
        kind: Literal["later", "unknown"] = "later" if account.adapter.capabilities.asks_again else "unknown"
        return cls(kind=kind, text=text, is_trouble=is_trouble)


def outcome_of(error: BaseException, account: Account) -> Outcome:
    """What an error of `Adapter.send` means."""
    if isinstance(error, Refused):
        return Outcome.failed(str(error), error.kind, error.provider_code)
    if isinstance(error, Revoked):
        return Outcome(kind="waiting", text=str(error), error_kind="revoked", code=error.provider_code, is_revoked=True)
    if isinstance(error, Unavailable):
        # Whoever says when to come back is well.
        return Outcome.later(str(error), after=error.retry_after, is_trouble=error.retry_after is None)
    if isinstance(error, Uncertain):
        return Outcome.lost(str(error), account)
    if isinstance(error, TimeoutError):
        return Outcome.lost("The provider did not answer in time: it may have been sent.", account)
    return Outcome.lost("Something broke while this was handed over: it may have been sent.", account)


async def record(db: Db, sent: Part, outcome: Outcome) -> None:
    """Write down what came of a try with the part as it was claimed (`sent`): state, money, the connection's light, the next try.

    A part that went on meanwhile (a status came first, staff sent it again) keeps what is further on.
    """
    known = await lock_parts(db, sent.message_id, sent.id)
    if known is None:
        return  # erased meanwhile; the reaper books what was held
    part = known.wanted
    if part.fence != sent.fence and outcome.kind != "sent":
        return
    part = replace(part, pricing={**sent.pricing, **part.pricing})
    if known.are_reactions and outcome.kind == "unknown":
        # The same emoji put there twice is there once.
        outcome = replace(outcome, kind="later")
    if outcome.kind == "sent":
        assert outcome.receipt is not None
        part = await _sent(db, part, outcome.receipt)
    elif part.status in ("sending", "unknown"):
        part = await _not_sent(db, part, outcome)
    await save_part(db, known, part)
    if part.connection_id is not None:
        if outcome.kind == "sent":
            await note_sent(db, part.connection_id)
        elif outcome.is_revoked:
            await note_revoked(db, part.connection_id, outcome.text)
        elif outcome.is_trouble:
            await note_trouble(db, part.connection_id, outcome.text)


async def _sent(db: Db, part: Part, receipt: Receipt) -> Part:
    at = now()
    # A refusal of an earlier try says nothing about this one.
    is_stale = part.status == "failed" and part.provider_id != receipt.provider_id
    status = receipt.status if is_stale else further(part.status, receipt.status)
    part = replace(
        part,
        status=status,
        provider_id=receipt.provider_id or part.provider_id,
        claimed_until=None,
        sent_at=part.sent_at or at,
        delivered_at=part.delivered_at or (at if receipt.status == "delivered" else None),
        failed_at=None if is_stale else part.failed_at,
    )
    if status != "failed":
        part = replace(part, error="", error_code="", error_kind="", asked_at=None)
    return await book_sent(db, part, receipt.units)


async def _not_sent(db: Db, part: Part, outcome: Outcome) -> Part:
    at = now()
    said: dict[str, Any] = {
        "error": outcome.text[:500],
        "error_code": outcome.code[:100],
        "error_kind": outcome.error_kind,
        "claimed_until": None,
    }
    if outcome.kind == "unknown":
        asks_at = at + timedelta(seconds=load_settings().unknown_after_seconds)
        return replace(part, status="unknown", available_at=asks_at, **said)
    part = await give_back(db, part)
    if outcome.kind == "failed":
        return replace(part, status="failed", failed_at=at, **said)
    if outcome.kind == "waiting":
        return replace(part, status="queued", available_at=at, attempts=max(part.attempts - 1, 0), **said)
    if outcome.error_kind in ("budget", "paused", "rate"):
        part = replace(part, attempts=max(part.attempts - 1, 0))
    if outcome.error_kind == "rate":
        # The sender itself waits this moment; the sweep stands in for one that dies.
        return replace(part, status="queued", available_at=at + (outcome.after or timedelta()), **said)
    due = at + wait_after(part.attempts, outcome.after, random.random())
    await enqueue(db, DeliverConversation(conversation_id=part.conversation_id), available_at=due)
    return replace(part, status="queued", available_at=due, **said)
