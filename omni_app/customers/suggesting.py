"""Two customers who may be one person: noted with the evidence, for staff to decide. Nothing is joined here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.customers.addresses import Address
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

MOST_NAMESAKES = 3
TYPED = "One of them typed an address that is proven to be the other's."

# Everybody has an address there: it says nothing of who belongs together.
_FREE_MAIL = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com aol.com
    proton.me protonmail.com pm.me gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru
    inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com 163.com 126.com sina.com foxmail.com
    naver.com daum.net hanmail.net yahoo.co.jp docomo.ne.jp ezweb.ne.jp softbank.ne.jp orange.fr free.fr laposte.net
    wanadoo.fr sfr.fr libero.it virgilio.it tiscali.it alice.it wp.pl o2.pl onet.pl interia.pl seznam.cz email.cz centrum.cz
    hotmail.co.uk hotmail.fr hotmail.it hotmail.es outlook.de outlook.fr outlook.es yahoo.co.uk yahoo.fr yahoo.de yahoo.it
    yahoo.es yahoo.com.br yahoo.co.in uol.com.br bol.com.br terra.com.br rediffmail.com zoho.com fastmail.com tutanota.com
    btinternet.com sky.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net shaw.ca
    rogers.com sympatico.ca videotron.ca telus.net bigpond.com optusnet.com.au xtra.co.nz telenet.be skynet.be ziggo.nl
    kpnmail.nl hetnet.nl bluewin.ch hispeed.ch telia.com luukku.com suomi24.fi online.no sapo.pt
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())

_ADD = text(
    """
    insert into merge_suggestions (id, business_id, one_id, other_id, evidence, status, decided_by, created_at)
    select :id, :business_id, least(cast(:a as uuid), cast(:b as uuid)), greatest(cast(:a as uuid), cast(:b as uuid)), :evidence,
      'open', '', :now
    from customers a, customers b
    where a.id = :a and b.id = :b and coalesce(a.merged_into_id, a.id) <> coalesce(b.merged_into_id, b.id)
    on conflict (business_id, one_id, other_id) do nothing
    returning id
    """
)

_NAMESAKES = text(
    """
    select cu.id from customers cu
    where lower(cu.name) = lower(:name) and cu.id <> :id and cu.merged_into_id is null
      and exists (select from contact_points cp where cp.customer_id = cu.id and cp.proof = 'proven' and cp.kind = 'email'
        and cp.hints @> cast(:hints as jsonb))
    order by cu.last_seen_at desc limit :most
    """
)

# Suggestions name customers as they were found; those joined since stand for whom they were joined into.
_LIST = text(
    """
    with family as (select id from customers where id = :id or merged_into_id = :id)
    select distinct on (o.id) s.id, o.id as customer_id, o.name, s.evidence, s.created_at as at, o.last_seen_at,
      (select count(*) from conversations c where c.customer_id = o.id) as conversations
    from merge_suggestions s
    join customers x on x.id = case when s.one_id in (select id from family) then s.other_id else s.one_id end
    join customers o on o.id = coalesce(x.merged_into_id, x.id)
    where (s.one_id in (select id from family) or s.other_id in (select id from family)) and s.status = 'open'
      and o.id not in (select id from family)
    order by o.id, s.created_at desc
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """Somebody who may be the same person: `customer_id` is the other one, `evidence` says why in words."""

    id: UUID
    customer_id: UUID
    name: str
    evidence: str
    at: datetime
    last_seen_at: datetime
    conversations: int


async def suggest(db: Db, one_id: UUID, other_id: UUID, evidence: str) -> bool:
    """Note that two customers may be one person. A pair is suggested once: what staff decided stays decided.

    Raises `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    if one_id == other_id:
        return False
    values = {"id": new_id(), "business_id": db.scope.business_id, "a": one_id, "b": other_id, "evidence": evidence[:300]}
    if (await db.execute(_ADD, {**values, "now": now()})).one_or_none() is None:
        return False
    for customer_id in (one_id, other_id):
        live.publish(db, "customer.changed", customer_id=customer_id)
    return True


async def suggest_owner(db: Db, customer_id: UUID, address: Address) -> bool:
    """Suggest who has proven an address that this customer only claims."""
    found = await db.execute(
        """select customer_id from contact_points where kind = :kind and channel = :channel and value_index = :index
           and proof = 'proven'""",
        {"kind": address.kind, "channel": address.channel, "index": address.index},
    )
    owner_id = found.scalar_one_or_none()
    return owner_id is not None and await suggest(db, customer_id, owner_id, TYPED)


async def suggest_namesakes(db: Db, customer_id: UUID, name: str, address: Address) -> int:
    """Suggest those of the same full name with a proven mail address of the same company. Gives how many."""
    domain = address.value.rpartition("@")[2]
    if address.kind != "email" or domain in FREE_MAIL or len(name.split()) < 2:
        return 0
    values = {"id": customer_id, "name": name, "hints": f'["{address.hints[0]}"]', "most": MOST_NAMESAKES}
    found = (await db.execute(_NAMESAKES, values)).scalars().all()
    evidence = f"Both are called {name[:120]} and write from {domain[:100]}."
    return sum([await suggest(db, customer_id, other_id, evidence) for other_id in found])


async def list_suggestions(db: Db, customer_id: UUID) -> list[SuggestionView]:
    """Who may be the same person as this customer, the newest first. Raises `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    rows = (await db.execute(_LIST, {"id": customer_id})).all()
    views = [SuggestionView(**row._mapping) for row in rows]
    return sorted(views, key=lambda view: view.at, reverse=True)


async def dismiss_suggestion(db: Db, suggestion_id: UUID) -> None:
    """They are two people; the pair is not suggested again. Raises `NotFound`, `Conflict` (decided already), `Forbidden`."""
    db.scope.require(Permission.REPLY)
    row = (
        await db.execute(
            "select one_id, other_id, status from merge_suggestions where id = :id for update", {"id": suggestion_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound("suggestion")
    if row.status == "joined":
        raise Conflict("The two were joined already.")
    if row.status == "dismissed":
        return
    await db.execute(
        "update merge_suggestions set status = 'dismissed', decided_by = :by, decided_at = :now where id = :id",
        {"by": db.scope.actor.name, "now": now(), "id": suggestion_id},
    )
    after = {"one": str(row.one_id), "other": str(row.other_id)}
    await audit.record(db, "customer.suggestion_dismissed", "customer", row.one_id, after=after)
    for customer_id in (row.one_id, row.other_id):
        live.publish(db, "customer.changed", customer_id=customer_id)
