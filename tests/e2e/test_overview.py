"""The first page in a real browser: from an empty business to figures that follow what happens."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from omni_app.infra.database import open_db
from omni_app.infra.live import publish_now
from tests.e2e.staff import open_shop
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")


def figure(page: Page, label: str) -> Any:
    return page.locator(".kpi").filter(has_text=label)


async def test_from_the_first_step_to_the_first_figures(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, timezone="America/Halifax")
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Get ready")).to_be_visible()
    await expect(page.get_by_text("0 of 4")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"^\w+day \d+ \w+, \d\d:\d\d in Halifax$"))).to_be_visible()
    await expect(page.get_by_role("link", name="Add FAQs")).to_have_attribute("href", "/knowledge")

    await shop.teach("Where can I park?", "Behind the clinic.", "is there parking", "where do I leave my car")
    await expect(page.get_by_text("1 FAQ taught")).to_be_visible()
    await shop.ask("is there parking")
    await expect(figure(page, "Conversations").locator("b")).to_have_text("1")
    await expect(figure(page, "Solved without a person").locator("b")).to_have_text("100%")
    await expect(page.get_by_role("row", name="FAQ 1 100%")).to_be_visible()
    await expect(page.get_by_text("1 of 1 automatic answer cost nothing.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Get ready")).to_have_count(0)

    await shop.ask("is there parking", who="ben@example.com")
    await expect(figure(page, "Conversations").locator("b")).to_have_text("2")
    await expect(page.get_by_role("row", name="Cache 1 50%")).to_be_visible()
    await expect(page.get_by_role("row", name="E-mail 2")).to_be_visible()
    await expect(page.get_by_role("img", name=re.compile(r"Answers per hour by source: 2 in all"))).to_be_visible()


async def test_many_notes_are_few_readings_and_the_last_one_counts(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach("Where can I park?", "Behind the clinic.")
    await shop.ask("Where can I park?")
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    await page.goto("/")
    await expect(figure(page, "Conversations").locator("b")).to_have_text("1")
    frames.clear()
    await asyncio.gather(*(publish_now(shop.viewer.business_id, "message.created") for _ in range(60)))
    await shop.ask("Where can I park?", who="ben@example.com")
    await expect(figure(page, "Conversations").locator("b")).to_have_text("2")
    # One at once and one at the end; some more when the notes take seconds to come.
    assert len([frame for frame in frames if "overview" in frame]) <= 20


async def test_who_waits_is_taken_by_one_click(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach("Where can I park?", "Behind the clinic.")
    await page.goto("/")
    reply = await shop.ask("Can I talk to a person?", name="Sofia Marin")
    conversation_id = reply["conversation"]["id"]
    await expect(page.get_by_role("link", name="Sofia Marin")).to_be_visible()
    await expect(page.get_by_text("just now", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Take the conversation with Sofia Marin").click()
    await expect(page).to_have_url(re.compile(rf"/inbox/?\?conversation={conversation_id}"))
    (row,) = await sql("select status, speaker, assignee_id from conversations where id = :id", id=conversation_id)
    assert row == {"status": "open", "speaker": "human", "assignee_id": shop.viewer.member_id}

    await page.goto("/")
    await expect(page.get_by_role("heading", name="Nobody waits")).to_be_visible()
    await expect(page.get_by_text("1 went to a person")).to_be_visible()


async def test_what_nobody_could_answer_is_answered_from_here(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach("Where can I park?", "Behind the clinic.")
    for who in ("ann@example.com", "ben@example.com"):
        await shop.ask("Which moons of Jupiter <b>have</b> volcanoes?", who=who)
    await page.goto("/")
    await expect(page.get_by_text("Which moons of Jupiter <b>have</b> volcanoes?")).to_be_visible()
    await expect(page.get_by_text("asked twice")).to_be_visible()
    await expect(page.get_by_text("2 left open")).to_be_visible()
    for number in range(5):
        await shop.ask(f"Which moons of planet {number} have volcanoes?", who=f"person-{number}@example.com")
    await page.get_by_role("button", name="Show 1 more").click()
    await expect(page.get_by_role("link", name="Write answer")).to_have_count(6)
    await page.get_by_role("link", name="Write answer").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox", name="Question")).to_have_value("Which moons of Jupiter <b>have</b> volcanoes?")
    await dialog.get_by_role("textbox", name="Answer").fill("Io.")
    await dialog.get_by_role("button", name="Save FAQ").click()
    await expect(page.get_by_text("FAQ saved. The next answer uses it.")).to_be_visible()
    assert "from=" not in page.url

    await page.goto("/")
    await expect(page.get_by_text("asked once")).to_have_count(5)
    await expect(page.get_by_text("Which moons of Jupiter <b>have</b> volcanoes?")).to_have_count(0)


async def test_a_forged_question_id_opens_nothing(page: Page, web_server: str) -> None:
    mine = await open_shop(page, web_server)
    await mine.ask("Which moons of Jupiter have volcanoes?")
    (row,) = await sql("select id from messages where business_id = :id and role = 'customer'", id=mine.viewer.business_id)
    await open_shop(page, web_server)
    for forged in (str(row["id"]), "x" * 300):
        await page.goto(f"/knowledge?from={forged}")
        await expect(page.get_by_role("heading", name="Teach your assistant")).to_be_visible()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert "Jupiter" not in await page.content()


async def test_periods_and_the_table_behind_the_chart(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach("Where can I park?", "Behind the clinic.")
    await shop.ask("Where can I park?")
    async with open_db(shop.scope) as db:
        await db.execute("update messages set created_at = created_at - interval '3 days'")
    await page.goto("/")
    await expect(figure(page, "Conversations").locator("b")).to_have_text("0")
    await expect(page.get_by_text("No answers today yet.")).to_be_visible()
    await page.get_by_role("button", name="7 days").click()
    await expect(figure(page, "Conversations").locator("b")).to_have_text("1")
    await expect(page.get_by_text("none the 7 days before").first).to_be_visible()
    await page.get_by_text("Show as a table").click()
    lines = page.get_by_role("table", name="Answers by source").filter(has=page.get_by_role("columnheader", name="Day"))
    await expect(lines.get_by_role("row")).to_have_count(8)
    await page.get_by_role("button", name="30 days").click()
    await expect(lines.get_by_role("row")).to_have_count(31)


async def test_viewers_look_and_take_nothing(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, "viewer")
    await shop.ask("Which moons of Jupiter have volcanoes?", name="Sofia Marin")
    await shop.ask("Can I talk to a person?")
    await page.goto("/")
    await expect(page.get_by_role("link", name="Sofia Marin")).to_be_visible()
    await expect(page.get_by_role("link", name="Open", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Take"))).to_have_count(0)
    for name in ("Write answer", "Add FAQs", "Get code", "Invite"):
        await expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


async def test_small_screen(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Get ready")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await shop.ask("W" * 400, name="N" * 100)
    await shop.ask("Can I talk to a person?", name="N" * 100)
    await expect(page.get_by_role("heading", name="Waiting for a person")).to_be_visible()
    for period in ("7 days", "30 days"):
        await page.get_by_role("button", name=period).click()
        await expect(page.get_by_text(f"per day, last {period}")).to_be_visible()
        await page.locator(".bar-col").last.scroll_into_view_if_needed()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
