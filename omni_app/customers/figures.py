"""What talking with one customer came to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

# How long a customer waited is the time from their last message before an answer to that answer.
_FIGURES = text(
    """
    with told as (
      select m.conversation_id, m.role, m.source, m.cost_nusd, m.created_at,
        lag(m.role) over thread as role_before, lag(m.created_at) over thread as at_before
      from messages m where m.customer_id = :id and m.role <> 'system'
      window thread as (partition by m.conversation_id order by m.seq)
    ), totals as (
      select count(*) filter (where role = 'customer') as from_customer,
        count(*) filter (where role = 'assistant') as from_assistant,
        count(*) filter (where role = 'staff') as from_staff,
        count(*) filter (where role = 'assistant' and source = 'none') as not_known,
        coalesce(sum(cost_nusd), 0) as cost_nusd,
        avg(extract(epoch from created_at - at_before)) filter (where role = 'assistant' and role_before = 'customer') as ai_wait,
        avg(extract(epoch from created_at - at_before)) filter (where role = 'staff' and role_before = 'customer') as staff_wait
      from told
    )
    select t.*, cu.created_at as first_seen_at, cu.last_seen_at,
      (select count(*) from conversations c where c.customer_id = cu.id) as conversations,
      (select count(*) from conversations c where c.customer_id = cu.id and c.status <> 'closed') as open_conversations,
      (select count(*) from conversations c where c.customer_id = cu.id and (c.handed_over_at is not null
         or exists (select 1 from told where told.conversation_id = c.id and told.role = 'staff'))) as hand_overs,
      (select coalesce(jsonb_object_agg(b.channel, b.n), '{}') from (
         select c.channel, count(*) as n from conversations c where c.customer_id = cu.id group by c.channel) b) as by_channel
    from customers cu cross join totals t where cu.id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFigures:
    """Counts of a lifetime. `hand_overs`: conversations a person took part in or was asked for; `not_known`: answers that said
    so; waits in seconds, None when nobody answered yet; `by_channel` counts conversations."""

    from_customer: int
    from_assistant: int
    from_staff: int
    not_known: int
    conversations: int
    open_conversations: int
    hand_overs: int
    by_channel: dict[str, int]
    cost_nusd: int
    ai_wait: float | None
    staff_wait: float | None
    first_seen_at: datetime
    last_seen_at: datetime


async def load_figures(db: Db, customer_id: UUID) -> CustomerFigures:
    """Figures of one customer, in one statement. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_FIGURES, {"id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    values = dict(row._mapping)
    waits = {name: None if values[name] is None else round(float(values[name]), 3) for name in ("ai_wait", "staff_wait")}
    return CustomerFigures(**{**values, **waits, "cost_nusd": int(row.cost_nusd)})
