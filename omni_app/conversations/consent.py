"""Who may be written to without having asked: what customers said yes or no to, and addresses that take nothing.

A no stops what nobody asked for (campaigns, templates, messages begun by staff); an answer to a customer's own message is no
matter of consent. It stands in `customers.consent` as any other: `marketing`, and `channel.<name>` for one channel.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.channels.contract import AddressProblem, ConsentChange, Sender
from omni_app.customers.editing import change_customer
from omni_app.customers.recognising import address_of
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

MARKETING = "marketing"
_LONGEST_REASON = 200

_ALIVE = text(
    """
    with recursive shell as (
      select id, merged_into_id from customers where id = :id
      union all select c.id, c.merged_into_id from customers c join shell on c.id = shell.merged_into_id
    )
    select id from shell where merged_into_id is null
    """
)
_MARK = text(
    """
    with old as (select id, undeliverable_at from contact_points
      where value_index = :index and kind = :kind and channel = :channel for update)
    update contact_points p set undeliverable_at = :now, undeliverable_reason = :reason from old where p.id = old.id
    returning p.customer_id, old.undeliverable_at is null as is_new
    """
)
_OWNERS = text(
    "select distinct customer_id from contact_points where value_index = :index and kind = :kind and channel = :channel"
)


def purpose_of(channel: str) -> str:
    """What the consent to be written to on a channel is called."""
    return f"channel.{channel}"


def says_no(consent: Mapping[str, Any], channel: str, *, is_marketing: bool = False) -> bool:
    """Whether `customers.consent` forbids a message on `channel` that answers nothing."""
    purposes = (purpose_of(channel), MARKETING) if is_marketing else (purpose_of(channel),)
    return any(isinstance(said := consent.get(purpose), dict) and said.get("given") is False for purpose in purposes)


async def is_opted_out(db: Db, customer_id: UUID, channel: str, *, is_marketing: bool = False) -> bool:
    """Whether a customer said no to messages on `channel` that answer nothing. Raises `NotFound`, `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    consent = (await db.execute("select consent from customers where id = :id", {"id": customer_id})).scalar_one_or_none()
    if consent is None:
        raise NotFound("customer")
    return says_no(consent, channel, is_marketing=is_marketing)


async def apply_consent(db: Db, customer_id: UUID, channel: str, change: ConsentChange) -> None:
    """Write down a customer's yes or no, with the channel and their words; said twice it stands once.

    Raises `NotFound`, `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    alive = (await db.execute(_ALIVE, {"id": customer_id})).scalar_one_or_none()
    if alive is None:
        raise NotFound("customer")
    purpose = MARKETING if change.purpose == "marketing" else purpose_of(channel)
    source = f"{channel}: {change.reason}" if change.reason else channel
    await change_customer(db, alive, source=source[:_LONGEST_REASON], consent={purpose: change.is_given})


async def apply_address_problem(db: Db, channel: str, problem: AddressProblem) -> None:
    """Note that an address takes no messages, until its owner writes again; who complained of spam is answered only.

    Raises `Invalid` for an address that cannot be read, `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    address = address_of(channel, problem.identifier)
    where = {"index": address.index, "kind": address.kind, "channel": address.channel}
    if problem.kind == "complained":
        sender, reason = Sender(identifiers=(problem.identifier,)), problem.reason or "reported a message as spam"
        change = ConsentChange(sender=sender, purpose="channel", is_given=False, reason=reason)
        for customer_id in (await db.execute(_OWNERS, where)).scalars().all():
            await apply_consent(db, customer_id, channel, change)
        return
    reason = problem.reason or ("the address does not exist" if problem.kind == "bounced" else "the messages are blocked")
    found = await db.execute(_MARK, {**where, "reason": reason[:300], "now": now()})
    for customer_id in dict.fromkeys(row.customer_id for row in found if row.is_new):
        after = {"kind": address.kind, "problem": problem.kind}
        await audit.record(db, "customer.address_undeliverable", "customer", customer_id, after=after)
        live.publish(db, "customer.changed", customer_id=customer_id)
