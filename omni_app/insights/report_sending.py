"""Send reports: note which are due, write one, queue its mails.

A due report is a row of `report_sends` with its job, made in one statement; the unique index lets one row exist for a business,
kind and period. The job queues the mails in the transaction that ends the row's waiting. So a report goes out once, whatever
runs twice and wherever a process dies.
"""

import asyncio
import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.jobs import handed_over
from omni_app.infra.live import publish_now
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope, system_scope
from omni_app.insights.jobs import SendReport
from omni_app.insights.periods import zone_of
from omni_app.insights.report_content import write
from omni_app.insights.report_drawing import draw
from omni_app.insights.report_figures import gather
from omni_app.insights.report_mail import ReportMail, render
from omni_app.insights.report_periods import KINDS, LATEST, begins, check_kind, newest_due, span_from
from omni_app.insights.report_rules import DEFAULT_HOUR, ReportRules, load_rules
from omni_app.notices.mail import queue_mail
from omni_app.tenancy.businesses import load_business

log = get_logger(__name__)

BATCH = 2_000
"""Reports noted in one sweep; the next sweep goes on with the rest."""

_CLOCKS = text("select distinct timezone, coalesce(cast(report_rules->>'hour' as int), :hour) as hour from businesses")

# What is due where is worked out for each clock once; here it meets the businesses. A business of yesterday gets no report of
# last month, a kind turned on today none of what was due before. A report newer than the due one was sent before the clock was
# set back, unless it is of the future: that one a wrong clock made, and it holds nothing up.
_NOTE = text(
    """
    with due as (
      select * from jsonb_to_recordset(cast(:due as jsonb))
        as d (timezone text, hour int, kind text, period_start date, ended timestamptz, due_at timestamptz, today date)
    ), missing as (
      select b.id as business_id, d.kind, d.period_start
      from businesses b join due d
        on d.timezone = b.timezone and d.hour = coalesce(cast(b.report_rules->>'hour' as int), :hour)
      where (not b.report_rules ? 'kinds' or b.report_rules->'kinds' ? d.kind)
        and b.created_at < d.ended
        and d.due_at >= coalesce(cast(b.report_rules->'since'->>d.kind as timestamptz), '-infinity')
        and not exists (select 1 from report_sends s where s.business_id = b.id and s.kind = d.kind and s.asked_by = ''
          and s.period_start >= d.period_start and s.period_start <= d.today)
      limit :batch
    ), noted as (
      insert into report_sends (id, business_id, kind, period_start, asked_by, status, recipients, details, created_at)
      select gen_random_uuid(), business_id, kind, period_start, '', 'waiting', '[]', '{}', :now from missing
      on conflict do nothing
      returning id, business_id
    )
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), business_id, 'job', :name, :queue, jsonb_build_object('send_id', id), :now, :now, 0 from noted
    returning id
    """
)

# A report whose job died for good is tried again every hour, as long as it is news.
_STRANDED = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), s.business_id, 'job', cast(:name as text), :queue, jsonb_build_object('send_id', s.id),
      :now, :now, 0
    from report_sends s
    where s.status = 'waiting' and s.created_at > :week_ago
      and s.id not in (select cast(o.payload->>'send_id' as uuid) from outbox o where o.name = cast(:name as text)
        and (o.dead_at is null or o.dead_at > :hour_ago))
    limit :batch
    returning id
    """
)

_WAITING = text("select kind, period_start, recipients, details from report_sends where id = :id and status = 'waiting'")

_CLAIM = text("update report_sends set status = :status where id = :id and status = 'waiting' returning id")

_NOTE_MAILS = text(
    """
    update report_sends set recipients = cast(:recipients as jsonb), details = details || cast(:details as jsonb) where id = :id
    """
)


async def note_due_reports(at: datetime | None = None) -> int:
    """Give at most `BATCH` reports that are due at `at` (default now) and not noted a row and a job each; how many it made."""
    at = at or now()
    async with system_db("sweep: reports") as db:
        clocks = (await db.execute(_CLOCKS, {"hour": DEFAULT_HOUR})).all()
        due = [entry for clock in clocks for entry in _due(clock.timezone, clock.hour, at)]
        values = {"name": SendReport.__name__, "queue": SendReport.queue, "now": at, "batch": BATCH}
        noted = (await db.execute(_NOTE, {**values, "due": json.dumps(due), "hour": DEFAULT_HOUR})).all()
        ages = {"hour_ago": at - timedelta(hours=1), "week_ago": at - timedelta(days=7)}
        again = (await db.execute(_STRANDED, {**values, **ages})).all()
    for row in (*noted, *again):
        handed_over(row.id, SendReport.queue)
    if again:
        log.warning("waiting reports given to the worker", count=len(again))
    return len(noted) + len(again)


def _due(timezone: str, hour: int, at: datetime) -> list[dict[str, Any]]:
    zone = zone_of(timezone)
    found = []
    for kind in KINDS:
        newest = newest_due(kind, at, zone, hour)
        if at - newest.due_at <= LATEST[kind]:
            found.append(
                {
                    "timezone": timezone,
                    "hour": hour,
                    "kind": kind,
                    "period_start": newest.span.start.isoformat(),
                    "ended": begins(newest.span.end, zone).isoformat(),
                    "due_at": newest.due_at.isoformat(),
                    "today": at.astimezone(zone).date().isoformat(),
                }
            )
    return found


async def send_report(business_id: UUID, send_id: UUID) -> None:
    """Write the report that waits as `send_id` and queue its mails. Once it waits no more, nothing happens."""
    scope = system_scope(business_id)
    async with open_db(scope) as db:
        row = (await db.execute(_WAITING, {"id": send_id})).one_or_none()
        if row is None:
            return
        rules = await load_rules(db)
        recipients = list(row.recipients) or list(rules.recipients) or await load_owners(db)
    mail, is_empty = await _compose(scope, row.kind, row.period_start)
    if not row.details.get("asked_by") and _is_unwanted(rules, row.kind, is_empty):
        status, recipients = "skipped", []
    else:
        status = "sent" if recipients else "nobody"
    async with system_db("queue a report's mails") as db:
        if (await db.execute(_CLAIM, {"id": send_id, "status": status})).one_or_none() is None:
            return
        mails = [await queue_mail(db, email, mail.subject, mail.text, html=mail.html, images=mail.images) for email in recipients]
        details = {"mails": [str(mail_id) for mail_id in mails]}
        values = {"id": send_id, "recipients": json.dumps(recipients), "details": json.dumps(details)}
        await db.execute(_NOTE_MAILS, values)
    await publish_now(business_id, "report.sent")


def _is_unwanted(rules: ReportRules, kind: str, is_empty: bool) -> bool:
    return kind not in rules.kinds or (is_empty and rules.skip_empty)


async def _compose(scope: Scope, kind: str, start: date) -> tuple[ReportMail, bool]:
    async with open_db(scope) as db:
        timezone = (await load_business(db)).timezone
        figures = await gather(db, span_from(check_kind(kind), start))
    content = write(figures)
    images = await asyncio.to_thread(draw, content.charts)
    return render(content, timezone, images), content.is_empty


async def load_owners(db: Db) -> list[str]:
    """The e-mail addresses of the owners of the business of `db`, in order."""
    rows = await db.execute("select email from members where role = 'owner' order by created_at, id")
    return [row.email for row in rows]
