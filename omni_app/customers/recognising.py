"""Who wrote: the customer behind the identifiers a channel gives of a sender.

Identifiers the channel vouches for are looked up among proven contact points. When nobody is known by them, the turn creates the
customer under `Recognised.address`, and `add_missing_points` completes them once the message is stored. What the channel does not
vouch for (a mail without SPF or DKIM) reaches nothing of the address's owner: such a sender is somebody of their own, who claims
the address. Identifiers of one sender that lead to several customers are told as `twins`; whether those are joined is decided
above (`conversations.joining.join_twins`).
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.addresses import Address, normalize_email, normalize_phone
from omni_app.customers.identifying import CONTACT_POINT, KnownCustomer
from omni_app.customers.jobs import RefreshTrust
from omni_app.customers.suggesting import TYPED, suggest, suggest_namesakes
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

UNPROVEN = "unproven:"
_LONGEST = 320
_MOST_CLAIMERS = 5

# Anybody may claim any address, so claims are cut off; what is proven belongs to one and is never cut off.
_FIND = text(
    """
    with found as (
      select cp.id as point_id, cp.kind, cp.channel, cp.value_index, cp.proof, cp.customer_id from contact_points cp
      where cp.business_id = :business_id and cp.value_index = any(:indexes) and cp.proof = 'proven'
      union all
      (select cp.id, cp.kind, cp.channel, cp.value_index, cp.proof, cp.customer_id from contact_points cp
       join customers cl on cl.id = cp.customer_id
       where cp.business_id = :business_id and cp.value_index = any(:indexes) and cp.proof = 'claimed'
       order by cl.last_seen_at desc limit :most)
    )
    select f.*, cu.name, cu.language, cu.data_key, cu.blocked_at, cu.trust, cu.restriction, cu.restricted_until, cu.verified_at,
      (select r.id from contact_points r where r.customer_id = cu.id and r.value_index = :reply_index limit 1) as reply_id
    from found f join customers cu on cu.id = f.customer_id
    """
)

_ADD = text(
    """
    insert into contact_points as p (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
      created_at)
    select t.id, :business_id, cu.id, t.kind, t.channel, t.value, t.value_index, t.hints, t.proof,
      case t.proof when 'proven' then 'channel' else '' end, :now
    from jsonb_to_recordset(cast(:points as jsonb))
      as t(id uuid, kind text, channel text, value text, value_index text, hints jsonb, proof text)
    join customers cu on cu.id = :customer_id and cu.merged_into_id is null
    where t.proof = 'claimed' or not exists (select from contact_points o where o.business_id = :business_id
      and o.kind = t.kind and o.channel = t.channel and o.value_index = t.value_index and o.proof = 'proven')
    on conflict (customer_id, kind, channel, value_index)
      do update set proof = 'proven', proven_by = 'channel' where p.proof = 'claimed' and excluded.proof = 'proven'
    returning p.id, p.kind, p.proof
    """
)
_REPLY_POINT = text("select id from contact_points where customer_id = :customer_id and value_index = :index limit 1")
_NAME = text("update customers set name = :name where id = :id and name = '' and :name <> ''")


class IdentifierLike(Protocol):
    """One contact point of a sender (`channels.contract.Identifier`)."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def is_proven(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A contact point the customer does not have yet, and what it will be: proven or claimed."""

    address: Address
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What is known of a sender.

    `address` is where the turn finds or creates the customer, `reply_to` where answers go; `contact_point_id` is that of
    `reply_to`, None until `add_missing_points`. `twins` are other customers that the same sender's proven identifiers lead to,
    `owners` those who proved an address this sender only claims, `claimers` those who claim one this sender has just proved.
    """

    address: Address
    reply_to: Address
    is_proven: bool
    name: str = ""
    customer: KnownCustomer | None = None
    contact_point_id: UUID | None = None
    missing: tuple[Missing, ...] = ()
    twins: tuple[UUID, ...] = ()
    owners: tuple[UUID, ...] = ()
    claimers: tuple[UUID, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be added to the customer: `add_missing_points` may be left out."""
        return (
            self.customer is not None
            and self.contact_point_id is not None
            and not self.missing
            and bool(self.customer.name or not self.name)
        )


def address_of(channel: str, identifier: IdentifierLike) -> Address:
    """A sender's identifier, normalised. What is no e-mail or phone number after all becomes an id on that channel.

    Raises `Invalid` (field `sender`) when nothing readable is left.
    """
    value = "".join(letter for letter in identifier.value if letter.isprintable()).strip()[:_LONGEST]
    value = value.encode("utf-8", "ignore").decode()
    if not value:
        raise Invalid("The sender has no readable address.", "sender")
    with suppress(Invalid):
        if identifier.kind == "email":
            return Address(kind="email", channel="", value=normalize_email(value, "sender"))
        if identifier.kind == "phone":
            number = value if value.startswith("+") else f"+{value.removeprefix('00')}"
            return Address(kind="phone", channel="", value=normalize_phone(number, "sender"))
    return Address(kind="external", channel=channel, value=value)


async def recognise(
    db: Db, channel: str, identifiers: Sequence[IdentifierLike], name: str = "", language: str = ""
) -> Recognised:
    """Find the customer behind a sender, in one statement. The first identifier is where answers go.

    Raises `Invalid` (field `sender`) when there is no identifier, `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    if not identifiers:
        raise Invalid("The sender has no address.", "sender")
    given = [(address_of(channel, one), one.is_proven) for one in identifiers]
    reply_to = given[0][0]
    keys = list(dict.fromkeys(address for address, is_proven in given if is_proven))
    is_proven = bool(keys)
    if not keys:
        keys = [Address(kind="external", channel=channel, value=UNPROVEN + reply_to.value)]
    claims = [address for address in dict.fromkeys(address for address, _ in given) if address not in keys]
    found = await db.execute(
        _FIND,
        {
            "business_id": db.scope.business_id,
            "indexes": [address.index for address in (*keys, *claims)],
            "reply_index": reply_to.index,
            "most": _MOST_CLAIMERS,
        },
    )
    rows = found.all()
    proven = {row.value_index: row for row in rows if row.proof == "proven"}
    owners = [proven[address.index] for address in keys if address.index in proven]
    main = owners[0] if owners else None
    mine = {row.value_index for row in rows if main is not None and row.customer_id == main.customer_id}
    missing = [Missing(address=address, proof="proven") for address in keys if address.index not in proven]
    missing += [
        Missing(address=address, proof="claimed") for address in claims if address.index not in mine and address != reply_to
    ]
    if reply_to in claims and (main is None or main.reply_id is None):
        missing.append(Missing(address=reply_to, proof="claimed"))
    new = {point.address.index for point in missing}
    return Recognised(
        address=keys[0] if main is None else next(address for address in keys if address.index == main.value_index),
        reply_to=reply_to,
        is_proven=is_proven,
        name=name,
        customer=None if main is None else _known(main),
        contact_point_id=None if main is None else main.reply_id,
        missing=tuple(missing),
        twins=_others(main, owners),
        owners=_others(main, [proven[a.index] for a in claims if a.index in proven and a.index in new]),
        claimers=_others(main, [row for row in rows if row.proof == "claimed" and is_proven and row.value_index in new]),
    )


def _others(main: Any, rows: Sequence[Any]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(row.customer_id for row in rows if main is None or row.customer_id != main.customer_id))


def _known(row: Any) -> KnownCustomer:
    return KnownCustomer(
        id=row.customer_id,
        name=row.name,
        language=row.language,
        data_key=row.data_key,
        is_blocked=row.blocked_at is not None,
        trust=row.trust,
        restriction=row.restriction,
        restricted_until=row.restricted_until,
        is_verified=row.verified_at is not None,
    )


async def add_missing_points(db: Db, recognised: Recognised, customer: KnownCustomer) -> UUID | None:
    """Give `customer` (found or just created under `recognised.address`) what `recognised` says they lack; done twice it does it
    once. Gives the contact point answers go to, None when somebody else proved that address meanwhile or the customer was joined.

    Raises `Forbidden`, and SQLAlchemy's IntegrityError when somebody proved one of the addresses at this moment: start over.
    """
    db.scope.require(Permission.REPLY)
    missing = [point for point in recognised.missing if point.address != recognised.address or recognised.customer is not None]
    if missing:
        key = unwrap_data_key(customer.data_key)
        points = [_sealed(point, key) for point in missing]
        values = {"business_id": db.scope.business_id, "customer_id": customer.id, "points": json.dumps(points), "now": now()}
        added = (await db.execute(_ADD, values)).all()
        await _tell(db, customer.id, added, is_new=recognised.customer is None)
    if recognised.name and not customer.name:
        await db.execute(_NAME, {"id": customer.id, "name": recognised.name[:120]})
    for other_id in recognised.owners:
        await suggest(db, customer.id, other_id, "Somebody wrote from this address, but the mail system could not prove it.")
    for other_id in recognised.claimers:
        await suggest(db, customer.id, other_id, TYPED)
    if recognised.customer is None and recognised.is_proven:
        await suggest_namesakes(db, customer.id, recognised.name or customer.name, recognised.reply_to)
    index = recognised.reply_to.index
    found = (await db.execute(_REPLY_POINT, {"customer_id": customer.id, "index": index})).scalar_one_or_none()
    return None if found is None else UUID(str(found))


def _sealed(point: Missing, key: bytes) -> dict[str, Any]:
    address = point.address
    return {
        "id": str(new_id()),
        "kind": address.kind,
        "channel": address.channel,
        "value": encrypt(key, address.value, CONTACT_POINT),
        "value_index": address.index,
        "hints": address.hints,
        "proof": point.proof,
    }


async def _tell(db: Db, customer_id: UUID, added: Sequence[Any], *, is_new: bool) -> None:
    if not added or is_new:
        return
    for row in added:
        action = "customer.address_proven" if row.proof == "proven" else "customer.address_claimed"
        after = {"kind": row.kind, "by": "channel"} if row.proof == "proven" else {"kind": row.kind}
        await audit.record(db, action, "customer", customer_id, after=after)
    if any(row.proof == "proven" for row in added):
        await enqueue(db, RefreshTrust(customer_id=customer_id))
    live.publish(db, "customer.changed", customer_id=customer_id)
