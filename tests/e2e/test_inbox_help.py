"""What helps staff in the inbox, in a real browser: notes, canned answers, drafts, labels, search, presence, streaming, files."""

import base64
import re
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from omni_app.conversations.canned import create_canned
from omni_app.conversations.handling import take_over
from omni_app.conversations.labels import create_label
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.live import publish_now
from omni_app.knowledge.faqs import create_faq, prepare_faq
from tests.conversations.desk import make_member, state, thread
from tests.e2e.inbox_desk import Desk, desk, enter, say, visit
from tests.harness.waiting import until
from tests.tenancy.people import sql

__all__ = ["desk"]

pytestmark = pytest.mark.usefixtures("database")


PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""One pixel."""


async def has_drafts(conversation_id: UUID, number: int) -> bool:
    return len(await sql("select kind from drafts where conversation_id = :id", id=conversation_id)) == number


def tab(page: Page, name: str) -> Any:
    return page.locator(".comp").get_by_role("tab", name=name)


async def test_a_note_is_seen_by_the_team_and_by_no_visitor(desk: Desk, open_page: Any) -> None:
    visitor = await visit(await open_page(), desk)
    await say(visitor, "Is my deposit paid back?")
    await desk.open(folder="All")
    await desk.rows.click()
    tom = await desk.colleague(await open_page(base_url=desk.server))
    await desk.button("Take over").click()
    await expect(desk.log).to_be_focused()

    await desk.page.keyboard.press("n")
    note = desk.page.get_by_role("textbox", name=re.compile("Note about"))
    await expect(note).to_be_focused()
    await note.fill("Trays not ordered. @Tom please check.")
    await note.press("Control+Enter")
    await expect(desk.log.locator(".note")).to_contain_text("@Tom please check.")
    await expect(desk.log.locator(".note .at")).to_have_text("@Tom")
    await expect(note).to_have_value("")

    await desk.page.keyboard.press("Escape")
    await desk.page.keyboard.press("r")
    await desk.reply.fill("I am looking into it.")
    await desk.reply.press("Control+Enter")
    await expect(visitor.locator(".ow-log")).to_contain_text("I am looking into it.")
    await expect(desk.log.get_by_role("img", name="Read")).to_be_visible()
    assert "Trays" not in await visitor.locator(".ow-log").inner_text()

    conversation = desk.page.url.partition("conversation=")[2]
    await tom.page.goto(f"/inbox?conversation={conversation}")
    await expect(tom.log.locator(".note")).to_contain_text("Trays not ordered.")
    await expect(tom.page.get_by_role("button", name="Delete this note")).to_have_count(0)
    await desk.page.get_by_role("button", name="Delete this note").click()
    await expect(tom.log.locator(".note")).to_have_count(0)


async def test_a_canned_answer_is_inserted_with_the_customer_s_name(desk: Desk) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    async with open_db(desk.viewer.scope()) as db:
        await create_canned(db, "call", "Offer a call", "Shall {{agent.name}} call you, {{customer.first_name}}?")
        await create_canned(db, "deposit", "Deposit rules", "$150 comes back.")
    await desk.open(conversation_id)
    await desk.reply.press_sequentially("Hello. /")
    options = desk.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await desk.reply.press_sequentially("dep")
    await expect(options).to_have_text([re.compile("Deposit rules")])
    for _ in range(3):
        await desk.reply.press("Backspace")
    await expect(options).to_have_count(2)
    await desk.reply.press("ArrowDown")
    await desk.reply.press("ArrowUp")
    await desk.reply.press("Enter")
    await expect(desk.reply).to_have_value("Hello. Shall Maya Chen call you, Sofia?")
    await expect(options).to_have_count(0)
    await desk.reply.press_sequentially(" and/or")
    await expect(options).to_have_count(0)
    assert len(await thread(conversation_id)) == 1


async def test_a_draft_is_still_there_tomorrow_and_on_another_computer(desk: Desk, open_page: Any) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    await desk.open(conversation_id, folder="All")
    await desk.reply.fill("Dear Sofia,")
    await expect(desk.rows).to_contain_text("Draft")
    await tab(desk.page, "Note").click()
    await desk.page.get_by_role("textbox", name=re.compile("Note about")).fill("Ask Tom first")
    await tab(desk.page, "Reply").click()
    await expect(desk.reply).to_have_value("Dear Sofia,")

    await until(lambda: has_drafts(conversation_id, 2))
    other = await enter(await open_page(base_url=desk.server), desk.server, desk.token)
    await other.open(conversation_id)
    await expect(other.reply).to_have_value("Dear Sofia,")
    await tab(other.page, "Note").click()
    await expect(other.page.get_by_role("textbox", name=re.compile("Note about"))).to_have_value("Ask Tom first")
    tom = await desk.colleague(await open_page(base_url=desk.server))
    await tom.open(conversation_id)
    await expect(tom.reply).to_have_value("")

    await tab(other.page, "Reply").click()
    await other.reply.press("Control+Enter")
    await expect(other.bubbles.last).to_have_text("Dear Sofia,")
    await until(lambda: has_drafts(conversation_id, 1))  # the note


async def test_colleagues_see_who_looks_and_who_writes(desk: Desk, open_page: Any) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    tom = await desk.colleague(await open_page(base_url=desk.server))
    await desk.open(conversation_id)
    await tom.open(conversation_id)
    await expect(desk.page.locator(".viewers")).to_contain_text("Tom is viewing")
    await expect(tom.page.locator(".viewers")).to_contain_text("Maya is viewing")
    await tom.reply.press_sequentially("One moment")
    await expect(desk.page.locator(".collides")).to_contain_text("Tom Okafor is writing a reply")
    await tom.reply.press("Control+Enter")
    await expect(desk.page.locator(".collides")).to_have_count(0)
    await tom.page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Team").click()
    await expect(desk.page.locator(".viewer")).to_have_count(0)


async def test_an_answer_grows_as_it_is_written(desk: Desk) -> None:
    conversation_id, message_id = await desk.ask(name="Sofia Marin"), new_id()
    await desk.open(conversation_id)
    business_id = desk.viewer.business_id

    async def stream(text: str) -> None:
        ids = {"conversation_id": conversation_id, "message_id": message_id, "text": text}
        await publish_now(business_id, "message.streaming", **ids)

    await publish_now(business_id, "typing.changed", conversation_id=conversation_id, who="assistant", name="", on="1")
    await expect(desk.log.locator(".writes")).to_contain_text("AI writes")
    await stream("A check-up")
    await expect(desk.log.locator(".growing .b")).to_have_text("A check-up")
    await stream("A check-up is $189.")
    await expect(desk.log.locator(".growing .b")).to_have_text("A check-up is $189.")
    await sql(
        """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
             offers_person, cost_nusd, created_at)
           select :message_id, business_id, id, customer_id, 2, 'assistant', 'A check-up is $189.', 'sent', '[]', '[]', false, 0,
             now() from conversations where id = :id""",
        message_id=message_id,
        id=conversation_id,
    )
    await sql("update conversations set last_seq = 2, answered_seq = 1 where id = :id", id=conversation_id)
    await publish_now(business_id, "message.created", conversation_id=conversation_id, seq=2, role="assistant")
    await expect(desk.log.locator(".growing")).to_have_count(0)
    await expect(desk.bubbles).to_have_text(["Hello?", "A check-up is $189."])
    # A late note of the stream must not bring it back.
    await stream("A check-up is")
    await publish_now(business_id, "typing.changed", conversation_id=conversation_id, who="customer", name="", on="1")
    await expect(desk.log.locator(".writes")).to_contain_text("Sofia Marin is writing")
    await expect(desk.log.locator(".growing")).to_have_count(0)


async def test_labels_are_made_where_they_are_used_and_filter_the_list(desk: Desk) -> None:
    one, _ = await desk.ask(name="Sofia Marin"), await desk.ask(who="visitor-2", name="Omar Haddad")
    async with open_db(desk.viewer.scope()) as db:
        await create_label(db, "Insurance", "teal")
    await desk.open(one, folder="All")
    await desk.button("Labels").click()
    await desk.page.get_by_label("Find or create a label").fill("Billing")
    await desk.page.get_by_role("button", name="Create “Billing”").click()
    await expect(desk.rows.filter(has_text="Sofia")).to_contain_text("Billing")
    await desk.page.keyboard.press("Escape")

    await desk.page.get_by_role("button", name="Filter", exact=True).click()
    await desk.page.get_by_label("Label", exact=True).select_option(label="Billing")
    await expect(desk.rows).to_have_count(1)
    await desk.page.get_by_label("Label", exact=True).select_option(label="Insurance")
    await expect(desk.page.get_by_role("heading", name="No conversation fits")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await desk.page.get_by_role("group", name="Filters").get_by_role("button", name="Clear").click()
    await expect(desk.rows).to_have_count(2)


async def test_search_looks_through_every_folder(desk: Desk) -> None:
    await desk.ask("Where can I park my car near you?", name="Sofia Marin")
    await desk.ask("Do you treat children?", who="visitor-2", name="Omar Haddad")
    await desk.open()
    await desk.page.get_by_role("button", name="Search", exact=True).click()
    box = desk.page.get_by_role("searchbox", name="Search conversations")
    await expect(box).to_be_focused()
    await box.press_sequentially("park")
    await expect(desk.rows).to_have_count(1)
    await expect(desk.rows.locator("mark")).to_have_text("park")
    await box.fill("p")
    await expect(desk.page.locator(".queue")).to_contain_text("Write at least 2 characters.")
    await box.fill("nobody wrote this")
    await expect(desk.page.get_by_role("heading", name="No conversation matches")).to_be_visible()
    await box.press("Escape")
    await expect(box).to_have_count(0)
    await expect(desk.page.get_by_role("heading", name="No one waits")).to_be_visible()


async def test_transfer_snooze_and_delete(desk: Desk) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    tom = await make_member(desk.system, "Tom Okafor")
    await desk.open(conversation_id, folder="All")
    more = desk.button("More")
    await more.click()
    await desk.page.get_by_role("menuitem", name="Transfer").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_label("To").select_option(label="Tom Okafor")
    await dialog.get_by_label("Reason").fill("He knows the invoice")
    await dialog.get_by_role("button", name="Transfer").click()
    await expect(desk.log).to_contain_text("Tom Okafor looks after this conversation now.")
    await expect(desk.log.locator(".note")).to_contain_text("He knows the invoice")
    assert (await state(conversation_id))["assignee_id"] == tom.actor.id

    await desk.button("Snooze").click()
    await desk.page.get_by_role("menuitem", name="Tomorrow, 9:00").click()
    await expect(desk.rows).to_contain_text("Until")
    assert (await state(conversation_id))["status"] == "snoozed"

    await more.click()
    await desk.page.get_by_role("menuitem", name="Delete conversation").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_label("Type").fill("Sofia")
    await dialog.get_by_role("button", name="Delete conversation").click()
    await expect(dialog).to_contain_text("This is not the name above.")
    await dialog.get_by_label("Type").fill("Sofia Marin")
    await dialog.get_by_role("button", name="Delete conversation").click()
    await expect(desk.page.get_by_role("heading", name="Pick a conversation")).to_be_visible()
    await expect(desk.rows).to_have_count(0)
    assert await thread(conversation_id) == []


async def test_files_travel_both_ways(desk: Desk, open_page: Any) -> None:
    visitor = await visit(await open_page(), desk)
    await say(visitor, "Can you send me the form?")
    await desk.open(folder="All")
    await desk.rows.click()
    await expect(desk.reply).to_be_visible()
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    picker = desk.page.locator("[data-upload] input[type=file]")
    await picker.set_input_files({"name": "form.pdf", "mimeType": "application/pdf", "buffer": pdf})
    await expect(desk.page.locator(".comp .file")).to_contain_text("form.pdf")
    await desk.reply.press("Control+Enter")
    await expect(desk.log.locator(".msg.staff .file")).to_contain_text("form.pdf")
    await expect(desk.page.locator(".comp .file")).to_have_count(0)
    await expect(visitor.locator(".ow-log")).to_contain_text("form.pdf")
    await visitor.locator(".ow-in input[type=file]").set_input_files(
        {"name": "tooth.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(visitor.locator(".ow-tray")).to_contain_text("tooth.png")
    await expect(visitor.locator(".ow-tray progress")).to_have_count(0)
    await say(visitor, "It looks like this")
    await expect(desk.log.get_by_role("button", name="Open tooth.png")).to_be_visible()
    await expect(desk.log.locator(".thumb img")).to_have_js_property("naturalWidth", 1)

    await picker.set_input_files({"name": "page.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"})
    await expect(desk.page.locator(".comp .errline")).to_be_visible()


async def test_who_waits_for_a_person_says_why(desk: Desk) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    await sql(
        """update conversations set status = 'waiting', speaker = 'human', waiting_since = now(), handover_reason =
           'asked for a person', handover_summary = 'Wants her deposit back.' where id = :id""",
        id=conversation_id,
    )
    await desk.open(conversation_id)
    card = desk.page.get_by_role("region", name="Hand-over")
    await expect(card).to_contain_text("asked for a person")
    await expect(card).to_contain_text("Wants her deposit back.")
    async with open_db(desk.viewer.scope()) as db:
        await take_over(db, conversation_id)
        await send_reply(db, conversation_id, "Hello Sofia.")
    await expect(card).to_have_count(0)


async def test_the_ai_drafts_and_a_person_sends(desk: Desk) -> None:
    faq = await prepare_faq("What does a check-up cost?", "A check-up is $189.", ("price of a checkup", "checkup cost"))
    async with open_db(desk.system) as db:
        await create_faq(db, faq)
    conversation_id = await desk.ask("price of a checkup", name="Sofia Marin")
    async with open_db(desk.viewer.scope()) as db:
        await take_over(db, conversation_id)
    await desk.open(conversation_id)
    await desk.button("Draft with AI").click()
    await expect(desk.reply).to_have_value(re.compile("189"))
    strip = desk.page.locator(".draft")
    await expect(strip).to_contain_text(re.compile(r"Draft from 1 source · \$0\.0000"))
    assert [role for _, role, _ in await thread(conversation_id)] == ["customer", "system"]
    await strip.get_by_role("button", name="Discard").click()
    await expect(desk.reply).to_have_value("")
    await expect(strip).to_have_count(0)


async def test_two_who_save_the_same_canned_answer(desk: Desk) -> None:
    async with open_db(desk.viewer.scope()) as db:
        made = await create_canned(db, "hours", "Hours", "Nine to five.")
    page = desk.page
    await page.goto("/canned")
    await page.get_by_role("button", name="Change Hours").click()
    dialog = page.get_by_role("dialog")
    await sql("update canned_answers set text = 'Ten to four.', version = 2 where id = :id", id=made.id)
    await dialog.get_by_label("Answer", exact=True).fill("Nine to six, {{customer.nickname}}.")
    await dialog.get_by_role("button", name="Save answer").click()
    await expect(dialog).to_contain_text("There is no variable {{customer.nickname}}.")
    await dialog.get_by_label("Answer", exact=True).fill("Nine to six.")
    await dialog.get_by_role("button", name="Save answer").click()
    await expect(dialog).to_contain_text("Ten to four.")
    await dialog.get_by_role("button", name="Save answer").click()
    await expect(page.get_by_role("table", name="Canned answers")).to_contain_text("Nine to six.")
