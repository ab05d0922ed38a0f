"""What the scheduler does again and again: send what stands still, repair what a crash left, forget what is old."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from omni_app.budgets.reaping import settle_abandoned
from omni_app.channels.events import ask_for_standing_events, purge_events
from omni_app.channels.polling import ask_for_polls
from omni_app.conversations.attachments import forget_unsent
from omni_app.conversations.jobs import AnswerConversation
from omni_app.conversations.snoozing import wake_due
from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.jobs import handed_over
from omni_app.infra.live import publish_now
from omni_app.infra.log import get_logger
from workers.budgets import note_missed_alerts
from workers.channel_templates import ask_for_fresh_templates
from workers.document_sweeps import ask_for_new_passages, ask_for_unread_documents
from workers.memory_sweeps import ask_for_idle_summaries, ask_for_memories, ask_for_new_vectors
from workers.outbound import ask_for_lost_deliveries, ask_staff_about_unknown
from workers.outbox import CLAIM, CLOCK_SLACK, times
from workers.reports import ask_for_due_reports
from workers.stray_files import remove_stray_files
from workers.trust import refresh_all_trust
from workers.warming_sweeps import ask_for_lost_warmings, ask_for_nightly_warmings, ask_for_suggestions

log = get_logger(__name__)

# `swept_at` keeps a slow worker from being flooded: a row is sent again once after five seconds, then every thirty.
_STANDING = text(
    """
    update outbox set swept_at = :now where id in (
      select id from outbox where dead_at is null and (available_at <= :now or created_at > :soon)
        and (claimed_until is null or claimed_until < :now or claimed_until > :late)
        and case when swept_at is null then attempts > 0 or available_at > created_at or created_at < :first or created_at > :soon
          else swept_at < :again or swept_at > :soon end
      order by available_at for update skip locked limit 500)
    returning id, queue
    """
)

# A question nobody answers (its process died) gets one job; while that job stands, no second one. One whose job died for good
# (a fault since mended, a provider back) is tried again every hour. A job taken a while ago whose conversation nobody holds has
# lost its worker: people need not wait until its claim ends, as two jobs for one question answer it once.
_UNANSWERED = text(
    """
    insert into outbox (id, business_id, kind, name, queue, payload, created_at, available_at, attempts)
    select gen_random_uuid(), c.business_id, 'job', cast(:name as text), :queue,
      jsonb_build_object('conversation_id', c.id), :now, :now, 0
    from conversations c
    where c.speaker = 'ai' and c.last_customer_seq > c.answered_seq
      and (c.last_customer_at < :before or c.last_customer_at > :soon)
      and (c.lease_until is null or c.lease_until < :now or c.lease_until > :now + interval '15 minutes')
      and not exists (select 1 from outbox o where o.name = cast(:name as text) and o.payload->>'conversation_id' = c.id::text
        and (o.dead_at > :hour_ago or (o.dead_at is null and (o.claimed_until is null or o.claimed_until > :taken_lately))))
    limit 200
    returning id
    """
)

_FORGET = (
    "delete from verification_codes where created_at < :day_ago",
    "delete from idempotency_keys where created_at < :day_ago",
    "delete from cached_answers where expires_at < :now",
    "delete from sessions where expires_at < :now or (token_hash is null and ticket_expires_at < :day_ago)",
    # A used link is the proof that the e-mail belongs to the account; it stays.
    "delete from reset_tokens where expires_at < :day_ago and used_at is null",
    "delete from outbox where dead_at < :month_ago",
    # Who cost what in a month that is over stands in the ledger.
    "delete from budget_caps where reserved_nusd = 0 and period_start < cast(:month_ago as date) - 31",
    # Trust looks back 90 days; the words that somebody wrote need not be kept for longer than people may ask about them.
    "delete from abuse_events where created_at < :half_year_ago",
    "delete from limit_refusals where last_at < :quarter_ago",
    # Reports carry pictures; three months of them are enough to look back.
    "delete from mails where html <> '' and created_at < :quarter_ago and status <> 'queued'",
)


async def send_standing_jobs() -> None:
    """Hand over rows whose message was lost, whose worker died, or whose time has come."""
    at = now()
    values = {**times(at), "first": at - timedelta(seconds=5), "again": at - timedelta(seconds=30)}
    async with system_db("sweep: outbox") as db:
        rows = (await db.execute(_STANDING, values)).all()
    for row in rows:
        handed_over(row.id, row.queue)
    if rows:
        log.info("jobs sent again", count=len(rows))


async def ask_for_missing_answers() -> None:
    """Enqueue an answer for each conversation whose question stands open and whose turn is gone."""
    at = now()
    values = {
        "now": at,
        "before": at - timedelta(seconds=5),
        "soon": at + CLOCK_SLACK,
        "hour_ago": at - timedelta(hours=1),
        "taken_lately": at + CLAIM - timedelta(seconds=20),
        "name": AnswerConversation.__name__,
        "queue": AnswerConversation.queue,
    }
    async with system_db("sweep: unanswered") as db:
        rows = (await db.execute(_UNANSWERED, values)).all()
    for row in rows:
        handed_over(row.id, AnswerConversation.queue)
    if rows:
        log.warning("open questions given to the worker", count=len(rows))


async def settle_abandoned_reservations() -> None:
    """Book reservations whose caller died at their full amount."""
    async with system_db("sweep: reservations") as db:
        closed = await settle_abandoned(db)
    if closed:
        await note_missed_alerts()


async def wake_snoozed_conversations() -> None:
    """Bring back the conversations whose snooze has ended, and tell the open inboxes."""
    async with system_db("sweep: snoozed") as db:
        woken = await wake_due(db)
    for business_id, conversation_id in woken:
        await publish_now(business_id, "conversation.changed", conversation_id=conversation_id)


async def forget_old_rows() -> None:
    """Delete what has served its time."""
    at = now()
    values = {
        "now": at,
        "day_ago": at - timedelta(days=1),
        "month_ago": at - timedelta(days=30),
        "half_year_ago": at - timedelta(days=180),
        "quarter_ago": at - timedelta(days=90),
    }
    async with system_db("sweep: old rows") as db:
        for statement in _FORGET:
            await db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One repeated task and its interval."""

    work: Callable[[], Awaitable[None]]
    every: timedelta


SWEEPS = (
    Sweep(work=send_standing_jobs, every=timedelta(seconds=2)),
    Sweep(work=ask_for_missing_answers, every=timedelta(seconds=3)),
    Sweep(work=ask_for_lost_deliveries, every=timedelta(seconds=3)),
    Sweep(work=ask_staff_about_unknown, every=timedelta(seconds=5)),
    Sweep(work=ask_for_memories, every=timedelta(seconds=2)),
    Sweep(work=wake_snoozed_conversations, every=timedelta(seconds=15)),
    Sweep(work=ask_for_unread_documents, every=timedelta(seconds=5)),
    Sweep(work=ask_for_new_passages, every=timedelta(hours=1)),
    Sweep(work=ask_for_polls, every=timedelta(seconds=2)),
    Sweep(work=ask_for_standing_events, every=timedelta(minutes=1)),
    Sweep(work=purge_events, every=timedelta(minutes=10)),
    Sweep(work=settle_abandoned_reservations, every=timedelta(seconds=30)),
    Sweep(work=note_missed_alerts, every=timedelta(minutes=1)),
    Sweep(work=ask_for_new_vectors, every=timedelta(minutes=1)),
    Sweep(work=ask_for_due_reports, every=timedelta(minutes=1)),
    Sweep(work=ask_for_idle_summaries, every=timedelta(hours=1)),
    Sweep(work=ask_for_lost_warmings, every=timedelta(seconds=30)),
    Sweep(work=ask_for_nightly_warmings, every=timedelta(minutes=20)),
    Sweep(work=ask_for_suggestions, every=timedelta(hours=1)),
    Sweep(work=refresh_all_trust, every=timedelta(hours=12)),
    Sweep(work=ask_for_fresh_templates, every=timedelta(hours=1)),
    Sweep(work=forget_unsent, every=timedelta(hours=1)),
    Sweep(work=remove_stray_files, every=timedelta(minutes=10)),
    Sweep(work=forget_old_rows, every=timedelta(hours=1)),
)
