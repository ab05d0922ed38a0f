"""Reports that are due: noted once, written once, whatever runs twice, dies or changes its clock."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, Invalid, TooMany
from omni_app.infra.jobs import hand_over_with
from omni_app.infra.scope import Permission, Scope
from omni_app.insights.jobs import SendReport
from omni_app.insights.report_rules import set_rules
from omni_app.insights.report_sending import note_due_reports, send_report
from omni_app.insights.reports import ask_report, list_sends, preview_report
from omni_app.notices import queue_mail
from omni_app.notices.mailbox import list_mails, load_mail_page
from omni_app.tenancy.models import Member, User
from tests.harness.waiting import until
from tests.insights.history import FAQ, MODEL, talk, utc
from tests.insights.spending import CENT, book
from tests.making import Made, count, make_business, rows
from workers.outbox import run_row
from workers.reports import ask_for_due_reports, write_report
from workers.sweeps import forget_old_rows

pytestmark = pytest.mark.usefixtures("database")

# A Monday: 9:00 in Berlin is 8:00 in UTC.
MONDAY = utc("2026-11-16T08:00:00")
OLD = utc("2026-01-01T00:00:00")


async def business(name: str = "Brook Street Dental", owner: str = "maya@example.com", **columns: Any) -> Made:
    made = await make_business(name, faqs=(), **{"timezone": "Europe/Berlin", "created_at": OLD, **columns})
    if owner:
        user = User(email=owner, name="Maya Chen")
        async with system_db("test owner") as db:
            db.add(user)
            await db.flush()
            db.add(Member(business_id=made.scope.business_id, user_id=user.id, name="Maya Chen", email=owner, role="owner"))
    return made


async def rules(made: Made, **changes: Any) -> None:
    values = {"kinds": ["daily", "weekly", "monthly"], "hour": 9, "recipients": [], "skip_empty": True, **changes}
    async with open_db(made.scope) as db:
        await set_rules(db, **values)


async def noted() -> list[tuple[str, str]]:
    found = await rows("select kind, period_start from report_sends order by created_at, kind, period_start")
    return [(row["kind"], row["period_start"].isoformat()) for row in found]


async def work() -> list[dict[str, Any]]:
    """Do the report jobs that wait; the rows of what went out."""
    for row in await rows("select id from outbox where name = 'SendReport' and dead_at is null order by id"):
        await run_row(row["id"])
    return await rows("select kind, status, recipients, details from report_sends order by created_at, kind")


async def test_reports_are_noted_when_their_hour_has_come_and_not_before() -> None:
    await business()
    assert await note_due_reports(MONDAY - timedelta(seconds=1)) == 3
    # Before nine the newest are those of Saturday, of the week but one and, since the 1st, of October.
    assert await noted() == [("daily", "2026-11-14"), ("monthly", "2026-10-01"), ("weekly", "2026-11-02")]
    assert await note_due_reports(MONDAY) == 2
    assert (await noted())[3:] == [("daily", "2026-11-15"), ("weekly", "2026-11-09")]
    assert await note_due_reports(MONDAY + timedelta(hours=23)) == 0


async def test_each_place_has_its_own_nine_oclock() -> None:
    await business("Auckland", "a@example.com", timezone="Pacific/Auckland")
    await business("Halifax", "h@example.com", timezone="America/Halifax")
    await note_due_reports(utc("2026-11-16T19:00:00"))
    # In Auckland it is nine o'clock on Tuesday; Halifax comes seventeen hours later.
    assert await note_due_reports(utc("2026-11-16T20:00:00")) == 1
    assert await note_due_reports(utc("2026-11-17T12:59:00")) == 0
    assert await note_due_reports(utc("2026-11-17T13:00:00")) == 1


async def test_two_schedulers_at_once_note_each_report_once() -> None:
    for number in range(5):
        await business(f"Shop {number}", f"owner-{number}@example.com")
    made = await asyncio.gather(*(note_due_reports(MONDAY) for _ in range(4)))
    assert sum(made) == 15
    assert await count("report_sends") == 15
    assert len(await rows("select 1 from outbox where name = 'SendReport'")) == 15


async def test_a_report_goes_to_the_owners_with_its_figures_and_charts() -> None:
    made = await business()
    await book(made.scope, utc("2026-11-15T12:00:00"), 250 * CENT)
    await book(made.scope, utc("2026-11-15T13:00:00"), 50 * CENT, service="embedding", channel=None)
    await talk(made.scope, utc("2026-11-15T12:00:00"), MODEL, FAQ)
    await note_due_reports(MONDAY)
    sent = await work()
    assert [(row["kind"], row["status"], row["recipients"]) for row in sent] == [
        ("daily", "sent", ["maya@example.com"]),
        ("monthly", "skipped", []),
        ("weekly", "sent", ["maya@example.com"]),
    ]
    mails = (await list_mails("maya@example.com")).items
    daily = next(mail for mail in mails if mail.subject.startswith("Daily"))
    assert daily.subject == "Daily report: Brook Street Dental, Sunday 15 November 2026: $3.00"
    assert "1 conversation cost $3.00; it was $0.00 the day before." in daily.text
    page = await load_mail_page("maya@example.com", daily.id)
    assert page.count("data:image/png;base64,iVBOR") == 3
    async with open_db(made.scope) as db:
        history = await list_sends(db)
    assert history.total == 3
    (recipient,) = next(line for line in history.items if line.span.kind == "daily").recipients
    assert (recipient.email, recipient.status) == ("maya@example.com", "queued")


async def test_a_job_that_comes_twice_or_at_once_sends_one_mail() -> None:
    made = await business()
    await rules(made, kinds=["weekly"], skip_empty=False)
    await note_due_reports(MONDAY)
    (row,) = await rows("select id, business_id from report_sends where kind = 'weekly'")
    await asyncio.gather(*(send_report(row["business_id"], row["id"]) for _ in range(3)))
    await write_report(row["business_id"], SendReport(send_id=row["id"]))
    assert await count("mails") == 1
    assert len(await rows("select 1 from outbox where name = 'SendMail'")) == 1


async def test_a_job_killed_before_its_end_leaves_no_mail_and_is_done_again() -> None:
    made = await business()
    await rules(made, kinds=["daily"], recipients=["maya@example.com", "ben@example.com"], skip_empty=False)
    await note_due_reports(MONDAY)
    (row,) = await rows("select id, business_id from report_sends")

    async def is_held() -> bool:
        async with open_db(made.scope) as db:
            found = await db.execute("select 1 from pg_locks where not granted and relation = cast('mails' as regclass)")
            return found.one_or_none() is not None

    async with system_db("test: holds the mails") as db:
        await db.execute("lock table mails in exclusive mode")
        task = asyncio.create_task(send_report(row["business_id"], row["id"]))
        await until(is_held)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await count("mails") == 0
    assert (await rows("select status from report_sends"))[0]["status"] == "waiting"
    assert [entry["status"] for entry in await work()] == ["sent"]
    assert await count("mails") == 2


async def test_a_job_that_died_for_good_is_tried_again_after_an_hour() -> None:
    made = await business()
    await rules(made, kinds=["daily"])
    await note_due_reports(MONDAY)
    await rows("update outbox set dead_at = :at, claimed_until = null returning id", at=MONDAY)
    assert await note_due_reports(MONDAY + timedelta(minutes=30)) == 0
    assert await note_due_reports(MONDAY + timedelta(minutes=61)) == 1


async def test_after_a_pause_only_the_newest_of_each_kind_is_caught_up() -> None:
    await business()
    await note_due_reports(utc("2026-10-01T10:00:00"))
    before = await count("report_sends")
    assert await note_due_reports(utc("2026-11-20T23:00:00")) == 3
    assert (await noted())[before:] == [("daily", "2026-11-19"), ("monthly", "2026-10-01"), ("weekly", "2026-11-09")]


async def test_a_month_that_ended_four_weeks_ago_is_no_news() -> None:
    await business()
    assert await note_due_reports(utc("2026-11-30T12:00:00")) == 2
    assert "monthly" not in dict(await noted())


async def test_a_business_gets_no_report_about_the_time_before_it_was_there() -> None:
    await business(created_at=utc("2026-11-15T20:00:00"))
    await note_due_reports(MONDAY)
    assert await noted() == [("daily", "2026-11-15"), ("weekly", "2026-11-09")]


async def test_a_kind_turned_on_begins_with_the_next_report() -> None:
    made = await business()
    await rules(made, kinds=[])
    assert await note_due_reports() == 0
    await rules(made, kinds=["weekly", "daily"])
    assert await note_due_reports() == 0
    assert await note_due_reports(datetime.now(MONDAY.tzinfo) + timedelta(days=7)) == 2


async def test_a_kind_turned_off_meanwhile_is_not_sent() -> None:
    made = await business()
    await book(made.scope, utc("2026-11-15T12:00:00"), 250 * CENT)
    await note_due_reports(MONDAY)
    await rules(made, kinds=["weekly"])
    assert {row["kind"]: row["status"] for row in await work()} == {"daily": "skipped", "monthly": "skipped", "weekly": "sent"}


async def test_nothing_happened_is_skipped_or_told_in_a_few_words() -> None:
    quiet, told = await business(), await business("Told", "ben@example.com")
    await rules(quiet, kinds=["daily"])
    await rules(told, kinds=["daily"], skip_empty=False)
    await note_due_reports(MONDAY)
    assert sorted(row["status"] for row in await work()) == ["sent", "skipped"]
    (mail,) = (await list_mails("ben@example.com")).items
    assert "Nothing was asked and nothing was spent." in mail.text
    assert "data:image" not in await load_mail_page("ben@example.com", mail.id)


async def test_without_owner_and_recipients_there_is_nobody_to_write_to() -> None:
    made = await business(owner="")
    await rules(made, kinds=["daily"], skip_empty=False)
    await note_due_reports(MONDAY)
    assert [row["status"] for row in await work()] == ["nobody"]


async def test_a_changed_time_zone_or_hour_sends_no_period_twice() -> None:
    made = await business()
    await rules(made, kinds=["daily"])
    await note_due_reports(MONDAY)
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"):
        await rows("update businesses set timezone = :zone returning id", zone=zone)
        await note_due_reports(MONDAY + timedelta(minutes=1))
    await rules(made, kinds=["daily"], hour=0)
    await note_due_reports(MONDAY + timedelta(minutes=2))
    days = [start for _, start in await noted()]
    assert len(days) == len(set(days))
    assert days[0] == "2026-11-15"
    assert set(days) <= {"2026-11-15", "2026-11-16"}


async def test_a_clock_set_back_sends_nothing_old_and_one_of_the_future_holds_nothing_up() -> None:
    made = await business()
    await rules(made, kinds=["daily"])
    for days in (-3, -2, -1, 0):
        assert await note_due_reports(MONDAY + timedelta(days=days)) == 1
    assert await note_due_reports(MONDAY - timedelta(days=2)) == 0
    assert await note_due_reports(MONDAY + timedelta(days=400)) == 1
    assert await note_due_reports(MONDAY + timedelta(days=1)) == 1
    assert len(await noted()) == 6


async def test_an_unknown_time_zone_of_one_business_does_not_stop_the_others() -> None:
    await business("Lost", "lost@example.com", timezone="Mars/Olympus")
    await business()
    assert await note_due_reports(MONDAY) == 6


async def test_the_sweep_hands_its_jobs_over() -> None:
    await business()
    sent: list[UUID] = []
    hand_over_with(lambda row_id, _: sent.append(row_id))
    await ask_for_due_reports()
    hand_over_with(None)
    assert len(sent) == await count("report_sends") > 0


async def as_member(made: Made, *permissions: Permission) -> Scope:
    return Scope(business_id=made.scope.business_id, actor=made.scope.actor, permissions=frozenset(permissions))


async def test_a_report_asked_for_at_once_leaves_the_due_one_alone() -> None:
    made = await business()
    early = MONDAY - timedelta(hours=1)
    async with open_db(made.scope) as db:
        assert await ask_report(db, "daily", "all", "ben@example.com", early) == ["maya@example.com"]
        assert await ask_report(db, "daily", "me", "ben@example.com", early) == ["ben@example.com"]
    assert [row["status"] for row in await work()] == ["sent", "sent"]
    await note_due_reports(MONDAY)
    assert [row for row in await noted() if row[0] == "daily"] == [("daily", "2026-11-15")] * 3


async def test_a_report_that_is_due_and_asked_for_by_hand_goes_once() -> None:
    made = await business()
    async with open_db(made.scope) as db:
        await ask_report(db, "daily", "all", "ben@example.com", MONDAY)
    await note_due_reports(MONDAY)
    assert [row for row in await noted() if row[0] == "daily"] == [("daily", "2026-11-15")]
    (line,) = [row for row in await work() if row["kind"] == "daily"]
    # Asked for by a person, it goes although nothing happened.
    assert (line["status"], line["details"]["asked_by"]) == ("sent", "Omni")


async def test_asking_is_for_those_who_configure_and_has_a_limit() -> None:
    made = await business()
    viewer = await as_member(made, Permission.VIEW)
    with pytest.raises(Forbidden):
        async with open_db(viewer) as db:
            await ask_report(db, "daily", "me", "ben@example.com")
    with pytest.raises(Invalid):
        async with open_db(made.scope) as db:
            await ask_report(db, "hourly", "me", "ben@example.com")
    for _ in range(10):
        async with open_db(made.scope) as db:
            await ask_report(db, "daily", "me", "ben@example.com")
    with pytest.raises(TooMany):
        async with open_db(made.scope) as db:
            await ask_report(db, "daily", "me", "ben@example.com")
    assert await count("report_sends") == 10


async def test_a_preview_is_the_mail_and_sends_nothing() -> None:
    made, other = await business("Brook <b>Street</b>"), await business("Other", "ben@example.com")
    await book(made.scope, utc("2026-11-15T12:00:00"), 250 * CENT)
    await book(made.scope, utc("2026-11-15T13:00:00"), 50 * CENT, service="embedding", channel=None)
    await book(other.scope, utc("2026-11-15T13:00:00"), 99_900 * CENT)
    preview = await preview_report(await as_member(made, Permission.VIEW), "weekly", MONDAY - timedelta(hours=3))
    assert preview.span.title() == "9–15 November 2026"
    assert "Brook &lt;b&gt;Street&lt;/b&gt;" in preview.html
    assert "<b>" not in preview.html
    assert preview.html.count("data:image/png;base64,iVBOR") == 3
    assert "$3.00" in preview.text
    assert "999" not in preview.text
    assert await count("mails") == await count("report_sends") == 0
    with pytest.raises(Forbidden):
        await preview_report(await as_member(made, Permission.REPLY), "weekly")


async def test_the_history_belongs_to_its_business() -> None:
    made, other = await business(), await business("Other", "ben@example.com")
    await note_due_reports(MONDAY)
    async with open_db(other.scope) as db:
        page = await list_sends(db, limit=2)
        assert (len(page.items), page.total) == (2, 3)
        assert [len((await list_sends(db, number, 2)).items) for number in (2, 3)] == [1, 0]
    with pytest.raises(Forbidden):
        async with open_db(await as_member(made, Permission.REPLY)) as db:
            await list_sends(db)


async def test_a_report_of_another_business_is_not_written() -> None:
    made, other = await business(), await business("Other", "ben@example.com")
    await note_due_reports(MONDAY)
    (row,) = await rows("select id from report_sends where business_id = :id and kind = 'daily'", id=made.scope.business_id)
    await send_report(other.scope.business_id, row["id"])
    assert await count("mails") == 0
    assert (await rows("select status from report_sends where id = :id", id=row["id"]))[0]["status"] == "waiting"


async def test_mails_with_pictures_are_kept_for_three_months_and_the_list_stays() -> None:
    made = await business()
    await rules(made, kinds=["daily"], skip_empty=False)
    async with system_db("test: plain mail") as db:
        await queue_mail(db, "maya@example.com", "A plain mail", "Text")
    await note_due_reports(MONDAY)
    await work()
    await rows("update mails set status = 'kept', created_at = now() - interval '91 days' returning id")
    await forget_old_rows()
    assert [mail.subject for mail in (await list_mails("maya@example.com")).items] == ["A plain mail"]
    async with open_db(made.scope) as db:
        (line,) = (await list_sends(db)).items
    assert [(one.email, one.status) for one in line.recipients] == [("maya@example.com", "")]
