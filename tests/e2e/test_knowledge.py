"""Teaching in a real browser: the next answer uses what was saved, and nothing typed is lost."""

import asyncio
import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from omni_app.infra.database import open_db
from omni_app.knowledge.faqs import list_faqs
from tests.e2e.staff import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

PARKING = ("Where can I park?", "Behind the clinic, free.", "is there parking", "where do I leave my car")


async def visit(page: Page) -> None:
    await page.goto("/knowledge")
    await expect(page.get_by_role("heading", name="Knowledge", level=1)).to_be_visible()


def editor(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def write(page: Page, question: str, answer: str, more: str = "") -> None:
    await editor(page).get_by_role("textbox", name="Question").fill(question)
    await editor(page).get_by_role("textbox", name="Answer").fill(answer)
    await editor(page).get_by_role("textbox", name="More ways to ask").fill(more)


async def save(page: Page) -> None:
    await editor(page).get_by_role("button", name="Save").click()


async def taught(shop: Shop) -> list[tuple[str, str, tuple[str, ...]]]:
    async with open_db(shop.scope) as db:
        faqs, _ = await list_faqs(db)
    return [(faq.question, faq.answer, faq.phrasings) for faq in faqs]


async def test_the_next_answer_uses_what_was_added_and_not_what_was_deleted(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach("Do you treat children?", "From the first tooth on.", "kids dentist", "can I bring my son")
    assert (await shop.ask("where do I leave my car"))["source"] == "none"

    await visit(page)
    await page.get_by_role("button", name="Add FAQ").click()
    await write(page, "Where can I park?", "Behind the clinic, free.", "is there parking\n\n - where do I leave my car\n")
    await save(page)
    await expect(page.get_by_text("FAQ saved. The next answer uses it.")).to_be_visible()
    await expect(page.get_by_role("button", name="Where can I park?", exact=True)).to_be_visible()
    assert (await taught(shop))[0] == (
        "Where can I park?",
        "Behind the clinic, free.",
        ("is there parking", "where do I leave my car"),
    )
    reply = await shop.ask("where do I leave my car")
    assert (reply["source"], reply["reply"]["text"]) == ("faq", "Behind the clinic, free.")

    await page.get_by_role("button", name="Edit “Where can I park?”").click()
    await editor(page).get_by_role("textbox", name="Answer").fill("On Salter Street.")
    await save(page)
    await expect(page.get_by_text("On Salter Street.")).to_be_visible()
    # Somebody else: who asks the same a third time is offered a person as well.
    assert (await shop.ask("where do I leave my car", "ben@example.com"))["reply"]["text"] == "On Salter Street."

    await page.get_by_role("button", name="Delete “Where can I park?”").click()
    confirm = page.get_by_role("alertdialog")
    await expect(confirm).to_contain_text("Delete “Where can I park?”")
    await confirm.get_by_role("button", name="Keep FAQ").click()
    await expect(page.get_by_role("button", name="Where can I park?", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Delete “Where can I park?”").click()
    await confirm.get_by_role("button", name="Delete FAQ").click()
    await expect(page.get_by_text("FAQ deleted")).to_be_visible()
    await expect(page.get_by_role("button", name="Where can I park?", exact=True)).to_have_count(0)
    assert (await shop.ask("where do I leave my car"))["source"] == "none"


async def test_the_first_faq_and_every_wrong_field(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await visit(page)
    await expect(page.get_by_role("heading", name="Teach your assistant")).to_be_visible()
    await page.get_by_role("button", name="Add FAQ").click()
    await write(page, "", "x" * 4001, "kept as typed\n" + "y" * 501)
    await save(page)
    dialog = editor(page)
    await expect(dialog.get_by_role("alert")).to_contain_text("Three things need a change.")
    await expect(dialog.get_by_role("textbox", name="Question")).to_have_attribute("aria-invalid", "true")
    await expect(dialog.get_by_text("Write an answer of 1 to 4,000 characters.")).to_be_visible()
    ways = dialog.get_by_role("textbox", name="Way to ask", exact=True)
    await expect(ways).to_have_count(2)
    await expect(ways.nth(0)).to_have_value("kept as typed")
    await expect(ways.nth(0)).to_have_attribute("aria-invalid", "false")
    await expect(ways.nth(1)).to_have_attribute("aria-invalid", "true")
    assert await taught(shop) == []

    await dialog.get_by_role("button", name="Remove").nth(1).click()
    await dialog.get_by_role("textbox", name="Question").fill("<img src=x onerror=alert(1)>?")
    await dialog.get_by_role("textbox", name="Answer").fill("Only text.")
    await save(page)
    await expect(page.get_by_role("button", name="<img src=x onerror=alert(1)>?", exact=True)).to_be_visible()
    assert await taught(shop) == [("<img src=x onerror=alert(1)>?", "Only text.", ("kept as typed",))]

    await page.get_by_role("button", name="Add FAQ").click()
    await write(page, "<IMG src=x onerror=alert(1)>?", "Twice.")
    await save(page)
    await expect(editor(page).get_by_text("This question is taught already. Change that FAQ instead.")).to_be_visible()


async def test_phrasings_are_added_many_at_once_removed_and_exported(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach(*PARKING)
    await visit(page)
    await page.get_by_role("button", name="Edit “Where can I park?”").click()
    dialog = editor(page)
    await dialog.get_by_role("textbox", name="Way to ask", exact=True).nth(1).fill("where to leave the car")
    await dialog.get_by_role("textbox", name="More ways to ask").fill("parking lot\n• garage nearby\n\n2 hours parking")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_role("textbox", name="Way to ask", exact=True)).to_have_count(5)
    await expect(dialog.get_by_role("textbox", name="More ways to ask")).to_have_value("")
    await dialog.get_by_role("button", name="Remove “is there parking”").click()
    await expect(dialog.get_by_role("textbox", name="Way to ask", exact=True)).to_have_count(4)
    await save(page)
    await expect(dialog).to_have_count(0)
    ways = ("where to leave the car", "parking lot", "garage nearby", "2 hours parking")
    assert (await taught(shop))[0][2] == ways

    async with page.expect_download() as started:
        await page.get_by_role("button", name="Export CSV").click()
    download = await started.value
    assert re.fullmatch(r"faqs-brook-street-dental-\d+\.csv", download.suggested_filename)
    file = await asyncio.to_thread(Path(await download.path()).read_text)
    lines = list(csv.reader(io.StringIO(file, newline="")))
    assert lines[1][1:] == [PARKING[0], PARKING[1], "\n".join(ways)]


async def test_typed_text_is_not_lost_without_asking(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach(*PARKING)
    await visit(page)
    await page.get_by_role("button", name="Where can I park?", exact=True).click()
    await expect(editor(page).get_by_role("textbox", name="Question")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(editor(page)).to_have_count(0)

    await page.get_by_role("button", name="Where can I park?", exact=True).click()
    answer = editor(page).get_by_role("textbox", name="Answer")
    await answer.fill("Half written")
    await expect(page.locator("form[data-unsaved=true]")).to_have_count(1)
    await page.keyboard.press("Escape")
    asked = page.get_by_role("alertdialog")
    await expect(asked).to_contain_text("Discard your changes?")
    await asked.get_by_role("button", name="Keep writing").click()
    await expect(answer).to_have_value("Half written")

    questions: list[str] = []

    async def stay(dialog: Any) -> None:
        questions.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.evaluate("location.href = '/team'")
    # Asked by the browser, the page lets go of its connection; the new one must not close what is open.
    await expect(page.locator(".pill")).to_have_text("Live")
    await expect(answer).to_have_value("Half written")
    assert questions == ["beforeunload"]

    await editor(page).get_by_role("button", name="Cancel").click()
    await asked.get_by_role("button", name="Discard changes").click()
    await expect(editor(page)).to_have_count(0)
    assert (await taught(shop))[0][1] == "Behind the clinic, free."


async def test_a_change_by_somebody_else_is_told_and_typed_text_kept(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    faq = await shop.teach(*PARKING)
    await visit(page)
    await page.get_by_role("button", name="Edit “Where can I park?”").click()
    dialog = editor(page)
    answer = dialog.get_by_role("textbox", name="Answer")
    await answer.fill("Mine.")
    await shop.change(faq, "Theirs.")
    await expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this FAQ")
    await expect(dialog.get_by_role("alert")).to_contain_text("Theirs.")
    await expect(answer).to_have_value("Mine.")
    await dialog.get_by_role("button", name="Take their version").click()
    await expect(answer).to_have_value("Theirs.")
    await expect(dialog.get_by_role("alert")).to_have_count(0)

    await answer.fill("Mine after all.")
    await shop.change(faq, "Theirs again.")
    await dialog.get_by_role("button", name="Save over theirs").click()
    await expect(dialog).to_have_count(0)
    assert (await taught(shop))[0][1] == "Mine after all."

    await page.get_by_role("button", name="Edit “Where can I park?”").click()
    await answer.fill("Kept.")
    await shop.forget(faq)
    await expect(dialog.get_by_role("alert")).to_contain_text("Somebody else deleted this FAQ.")
    await dialog.get_by_role("button", name="Save as new FAQ").click()
    await expect(dialog).to_have_count(0)
    assert [entry[1] for entry in await taught(shop)] == ["Kept."]


async def test_searching_paging_and_changes_by_others(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    for number in range(26):
        await shop.teach(f"Question number {number}?", f"Answer {number}.\nSecond line.")
    await visit(page)
    await expect(page.get_by_text("26 FAQs")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(26)
    await expect(page.get_by_text("Second line.")).to_have_count(0)
    await page.get_by_role("button", name="Next page").click()
    await expect(page.get_by_role("button", name="Question number 0?", exact=True)).to_be_visible()
    await expect(page.get_by_text("Page 2 of 2")).to_be_visible()

    await page.get_by_role("searchbox", name="Search FAQs").fill("NUMBER 1")
    await expect(page.get_by_text("11 FAQs found")).to_be_visible()
    await shop.teach("Do you do number 17?", "Yes.")
    await expect(page.get_by_text("12 FAQs found")).to_be_visible()
    await page.get_by_role("searchbox", name="Search FAQs").fill("zebra")
    await expect(page.get_by_role("heading", name="No FAQ matches")).to_be_visible()
    await page.get_by_role("button", name="Clear search").click()
    await expect(page.get_by_text("27 FAQs")).to_be_visible()
    await expect(page.get_by_role("searchbox", name="Search FAQs")).to_have_value("")


async def test_trying_a_question_follows_what_is_taught(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await shop.teach(*PARKING)
    await visit(page)
    box = page.get_by_role("textbox", name="A question, as a customer would write it")
    await page.get_by_role("button", name="Ask", exact=True).click()
    await expect(page.get_by_text("Write a message.")).to_be_visible()
    await box.fill("is there parking")
    await page.get_by_role("button", name="Ask", exact=True).click()
    await expect(page.get_by_text("Answers from an FAQ")).to_be_visible()
    await expect(page.locator(".trial .heard")).to_have_text("Behind the clinic, free.")

    await box.fill("Which moons of Jupiter have volcanoes?")
    await page.get_by_role("button", name="Ask", exact=True).click()
    await expect(page.get_by_text("Not sure: offers a person")).to_be_visible()
    await page.get_by_role("button", name="Write answer").click()
    await expect(editor(page).get_by_role("textbox", name="Question")).to_have_value("Which moons of Jupiter have volcanoes?")
    await editor(page).get_by_role("textbox", name="Answer").fill("Io.")
    await save(page)
    await expect(page.locator(".trial .heard")).to_have_text("Io.")


async def test_those_who_may_not_teach_read(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, "agent")
    await visit(page)
    await expect(page.get_by_text("An owner or admin can add questions and answers.")).to_be_visible()
    await shop.teach(*PARKING)
    await page.get_by_role("button", name="Where can I park?", exact=True).click()
    dialog = editor(page)
    await expect(dialog).to_contain_text("where do I leave my car")
    await expect(dialog.get_by_role("textbox")).to_have_count(0)
    await dialog.get_by_role("button", name="Close").click()
    for name in ("Add FAQ", "Edit", "Delete", "Write answer"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.get_by_role("textbox", name="A question, as a customer would write it")).to_be_visible()


async def test_small_screen(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    await shop.teach("Where" + "e" * 200 + "?", "W" * 300, "p" * 300)
    await visit(page)
    await page.get_by_role("button", name="Edit").first.click()
    await expect(editor(page)).to_be_visible()
    box = await editor(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
