"""Tell owners that a budget runs out, and find what was not told."""

from uuid import UUID

from sqlalchemy import text

from omni_app.budgets.alert_mail import AlertFacts, write_alert
from omni_app.budgets.alerts import note_missed
from omni_app.budgets.budget import load_budget
from omni_app.budgets.rules import read_rules
from omni_app.events import BudgetAlert
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import system_scope
from omni_app.notices.mail import queue_mail
from omni_app.settings import load_settings
from workers.registry import hears

# The mark and the mails stand in one transaction, so a job that runs twice mails once. A higher share makes lower ones stale.
_CLAIM = text(
    """
    with told as (
      update budget_alerts set told_at = :now where business_id = :business_id and period_start = :period and kind = :kind
        and percent <= :percent and told_at is null
      returning percent, spent_nusd, limit_nusd
    )
    select told.spent_nusd, told.limit_nusd, coalesce(b.reserved_nusd, 0) as reserved_nusd, s.name, s.budget_rules,
      (select coalesce(jsonb_agg(m.email order by m.created_at), '[]') from members m where m.business_id = s.id
         and m.role in ('owner', 'admin')) as admins
    from told join businesses s on s.id = :business_id
    left join budgets b on b.business_id = s.id and b.period_start = :period
    where told.percent = :percent
    """
)


@hears(BudgetAlert, "mail-budget")
async def mail_alert(business_id: UUID | None, event: BudgetAlert) -> None:
    """Mail one alert to the addresses of the rules, else to owners and admins; once, however often this runs."""
    assert business_id is not None
    async with open_db(system_scope(business_id)) as db:
        budget = await load_budget(db)
    values = {"business_id": business_id, "period": event.period_start, "kind": event.kind, "percent": event.percent}
    async with system_db("mail a budget alert") as db:
        row = (await db.execute(_CLAIM, {**values, "now": now()})).one_or_none()
        if row is None:
            return
        facts = AlertFacts(
            business_name=row.name,
            period_start=event.period_start,
            kind=event.kind,
            percent=event.percent,
            spent_nusd=row.spent_nusd,
            limit_nusd=row.limit_nusd,
            reserved_nusd=row.reserved_nusd,
            credit_left_nusd=0 if budget.is_credit_full else budget.credit_left_nusd,
            month_left_nusd=0 if budget.is_spent else budget.left_nusd,
        )
        subject, body = write_alert(facts, f"{load_settings().base_url}/budget")
        for email in read_rules(row.budget_rules).alert_emails or row.admins:
            await queue_mail(db, email, subject, body)


async def note_missed_alerts() -> None:
    """Note the shares of budgets that were reached and told to nobody."""
    await note_missed()
