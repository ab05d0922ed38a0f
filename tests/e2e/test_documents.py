"""Documents in a real browser: added, read, searched, quoted, changed by two people, deleted."""

import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.knowledge.documents import list_documents, rename_document
from tests.e2e.staff import Shop, open_shop
from tests.harness.processes import Processes
from tests.knowledge.paper import VISIT, add_ready, add_text, make_pdf, make_scan

pytestmark = pytest.mark.usefixtures("database")

LEAFLET = make_pdf(
    [
        [("After an extraction", "Do not rinse your mouth for twenty-four hours. Bite on the gauze for thirty minutes.")],
        [("Parking", "The garage on Salter Street is free for patients for two hours. Bring the ticket to the desk.")],
    ]
    + [[(f"Chapter {n}", f"Tooth number {n} needs its own brush of size {n}. " * 12)] for n in range(3, 40)]
)


def pdf(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": data}


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def visit(page: Page, path: str = "/knowledge/documents") -> None:
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".pill")).to_have_text("Live")


async def titles(shop: Shop) -> set[str]:
    async with open_db(shop.scope) as db:
        return {view.title for view in (await list_documents(db))[0]}


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="A question, as a customer would write it").fill(text)
    await page.get_by_role("button", name="Ask", exact=True).click()


async def test_an_uploaded_pdf_is_read_while_the_page_shows_how_far_it_is_and_then_quoted(
    page: Page, web_server: str, worker_process: Processes
) -> None:
    shop = await open_shop(page, web_server)
    await visit(page)
    await expect(page.get_by_role("heading", name="Give your assistant something to read")).to_be_visible()
    await page.get_by_role("button", name="Upload files").click()
    seen: list[str] = []

    def hear(text: str) -> None:
        seen.append(text)

    await page.expose_function("tell", hear)
    await page.evaluate(
        """new MutationObserver(() => {
             for (const cell of document.querySelectorAll('.docs tbody td:nth-child(2)')) tell(cell.innerText);
           }).observe(document.body, {subtree: true, childList: true, characterData: true})"""
    )
    await page.locator("input[type=file]").set_input_files([pdf("leaflet.pdf", LEAFLET), pdf("scan.pdf", make_scan())])
    row = page.get_by_role("row").filter(has_text="leaflet")
    await expect(row.get_by_text("Ready")).to_be_visible()
    assert any(re.search(r"\d+ of \d+ passages", text) for text in seen), seen
    scan = page.get_by_role("row").filter(has_text="scan")
    await expect(scan.get_by_text("This PDF holds pictures of pages, no text.")).to_be_visible()

    await ask(page, "how long may I not rinse my mouth after an extraction")
    await expect(page.get_by_text("Quotes a document")).to_be_visible()
    await expect(page.locator(".trial .heard")).to_contain_text("Do not rinse your mouth for twenty-four hours.")
    reply = await shop.ask("how long may I not rinse my mouth after an extraction")
    assert "Do not rinse your mouth for twenty-four hours." in reply["reply"]["text"]

    await page.get_by_role("link", name=re.compile("leaflet › After an extraction")).click()
    await expect(page.get_by_role("heading", name="leaflet", level=1)).to_be_visible()
    await expect(page.locator(".doctext mark").first).to_contain_text("Do not rinse your mouth for twenty-four hours.")
    await expect(page.get_by_text("1 answer in 30 days")).to_be_visible()


async def test_files_that_cannot_be_taken_are_named_with_their_reason(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await add_text(shop.scope, "Twice is once.", "Known")
    await visit(page)
    await page.get_by_role("button", name="Add documents").click()
    files: list[FilePayload] = [
        pdf("empty.pdf", b""),
        pdf("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        {"name": "twin.txt", "mimeType": "text/plain", "buffer": b"Twice is once."},
        {"name": "n" * 500 + ".txt", "mimeType": "text/plain", "buffer": b"A file with a very long name."},
    ]
    await dialog(page).locator("input[type=file]").set_input_files(files)
    told = dialog(page).get_by_role("alert")
    await expect(told.get_by_role("listitem")).to_have_count(3)
    await expect(told).to_contain_text("This file is empty.")
    await expect(told).to_contain_text("This is a picture.")
    await expect(told).to_contain_text("This document is there already, as “Known”.")
    assert {len(title) for title in await titles(shop)} == {5, 200}
    await dialog(page).get_by_role("button", name="Close").click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_text_is_pasted_searched_replaced_and_deleted(page: Page, web_server: str, worker_process: Processes) -> None:
    shop = await open_shop(page, web_server)
    await visit(page)
    await page.get_by_role("button", name="Paste text").click()
    await dialog(page).get_by_role("button", name="Add text").click()
    await expect(
        dialog(page).get_by_text("Write a title", exact=False).or_(dialog(page).get_by_text("Paste the text"))
    ).to_be_visible()
    await dialog(page).get_by_role("textbox", name="Title").fill("<b>Your visit</b>")
    await dialog(page).get_by_role("textbox", name="Text", exact=True).fill(VISIT)
    await dialog(page).get_by_role("button", name="Add text").click()
    await expect(dialog(page)).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="<b>Your visit</b>")
    await expect(row.get_by_text("Ready")).to_be_visible()
    await page.get_by_role("searchbox", name="Search documents").fill("zebra")
    await expect(page.get_by_role("heading", name="No document matches")).to_be_visible()
    await page.get_by_role("button", name="Clear search").click()

    await row.get_by_role("button", name="Replace").click()
    await dialog(page).get_by_role("textbox", name="Text", exact=True).fill("Parking costs five dollars now.")
    await dialog(page).get_by_role("button", name="Add text").click()
    await expect(dialog(page)).to_have_count(0)
    await page.get_by_role("link", name="<b>Your visit</b>").click()
    await expect(page.locator(".doctext")).to_have_text("Parking costs five dollars now.")

    await page.get_by_role("button", name="Delete").click()
    asked = page.get_by_role("alertdialog")
    await expect(asked).to_contain_text("Its text, passages and file are removed.")
    await asked.get_by_role("button", name="Delete document").click()
    await expect(page).to_have_url(re.compile(r"/knowledge/documents/?$"))
    await expect(page.get_by_role("heading", name="Give your assistant something to read")).to_be_visible()
    assert await titles(shop) == set()


async def test_the_second_of_two_who_rename_sees_the_first_s_change(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    document = await add_ready(shop.scope)
    await visit(page, f"/knowledge/documents/{document.view.id}")
    await page.get_by_role("button", name="Rename").click()
    await dialog(page).get_by_role("textbox", name="Title").fill("Mine")
    async with open_db(shop.scope) as db:
        await rename_document(db, document.view.id, "Theirs", document.view.version)
    await finish_tasks(2.0)
    await dialog(page).get_by_role("button", name="Save title").click()
    await expect(dialog(page).get_by_text("It is called “Theirs” now.")).to_be_visible()
    await expect(dialog(page).get_by_role("textbox", name="Title")).to_have_value("Mine")
    assert await titles(shop) == {"Theirs"}
    await dialog(page).get_by_role("button", name="Save title").click()
    await expect(dialog(page)).to_have_count(0)
    await expect(page.get_by_role("heading", name="Mine", level=1)).to_be_visible()


async def test_those_who_may_not_teach_read_only(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, "agent")
    await visit(page)
    await expect(page.get_by_text("An owner or admin can add some.")).to_be_visible()
    document = await add_ready(shop.scope)
    await finish_tasks(2.0)
    await expect(page.get_by_role("link", name="Your visit")).to_be_visible()
    for name in ("Add documents", "Upload files", "Replace", "Delete"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    span = next(one for one in document.passages if "yoghurt" in document.text[one.start : one.end])
    await visit(page, f"/knowledge/documents/{document.view.id}?start={span.start}&end={span.end}")
    await expect(page.locator(".doctext mark").first).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    await page.goto("/knowledge/documents/0192d2c5-0000-7000-8000-000000000000")
    await expect(page.get_by_text("There is no such document.")).to_be_visible()


async def test_small_screen(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    document = await add_ready(shop.scope, VISIT, "W" * 200)
    await visit(page)
    await expect(page.get_by_role("link", name="WWWW")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="Add documents").click()
    box = await dialog(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await visit(page, f"/knowledge/documents/{document.view.id}")
    await expect(page.locator(".doctext")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
