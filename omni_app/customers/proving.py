"""Codes that prove an address: six digits, sent there, good for ten minutes, five tries and one use.

Only a keyed fingerprint of a code is kept, bound to the contact point. How often codes may be asked for is counted by the caller.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.jobs import RefreshTrust
from omni_app.infra.clock import now
from omni_app.infra.crypto import blind_index, decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

DIGITS = 6
LIFE = timedelta(minutes=10)
MOST_TRIES = 5
CLOCK_SLACK = timedelta(minutes=1)

Outcome = Literal["right", "wrong", "too_many", "expired", "nothing"]

_CLAIMS = text(
    """
    select cp.id, cp.kind, cp.value, cu.data_key, cu.blocked_at from contact_points cp join customers cu on cu.id = cp.customer_id
    where cp.customer_id = :id and cp.proof = 'claimed' and cp.kind in ('email', 'phone') order by cp.created_at desc, cp.id desc
    """
)

# The newest code alone counts, used or not; its lock lines up the guesses of several tabs, so five tries are five.
_NEWEST = text(
    """
    select v.id, v.code_hash, v.tries, v.expires_at, v.used_at, v.contact_point_id
    from verification_codes v join contact_points cp on cp.id = v.contact_point_id
    where cp.customer_id = :id and cp.proof = 'claimed' order by v.created_at desc, v.id desc limit 1 for update of v
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An e-mail a customer claims to have."""

    point_id: UUID
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a code. `claim` is set when it was right."""

    outcome: Outcome
    claim: Claim | None = None
    wait: timedelta = timedelta()


async def find_claimed_email(db: Db, customer_id: UUID) -> Claim:
    """The e-mail a code can go to. Raises `Invalid` (field `email` or `phone`) when none is claimed, `Forbidden` when blocked."""
    db.scope.require(Permission.REPLY)
    claims = (await db.execute(_CLAIMS, {"id": customer_id})).all()
    if any(row.blocked_at is not None for row in claims):
        raise Forbidden("This customer is blocked.")
    for row in claims:
        if row.kind == "email":
            value = decrypt(unwrap_data_key(row.data_key), row.value, CONTACT_POINT)
            return Claim(point_id=row.id, address=Address(kind="email", channel="", value=value))
    if claims:
        raise Invalid("Codes cannot be sent by text message yet. Give your e-mail address instead.", "phone")
    raise Invalid("Give your e-mail address first.", "email")


async def create_code(db: Db, claim: Claim) -> str:
    """A new code for a claimed address; earlier ones stop working. It is stored as a keyed fingerprint only."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    at = now()
    await db.execute(
        """insert into verification_codes (id, business_id, contact_point_id, code_hash, tries, created_at, expires_at)
           values (:id, :business_id, :point_id, :hash, 0, :now, :until)""",
        {
            "id": new_id(),
            "business_id": db.scope.business_id,
            "point_id": claim.point_id,
            "hash": _fingerprint(claim.point_id, code),
            "now": at,
            "until": at + LIFE,
        },
    )
    await audit.record(db, "customer.code_sent", "contact_point", claim.point_id, after={"kind": claim.address.kind})
    return code


def _fingerprint(point_id: UUID, code: str) -> str:
    return blind_index("verification_code", str(point_id), code)


def read_code(given: str) -> str:
    """The six digits of what was typed; spaces and dashes do not matter. Raises `Invalid` (field `code`)."""
    digits = "".join(str(given)[:40].split()).replace("-", "")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Invalid(f"The code has {DIGITS} digits.", "code")
    return digits


async def check_code(db: Db, customer_id: UUID, code: str) -> Checked:
    """Compare `code` (six digits) with the newest code sent to an address this customer claims, and use it up when right.

    A wrong try is counted in this transaction: let it commit, and raise afterwards.
    """
    db.scope.require(Permission.REPLY)
    row = (await db.execute(_NEWEST, {"id": customer_id})).one_or_none()
    if row is None or row.used_at is not None:
        return Checked(outcome="nothing")
    at = now()
    if row.tries >= MOST_TRIES:
        return Checked(outcome="too_many", wait=max(timedelta(), row.expires_at - at))
    # A code that would live longer than it may was sent before the clock was set back.
    if not timedelta() < row.expires_at - at <= LIFE + CLOCK_SLACK:
        return Checked(outcome="expired")
    if not hmac.compare_digest(row.code_hash, _fingerprint(row.contact_point_id, code)):
        await db.execute("update verification_codes set tries = tries + 1 where id = :id", {"id": row.id})
        await audit.record(db, "customer.code_wrong", "customer", customer_id, after={"try": row.tries + 1}, level="WARNING")
        if row.tries + 1 >= MOST_TRIES:
            return Checked(outcome="too_many", wait=row.expires_at - at)
        return Checked(outcome="wrong")
    await db.execute("update verification_codes set used_at = :now where id = :id", {"now": at, "id": row.id})
    found = (await db.execute(_CLAIMS, {"id": customer_id})).all()
    point = next(one for one in found if one.id == row.contact_point_id)
    value = decrypt(unwrap_data_key(point.data_key), point.value, CONTACT_POINT)
    return Checked(outcome="right", claim=Claim(point_id=point.id, address=Address(kind=point.kind, channel="", value=value)))


async def accept_claim(db: Db, customer_id: UUID, claim: Claim, proven_by: str) -> None:
    """The claimed address is this customer's from now on.

    Raises SQLAlchemy's IntegrityError when somebody else proved the same address meanwhile.
    """
    await db.execute(
        "update contact_points set proof = 'proven', proven_by = :by where id = :id and proof = 'claimed'",
        {"by": proven_by, "id": claim.point_id},
    )
    await enqueue(db, RefreshTrust(customer_id=customer_id))
    await audit.record(
        db, "customer.address_proven", "customer", customer_id, after={"kind": claim.address.kind, "by": proven_by}
    )
