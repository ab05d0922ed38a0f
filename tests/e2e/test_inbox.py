"""The inbox in a real browser: a visitor, the AI and staff in one conversation; drafts, shortcuts, small screens, strangers."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from omni_app.conversations.handling import take_over
from omni_app.infra.database import open_db
from omni_app.knowledge.faqs import create_faq, prepare_faq
from tests.conversations.desk import make_member, state, thread
from tests.e2e.inbox_desk import Desk, desk, enter, say, visit
from tests.e2e.test_shell import call
from tests.harness.waiting import until
from tests.tenancy.people import found, sql

pytestmark = pytest.mark.usefixtures("database")

STATES = "reflex___state____state.omni_app___ui___pages___inbox"
__all__ = ["desk"]


async def test_from_a_question_to_a_person_and_back(desk: Desk, open_page: Any) -> None:
    faq = await prepare_faq("What does a check-up cost?", "A check-up is $189.", ("price of a checkup", "checkup cost"))
    async with open_db(desk.system) as db:
        await create_faq(db, faq)
    visitor = await visit(await open_page(), desk)
    await desk.open(folder="With AI")
    await expect(desk.page.get_by_role("heading", name="The AI talks with no one")).to_be_visible()

    await say(visitor, "price of a checkup")
    await expect(visitor.locator(".ow-log")).to_contain_text("A check-up is $189.")
    await desk.rows.click()
    await expect(desk.bubbles).to_have_text(["price of a checkup", "A check-up is $189."])
    await expect(desk.page.locator(".conv")).to_contain_text("AI answers")

    await desk.log.get_by_role("button", name=re.compile(r"AI · 1 source · \$0\.0000")).click()
    receipt = desk.page.get_by_role("dialog", name="How this answer was made")
    await expect(receipt).to_contain_text("What does a check-up cost?")
    await expect(receipt).to_contain_text("$0.000000")
    await desk.page.keyboard.press("Escape")
    await expect(receipt).to_have_count(0)

    await desk.button("Take over").click()
    await expect(visitor.locator(".ow-head b")).to_have_text("Maya Chen")
    await expect(desk.log).to_contain_text("Maya Chen joined the conversation.")
    await say(visitor, "checkup cost")
    await expect(desk.bubbles.last).to_have_text("checkup cost")
    await desk.reply.fill("Maya here. It is $189.")
    await desk.reply.press("Control+Enter")
    await expect(visitor.locator(".ow-log")).to_contain_text("Maya here. It is $189.")
    await expect(desk.reply).to_have_value("")
    await expect(desk.log.locator(".msg.ai")).to_have_count(1)

    await desk.button("Hand back to AI").click()
    await expect(visitor.locator(".ow-head b")).not_to_have_text("Maya Chen")
    await say(visitor, "price of a checkup")
    await expect(desk.log.locator(".msg.ai")).to_have_count(2)
    # The same words again: this one came from the cache, and staff may say that it does not belong here.
    await desk.log.locator(".msg.ai").last.get_by_role("button", name=re.compile(r"^AI · ")).click()
    await expect(receipt).to_contain_text("The same words were answered before.")
    await receipt.get_by_role("button", name="Wrong here").click()
    await expect(receipt).to_contain_text("Marked wrong here by Maya Chen")
    await expect(receipt.get_by_role("button", name="Wrong here")).to_have_count(0)
    await desk.page.keyboard.press("Escape")
    await expect(receipt).to_have_count(0)

    await desk.button("Close").click()
    await expect(desk.page.get_by_role("note")).to_contain_text("This conversation is closed.")
    await expect(desk.reply).to_have_count(0)
    await desk.page.locator(".conv .ph").get_by_role("button", name="Reopen").click()
    await expect(desk.reply).to_be_visible()


async def test_hostile_text_is_only_text(desk: Desk) -> None:
    text = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script> \u202egnp.exe {{1+1}} ${window.pwned=1}"
    conversation_id = await desk.ask(text, name="<b>Eve</b> \u202e")
    await desk.open(conversation_id)
    await expect(desk.bubbles).to_have_text([text])
    await desk.page.get_by_role("button", name="All", exact=True).click()
    await expect(desk.rows).to_contain_text("<img src=x")
    assert await desk.page.evaluate("window.pwned") is None
    assert await desk.page.locator(".inbox").locator("img, b b, .b script").count() == 0
    assert await desk.bubbles.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"


async def test_drafts_stay_with_their_conversation_and_pressing_twice_sends_once(desk: Desk) -> None:
    one, two = await desk.ask(name="Sofia Marin"), await desk.ask(who="visitor-2", name="Omar Haddad")
    await desk.open(one, folder="All")
    await desk.reply.fill("For Sofia")
    await desk.rows.filter(has_text="Omar Haddad").click()
    await expect(desk.page.get_by_role("textbox", name="Reply to Omar Haddad")).to_have_value("")
    await desk.reply.fill("For Omar")
    await desk.page.go_back()
    await expect(desk.page.get_by_role("textbox", name="Reply to Sofia Marin")).to_have_value("For Sofia")

    await desk.button("Send Ctrl ↵").dblclick()
    await expect(desk.reply).to_have_value("")
    await expect(desk.bubbles).to_have_text(["Hello?", "For Sofia"])
    await desk.rows.filter(has_text="Omar Haddad").click()
    await expect(desk.page.get_by_role("textbox", name="Reply to Omar Haddad")).to_have_value("For Omar")
    assert [role for _, role, _ in await thread(one)] == ["customer", "staff"]

    # Too long a text is said before it is sent.
    await desk.reply.fill("x" * 7990)
    await expect(desk.page.locator(".comp")).to_contain_text("10 left")
    await desk.reply.fill("x" * 8001)
    await expect(desk.page.locator(".comp")).to_contain_text("1 too many")
    await expect(desk.button("Send Ctrl ↵")).to_be_disabled()
    await desk.reply.press("Control+Enter")
    await desk.reply.fill("   ")
    await desk.reply.press("Control+Enter")
    await desk.reply.fill("Short.")
    await desk.reply.press("Control+Enter")
    await expect(desk.bubbles).to_have_text(["Hello?", "Short."])
    assert [text for _, _, text in await thread(two)] == ["Hello?", "Short."]


async def test_who_came_second_is_told_and_sees_the_latest(desk: Desk, open_page: Any) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    await desk.open(conversation_id)
    await expect(desk.button("Take over")).to_be_visible()
    tom = await make_member(desk.system, "Tom Okafor")
    # Behind the page's back: without a live note, as when it is on its way.
    await sql(
        "update conversations set speaker = 'human', assignee_id = :tom where id = :id", tom=tom.actor.id, id=conversation_id
    )
    await desk.button("Take over").click()
    await expect(desk.page.get_by_text("Tom Okafor changed this conversation first.")).to_be_visible()
    await expect(desk.page.locator(".conv .ph")).to_contain_text("Tom Okafor")
    await desk.button("Take over").click()
    await expect(desk.page.locator(".conv .ph")).to_contain_text("Yours")
    assert (await state(conversation_id))["assignee_id"] == desk.viewer.member_id


async def test_two_members_see_what_the_other_does(desk: Desk, open_page: Any) -> None:
    conversation_id = await desk.ask(name="Sofia Marin")
    tom = await desk.colleague(await open_page(base_url=desk.server))
    await desk.open(conversation_id, folder="All")
    await tom.open(conversation_id)
    await tom.button("Take over").click()
    await expect(desk.page.locator(".conv .ph")).to_contain_text("Tom Okafor")
    await expect(desk.rows).to_contain_text("Tom Okafor")
    await tom.reply.fill("Tom here.")
    await tom.reply.press("Control+Enter")
    await expect(desk.bubbles.last).to_have_text("Tom here.")
    await expect(desk.rows).to_contain_text("Tom: Tom here.")
    await expect(tom.page.get_by_role("button", name="Mine 1")).to_be_visible()


async def test_a_viewer_reads_and_cannot_write(desk: Desk, open_page: Any) -> None:
    conversation_id = await desk.ask("Hello?", name="Sofia Marin")
    vera = await desk.colleague(await open_page(base_url=desk.server), "Vera Lang", "viewer")
    await vera.open(conversation_id)
    await expect(vera.bubbles).to_have_text(["Hello?"])
    await expect(vera.page.get_by_role("note")).to_contain_text("You can read along.")
    await expect(vera.reply).to_have_count(0)
    for name in ("Take over", "Close", "More", "Block customer"):
        await expect(vera.page.get_by_role("button", name=name, exact=True)).to_have_count(0)

    form = {"conversation": str(conversation_id), "draft": str(uuid4()), "text": "I may not"}
    answer = await call(desk.server, f"{STATES}___thread_state____thread_state.send", {"form": form}, vera.token)
    assert "Your role cannot do this." in answer
    assert len(await thread(conversation_id)) == 1


async def test_foreign_conversations_stay_foreign(desk: Desk, open_page: Any) -> None:
    theirs = await desk.ask("Secret words", name="Sofia Marin")
    number = uuid4().hex[:8]
    eve = await enter(
        await open_page(base_url=desk.server),
        desk.server,
        await found(f"Attackers {number}", f"eve-{number}@inbox.example", "Eve"),
    )
    await eve.page.goto(f"/inbox?conversation={theirs}")
    await expect(eve.page.get_by_role("alert")).to_contain_text("There is no such conversation.")
    assert "Secret words" not in await eve.page.content()
    form = {"conversation": str(theirs), "draft": str(uuid4()), "text": "Hi"}
    handler = f"{STATES}___thread_state____thread_state.send"
    assert "There is no such conversation." in await call(desk.server, handler, {"form": form}, eve.token)
    assert "sign-in" in await call(desk.server, handler, {"form": form})
    assert len(await thread(theirs)) == 1

    # An address that is none says the same.
    await eve.page.goto("/inbox?conversation=%27%20or%201=1")
    await expect(eve.page.get_by_role("alert")).to_contain_text("There is no such conversation.")
    await expect(eve.page.get_by_role("heading", name="No one waits")).to_be_visible()


async def test_shortcuts(desk: Desk) -> None:
    for number in (1, 2, 3):
        await desk.ask(f"Question {number}", who=f"visitor-{number}")
    await desk.open(folder="All")
    await expect(desk.rows).to_have_count(3)
    await desk.page.keyboard.press("j")
    await expect(desk.bubbles).to_have_text(["Question 3"])
    await desk.page.keyboard.press("j")
    await expect(desk.bubbles).to_have_text(["Question 2"])
    await desk.page.keyboard.press("k")
    await expect(desk.bubbles).to_have_text(["Question 3"])
    await desk.page.keyboard.press("t")
    await expect(desk.page.locator(".conv .ph")).to_contain_text("Yours")
    await desk.page.keyboard.press("r")
    await expect(desk.reply).to_be_focused()
    await desk.page.keyboard.type("the jolly letters")
    await expect(desk.reply).to_have_value("the jolly letters")
    await desk.page.keyboard.press("Escape")
    await expect(desk.reply).not_to_be_focused()
    await desk.page.keyboard.press("h")
    await expect(desk.page.locator(".conv .ph")).to_contain_text("AI answers")
    await desk.page.keyboard.press("e")
    await expect(desk.page.get_by_role("note")).to_contain_text("closed")
    await desk.page.keyboard.press("?")
    await expect(desk.page.get_by_role("dialog")).to_contain_text("Inbox: take over")


async def test_rows_do_not_move_under_the_pointer(desk: Desk) -> None:
    await desk.ask("First", who="visitor-1", name="Sofia Marin")
    await desk.open(folder="All")
    await expect(desk.rows).to_have_count(1)
    await desk.rows.click()
    # What a tab tells is heard in order: when the conversation is open, the server knows of the pointer as well.
    await expect(desk.bubbles).to_have_text(["First"])
    await desk.ask("Second", who="visitor-2", name="Omar Haddad")
    await expect(desk.page.get_by_role("button", name="1 new")).to_be_visible()
    await expect(desk.rows).to_have_count(1)
    await desk.ask("More words", who="visitor-1")
    await expect(desk.rows).to_contain_text("More words")
    await desk.page.get_by_role("button", name="1 new").click()
    await expect(desk.rows).to_have_count(2)
    await desk.page.locator(".conv").hover()
    await desk.ask("Third", who="visitor-3")
    await expect(desk.rows).to_have_count(3)


async def test_the_thread_stays_where_one_reads(desk: Desk) -> None:
    conversation_id = await desk.ask("Line 1")
    async with open_db(desk.viewer.scope()) as db:
        await take_over(db, conversation_id)
    await sql(
        """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, offers_person,
             cost_nusd, created_at)
           select gen_random_uuid(), business_id, id, customer_id, n, 'customer', 'Line ' || n, 'delivered', '[]', false, 0, now()
           from conversations, generate_series(3, 80) n where id = :id""",
        id=conversation_id,
    )
    await sql("update conversations set last_seq = 80, last_customer_seq = 80 where id = :id", id=conversation_id)
    await desk.open(conversation_id)
    await expect(desk.bubbles.last).to_be_in_viewport()
    await expect(desk.bubbles).to_have_count(50)

    await desk.log.evaluate("node => { node.scrollTop = 0 }")
    await expect(desk.bubbles.first).to_be_in_viewport()
    await desk.log.get_by_role("button", name="Show earlier messages").click()
    await expect(desk.bubbles).to_have_count(79)
    await expect(desk.log.locator("[data-seq='31'] .b")).to_be_in_viewport()

    await desk.ask("Newest")
    await desk.page.get_by_role("button", name="1 new").click()
    await expect(desk.bubbles.last).to_have_text("Newest")
    await expect(desk.bubbles.last).to_be_in_viewport()
    await desk.ask("Newer still")
    await expect(desk.bubbles.last).to_have_text("Newer still")
    await expect(desk.bubbles.last).to_be_in_viewport()


async def test_seen_is_read(desk: Desk) -> None:
    one, _ = await desk.ask(name="Sofia Marin"), await desk.ask(who="visitor-2", name="Omar Haddad")
    await desk.open(folder="All")
    await expect(desk.page.get_by_role("img", name="Unread")).to_have_count(2)
    await desk.rows.filter(has_text="Sofia Marin").click()
    await expect(desk.page.get_by_role("img", name="Unread")).to_have_count(1)
    await desk.ask("Again")
    await expect(desk.bubbles.last).to_have_text("Again")
    await expect(desk.page.get_by_role("img", name="Unread")).to_have_count(1)

    async def is_marked() -> bool:
        return [mark["seq"] for mark in await sql("select seq from read_marks where conversation_id = :id", id=one)] == [2]

    await until(is_marked)


async def test_blocking_a_customer_asks_why(desk: Desk) -> None:
    conversation_id = await desk.ask(name="Eve")
    await desk.open(conversation_id)
    await desk.page.get_by_role("button", name="Block customer").click()
    dialog = desk.page.get_by_role("dialog", name="Block Eve?")
    await dialog.get_by_role("button", name="Block customer").click()
    await expect(dialog).to_contain_text("Say why, in 1 to 300 characters.")
    await dialog.get_by_label("Reason").fill("Sends advertising")
    await dialog.get_by_role("button", name="Block customer").click()
    await expect(dialog).to_have_count(0)
    await expect(desk.page.get_by_role("complementary", name="Customer")).to_contain_text("Sends advertising")
    await desk.page.get_by_role("button", name="Unblock customer").click()
    await expect(desk.page.get_by_role("button", name="Block customer")).to_be_visible()


async def test_small_screen(desk: Desk) -> None:
    await desk.ask("Hello?", name="Sofia Marin")
    small, page = desk, desk.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await small.open(folder="All")
    await expect(small.page.locator(".conv")).to_be_hidden()
    await small.rows.click()
    await expect(small.bubbles).to_have_text(["Hello?"])
    await expect(small.page.locator(".queue")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="Show customer").click()
    panel = page.get_by_role("complementary", name="Customer")
    await expect(panel).to_be_visible()
    await expect(page.get_by_role("button", name="Close the customer panel").last).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("button", name="Show customer")).to_be_focused()
    await page.go_back()
    await expect(small.page.locator(".queue")).to_be_visible()
    await expect(small.page.locator(".conv")).to_be_hidden()
