"""How far a message got on its channel: pure rules, so that news in any order, any number of times, end in the same state.

    queued → sending → unknown → sent → failed → delivered → read

News only ever move a part to the right. A refusal stands left of `delivered`: who says that the customer has it is right,
whenever that comes. Only staff send a failed part back to the start (`delivery.retry_delivery`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

RANKS = {name: rank for rank, name in enumerate(("queued", "sending", "unknown", "sent", "failed", "delivered", "read"))}

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
# A message that waited for a day answers nothing any more; staff decide.
GIVE_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """What a message's own state is made of: one part's status and the words beside it."""

    status: str
    error: str = ""


def further(known: str, news: str) -> str:
    """The status after `news`: whichever of both is further on."""
    return news if RANKS[news] > RANKS[known] else known


def status_of(parts: Sequence[PartState]) -> tuple[str, str]:
    """A message's status and problem: failed or unknown when one of its parts is, else that of the part furthest behind."""
    found = {part.status for part in parts}
    furthest_behind = min(found, key=lambda one: RANKS[one])
    status: str = next((bad for bad in ("failed", "unknown") if bad in found), furthest_behind)
    if status == "sending":
        # Being handed over takes a second; readers see one state before it left.
        return "queued", ""
    return status, _first(part.error for part in parts if part.status == status)


def _first(errors: Iterable[str]) -> str:
    return next((error for error in errors if error), "")


def wait_after(attempts: int, asked: timedelta | None, spread: float) -> timedelta:
    """The time until the next try after `attempts`: doubling from two seconds to a quarter of an hour, never less than the other
    side asked for. `spread` (0 to 1) lengthens it by up to 30 %, so that what failed together does not come back together."""
    wait = min(FIRST_WAIT * float(2 ** min(max(attempts - 1, 0), 20)), LONGEST_WAIT)
    return max(wait, asked or timedelta()) * (1 + 0.3 * spread)
