"""How much a customer may write."""

from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from omni_app.infra.errors import TooMany
from omni_app.limits.window import take

DAY = timedelta(hours=24)


async def take_message(business_id: UUID, customer_id: UUID, daily_messages: int, *, client: Redis | None = None) -> None:
    """Count one message of a customer. Raise `TooMany` when `daily_messages` passed within the last 24 hours.

    A Redis that is away lets messages through: the budget still guards the money, and a customer should not be silenced.
    """
    decision = await take("messages", f"{business_id}:{customer_id}", daily_messages, DAY, when_away="open", client=client)
    if decision.allowed:
        return
    if daily_messages <= 0:
        raise TooMany("This business takes no messages here at the moment.", decision.reset_after)
    plural = "" if daily_messages == 1 else "s"
    raise TooMany(
        f"You sent {daily_messages} message{plural} within 24 hours, which is the most we can take. "
        f"Please write again in {in_words(decision.reset_after)}.",
        decision.reset_after,
    )


def in_words(wait: timedelta) -> str:
    """`1 minute`, `20 minutes`, `3 hours`: rounded up, so that waiting that long is enough."""
    minutes = max(1, -(-wait // timedelta(minutes=1)))  # the floor of the negative is the ceiling
    count, unit = (minutes, "minute") if minutes < 60 else (-(-minutes // 60), "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"
