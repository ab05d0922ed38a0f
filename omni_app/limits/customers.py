"""How much a customer may write and call, and how much of its plan's month a business has used."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import system_scope
from omni_app.limits.addresses import UNKNOWN, address_block, is_public
from omni_app.limits.refusals import SubjectKind, note_refusal
from omni_app.limits.rules import LimitRules
from omni_app.limits.window import Decision, Gate, check_all, take_all
from omni_app.tenancy.plans import load_plan_use

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)

MESSAGES, COOLDOWN, VISITORS, MONTH, CALLS, CALL_SECONDS = (
    "messages",
    "cooldown",
    "visitors",
    "month",
    "calls",
    "call-seconds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that was counted. `is_over_quota`: the plan's month is full; store the message, answer it without paid calls."""

    used_this_month: int
    is_over_quota: bool


async def take_message(
    business_id: UUID,
    customer_id: UUID,
    rules: LimitRules,
    *,
    trust: int,
    is_verified: bool,
    address: str | None,
    timezone: str = "UTC",
    client: Redis | None = None,
) -> Taken:
    """Count one message of a customer through all its limits at once: all have room, or none counts and `TooMany` is raised.

    The day of the customer (verified or trusted ones may write more), the pause between two messages, and the hour of the network
    address. `address` is where a visitor of the widget writes from, None for every other way a message comes. A private address
    is a proxy or an office and is not counted; one that cannot be read shares a stricter place with all of its kind; verified
    customers stand for themselves. The plan's month (calendar month in `timezone`) refuses nobody: a paying business's customers
    are heard, so a full month is told in the answer and kept as a refusal of the business.

    A Redis that is away lets messages through: the budget still guards the money, and a customer should not be silenced.
    """
    gates = [_gate(business_id, MESSAGES, str(customer_id), rules.daily_for(trust, is_verified=is_verified), DAY)]
    if rules.cooldown_seconds > 0:
        pause = timedelta(seconds=rules.cooldown_seconds)
        gates.append(_gate(business_id, COOLDOWN, str(customer_id), 1, pause))
    if address is not None and not is_verified:
        gates.extend(_address_gate(business_id, rules, address))
    gates.append(month_gate(business_id, rules, timezone))
    *decisions, month = await take_all(gates, when_away="open", client=client)
    for decision, gate in zip(decisions, gates, strict=False):
        if not decision.allowed:
            kind: SubjectKind = "address" if gate.name == VISITORS else "customer"
            _note(business_id, kind, gate, customer_id)
            decision.require(_words(decision))
    if not month.allowed:
        _note(business_id, "business", gates[-1], None)
    if month.used == 1:
        start_task(restore_month(business_id, rules, timezone=timezone, client=client), "restore the month")
    return Taken(used_this_month=month.used, is_over_quota=not month.allowed)


async def restore_month(business_id: UUID, rules: LimitRules, *, timezone: str = "UTC", client: Redis | None = None) -> None:
    """Count what PostgreSQL holds of this month and Redis does not: after a Redis was emptied, the first message asks for it."""
    try:
        async with open_db(system_scope(business_id)) as db:
            stored = (await load_plan_use(db)).messages
    except NotFound:
        return
    gate = month_gate(business_id, rules, timezone)
    (counted,) = await check_all([gate], client=client)
    if counted.is_counted and stored > counted.used:
        await take_all([replace(gate, amount=stored - counted.used)], client=client)


async def take_call(business_id: UUID, customer_id: UUID, rules: LimitRules, *, client: Redis | None = None) -> timedelta:
    """Count one call of a customer and its first second; gives how long it may last. Raises `TooMany`.

    Raised when the day's calls or the day's minutes are used up. Open when Redis is away, like messages.
    """
    gates = [
        _gate(business_id, CALLS, str(customer_id), rules.daily_calls, DAY),
        _seconds_gate(business_id, customer_id, rules, 1),
    ]
    decisions = await take_all(gates, when_away="open", client=client)
    for decision, gate in zip(decisions, gates, strict=True):
        if not decision.allowed:
            _note(business_id, "customer", gate, customer_id)
            decision.require(_words(decision))
    return timedelta(seconds=decisions[1].remaining)


async def take_call_seconds(
    business_id: UUID, customer_id: UUID, rules: LimitRules, seconds: int, *, client: Redis | None = None
) -> Decision:
    """Count the next `seconds` (1 or more) of a running call; a call takes a few at a time, ahead of talking.

    Not allowed: fewer than these are left of the day's minutes (`remaining` says how many), nothing is counted, the call ends.
    """
    gate = _seconds_gate(business_id, customer_id, rules, max(1, seconds))
    (decision,) = await take_all([gate], when_away="open", client=client)
    if not decision.allowed:
        _note(business_id, "customer", gate, customer_id)
    return decision


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUse:
    """Customers' messages of this calendar month against the plan's number. `is_known` is false while Redis is away.

    `is_over`: the newest message was beyond the plan's number.
    """

    used: int
    most: int
    is_known: bool

    @property
    def is_over(self) -> bool:
        return self.used > self.most


async def load_month_use(business_id: UUID, rules: LimitRules, *, timezone: str = "UTC", client: Redis | None = None) -> MonthUse:
    """How much of its plan's month a business has used; counts nothing. A Redis that is away: nothing used."""
    (month,) = await check_all([month_gate(business_id, rules, timezone)], client=client)
    return MonthUse(used=month.used, most=month.limit, is_known=month.is_counted)


def _gate(business_id: UUID, name: str, subject: str, most: int, window: timedelta) -> Gate:
    return Gate(name=name, subject=subject, most=most, window=window, slot=str(business_id))


def _address_gate(business_id: UUID, rules: LimitRules, address: str) -> list[Gate]:
    block = address_block(address)
    if block == UNKNOWN:
        return [_gate(business_id, VISITORS, UNKNOWN, rules.unknown_address_messages_per_hour, HOUR)]
    if not is_public(address):
        return []
    return [_gate(business_id, VISITORS, block, rules.visitor_messages_per_hour, HOUR)]


def _seconds_gate(business_id: UUID, customer_id: UUID, rules: LimitRules, seconds: int) -> Gate:
    return Gate(
        name=CALL_SECONDS,
        subject=str(customer_id),
        most=rules.daily_call_minutes * 60,
        window=DAY,
        kind="sum",
        amount=seconds,
        slot=str(business_id),
    )


def month_gate(business_id: UUID, rules: LimitRules, timezone: str) -> Gate:
    offset = _offset(timezone)
    return Gate(name=MONTH, subject="messages", most=rules.monthly_messages, window=offset, kind="month", slot=str(business_id))


def _offset(timezone: str, at: datetime | None = None) -> timedelta:
    try:
        return (at or now()).astimezone(ZoneInfo(timezone)).utcoffset() or timedelta()
    except (KeyError, ValueError, OSError):
        return timedelta()


def _note(business_id: UUID, kind: SubjectKind, gate: Gate, customer_id: UUID | None) -> None:
    window = timedelta(days=30) if gate.kind == "month" else gate.window
    subject = str(business_id) if kind == "business" else gate.subject
    note_refusal(business_id, gate.name, kind, subject, gate.most, window, customer_id if kind == "customer" else None)


def _words(decision: Decision) -> str:
    wait = in_words(decision.reset_after)
    if decision.name == COOLDOWN:
        return f"That was quick. Please write again in {in_seconds(decision.reset_after)}."
    if decision.name == VISITORS:
        return f"Many messages came from your network within the hour. Please write again in {wait}."
    if decision.name in (CALLS, CALL_SECONDS):
        return f"You called as much as we can take within 24 hours. Please call again in {wait}, or write to us."
    if decision.limit <= 0:
        return "This business takes no messages here at the moment."
    plural = "" if decision.limit == 1 else "s"
    return (
        f"You sent {decision.limit} message{plural} within 24 hours, which is the most we can take. Please write again in {wait}."
    )


def in_words(wait: timedelta) -> str:
    """`1 minute`, `20 minutes`, `3 hours`: rounded up, so that waiting that long is enough."""
    minutes = max(1, -(-wait // timedelta(minutes=1)))  # the floor of the negative is the ceiling
    count, unit = (minutes, "minute") if minutes < 60 else (-(-minutes // 60), "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def in_seconds(wait: timedelta) -> str:
    """Like `in_words`, to the second below a minute."""
    if wait >= timedelta(minutes=1):
        return in_words(wait)
    count = max(1, -(-wait // timedelta(seconds=1)))
    return f"{count} second{'' if count == 1 else 's'}"
