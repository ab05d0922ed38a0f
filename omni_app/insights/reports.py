"""Reports for the people who read them on a page: look at one before it goes, ask for one at once, see what went to whom."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Invalid
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission, Scope
from omni_app.insights.costs import load_zone
from omni_app.insights.jobs import SendReport
from omni_app.insights.report_content import write
from omni_app.insights.report_drawing import draw_apart
from omni_app.insights.report_figures import gather
from omni_app.insights.report_mail import render
from omni_app.insights.report_periods import Span, check_kind, last_span, newest_due, span_from
from omni_app.insights.report_rules import ReportRules, load_rules
from omni_app.insights.report_sending import load_owners
from omni_app.limits.window import take
from omni_app.notices.letters import showable
from omni_app.notices.mailbox import load_statuses
from omni_app.tenancy.businesses import load_business

ASKED_PER_HOUR = 10
_MOST = 100

_INSERT = """
    insert into report_sends (id, business_id, kind, period_start, asked_by, status, recipients, details, created_at)
    values (:id, :business_id, :kind, :start, :asked_by, 'waiting', cast(:recipients as jsonb), cast(:details as jsonb), :at)
"""

_LIST = text(
    """
    select id, kind, period_start, status, recipients, details, created_at, count(*) over () as total from report_sends
    order by created_at desc, id desc limit :limit offset :offset
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A report as it would go out now. `html` is for the `srcdoc` of a frame without rights, its images inside."""

    span: Span
    subject: str
    html: str
    text: str
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """`status` of the mail: queued, sent, kept, failed (`error` says why), or empty when the mail is gone by now."""

    email: str
    status: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendView:
    """One report that went out or will. `asked_by` is empty when Omni sent it because it was due. `status` as in `ReportSend`."""

    id: UUID
    span: Span
    asked_by: str
    status: str
    recipients: tuple[Recipient, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPage:
    """One page (from 1), newest first; `total` counts all."""

    items: list[SendView]
    total: int
    page: int
    limit: int


async def preview_report(scope: Scope, kind: str, at: datetime | None = None) -> Preview:
    """The newest whole day, week or month as its report would show it. Raises `Forbidden`, `Invalid`, and `Unavailable` when the
    charts cannot be drawn.
    """
    async with open_db(scope) as db:
        db.scope.require(Permission.VIEW)
        business = await load_business(db)
        span = last_span(check_kind(kind), (at or now()).astimezone(await load_zone(db)).date())
        figures = await gather(db, span)
    content = write(figures)
    mail = render(content, business.timezone, await draw_apart(content.charts))
    return Preview(
        span=span,
        subject=mail.subject,
        html=showable(mail.html, mail.images),
        text=mail.text,
        is_empty=content.is_empty,
    )


async def load_recipients(db: Db, rules: ReportRules) -> list[str]:
    """Who gets reports now: those of the rules, else the owners."""
    db.scope.require(Permission.VIEW)
    return list(rules.recipients) or await load_owners(db)


async def ask_report(db: Db, kind: str, to: Literal["me", "all"], email: str, at: datetime | None = None) -> list[str]:
    """Send the newest report of `kind` at once, to `email` (the address the asking person signs in with) or to all who get
    reports. Give back the addresses.

    When it goes to all and is due but not noted yet, it is the one that was due; otherwise the due one still comes. Raises
    `Forbidden`, `Invalid`, and `TooMany` above ten an hour.
    """
    db.scope.require(Permission.CONFIGURE)
    at = at or now()
    known = check_kind(kind)
    rules = await load_rules(db)
    recipients = [email] if to == "me" else await load_recipients(db, rules)
    if not recipients:
        raise Invalid("There is nobody to send it to. Add an address first.", field="recipients")
    decision = await take("reports.asked", str(db.scope.business_id), ASKED_PER_HOUR, timedelta(hours=1), when_away="open")
    decision.require(f"{ASKED_PER_HOUR} reports an hour can be asked for.")
    zone = await load_zone(db)
    span = last_span(known, at.astimezone(zone).date())
    name = db.scope.actor.name or "Somebody"
    is_due = to == "all" and known in rules.kinds and newest_due(known, at, zone, rules.hour).span == span
    send_id = await _wait(db, span, recipients, name, at, is_due)
    await enqueue(db, SendReport(send_id=send_id))
    await audit.record(db, "reports.asked", "business", db.scope.business_id, after={"kind": kind, "recipients": recipients})
    return recipients


async def _wait(db: Db, span: Span, recipients: list[str], name: str, at: datetime, is_due: bool) -> UUID:
    values: dict[str, Any] = {
        "id": new_id(),
        "business_id": db.scope.business_id,
        "kind": span.kind,
        "start": span.start,
        "recipients": json.dumps(recipients),
        "details": json.dumps({"asked_by": name}),
        "at": at,
    }
    found = None
    if is_due:
        found = (await db.execute(_INSERT + "on conflict do nothing returning id", {**values, "asked_by": ""})).one_or_none()
    if found is None:
        await db.execute(_INSERT, {**values, "asked_by": name})
    sent: UUID = values["id"]
    return sent


async def list_sends(db: Db, page: int = 1, limit: int = 20) -> SendPage:
    """What was sent and to whom, and how each mail fared. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    page, limit = min(max(page, 1), 1_000_000), min(max(limit, 1), _MOST)
    rows = (await db.execute(_LIST, {"limit": limit, "offset": (page - 1) * limit})).all()
    total = rows[0].total if rows else 0
    if not rows and page > 1:
        total = (await db.execute("select count(*) from report_sends")).scalar_one()
    mails = [UUID(mail_id) for row in rows for mail_id in row.details.get("mails", ())]
    statuses = await load_statuses(mails) if mails else {}
    return SendPage(items=[_view(row, statuses) for row in rows], total=total, page=page, limit=limit)


def _view(row: Any, statuses: dict[UUID, tuple[str, str]]) -> SendView:
    start: date = row.period_start
    ids = [UUID(mail_id) for mail_id in row.details.get("mails", ())]
    fared = [statuses.get(mail_id, ("", "")) for mail_id in ids] or [("queued", "")] * len(row.recipients)
    return SendView(
        id=row.id,
        span=span_from(check_kind(row.kind), start),
        asked_by=row.details.get("asked_by", ""),
        status=row.status,
        recipients=tuple(
            Recipient(email=email, status=status, error=error)
            for email, (status, error) in zip(row.recipients, fared, strict=True)
        ),
        created_at=row.created_at,
    )
