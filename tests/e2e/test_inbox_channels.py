"""The inbox over mail and WhatsApp in a browser: how far messages got, mails, files, windows and templates, writing first."""

import base64
import re

import pytest
from playwright.async_api import expect

from omni_app.channels.contract import MailHead
from omni_app.infra.clock import now
from tests.e2e.channel_desk import connect, store_file
from tests.e2e.inbox_desk import Desk, desk
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")

__all__ = ["desk"]

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""One pixel."""


async def test_how_far_a_message_got_and_what_one_can_do_about_it(desk: Desk) -> None:
    line = await connect(desk, is_sandbox=True)
    conversation_id = await line.write("+19025550148", "Is my crown ready?")
    await line.take(conversation_id)
    seq = await line.answer(conversation_id, "I am looking.", "queued")
    await line.answer(conversation_id, "It is.", "failed", error="(#131026) Message undeliverable", error_kind="recipient")
    await line.answer(conversation_id, "Come on Tuesday.", "unknown", error="The connection broke.", asked_at=now())
    await desk.open(conversation_id, folder="All")
    await expect(desk.rows).to_contain_text("Front desk")
    await expect(desk.rows).to_contain_text("Sandbox")
    await expect(desk.page.locator(".conv .who-at")).to_contain_text("WhatsApp · +1 902-555-0148 · Front desk")

    await expect(desk.log.get_by_role("img", name="Waiting to be sent")).to_be_visible()
    for status, words in (("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read")):
        await line.change(conversation_id, seq, status=status)
        await expect(desk.log.get_by_role("img", name=words, exact=True)).to_be_visible()

    failed = desk.log.get_by_role("group", name="Not delivered")
    await expect(failed).to_contain_text("(#131026) Message undeliverable")
    await failed.get_by_role("button", name="Try again").click()
    await expect(failed).to_have_count(0)
    await expect(desk.log.get_by_role("img", name="Waiting to be sent")).to_be_visible()

    unknown = desk.log.get_by_role("group", name="Not known whether it arrived")
    await expect(unknown).to_contain_text("We do not know whether this arrived.")
    await expect(unknown.get_by_role("button", name="Send again")).to_be_visible()
    await unknown.get_by_role("button", name="It arrived").click()
    await expect(unknown).to_have_count(0)
    await expect(desk.log.get_by_role("img", name=re.compile("^(Sent|Delivered)$"))).to_be_visible()

    await line.turn(health="revoked", health_detail="The session has expired.")
    strip = desk.page.locator(".waits-for")
    await expect(strip).to_contain_text("WhatsApp is disconnected: messages wait.")
    await expect(strip).to_contain_text("The session has expired.")
    await expect(strip.get_by_role("link", name="Open channels")).to_have_attribute("href", "/channels")


async def test_a_mail_is_read_whole_and_answered_with_the_copies_one_chose(desk: Desk) -> None:
    line = await connect(desk, "sendgrid", "email", "Support mailbox")
    conversation_id = await line.write(
        "hannah@example.org", "Is this enough?", "Hannah Becker", subject="Pre-approval form", folded="> We wrote before"
    )
    head = MailHead(subject="Pre-approval form", to=(line.address,), cc=("office@example.org", "tom@example.org"))
    await line.head(
        conversation_id, head, "<p>Is <b>this</b> enough?</p><script>parent.pwned = 1</script><img src='//t.example/p'>"
    )
    await line.take(conversation_id)
    await desk.open(conversation_id, folder="All")
    await expect(desk.rows).to_contain_text("Pre-approval form")
    await expect(desk.page.locator(".conv .who-at")).to_contain_text("Pre-approval form · E-mail · hannah@example.org")

    await expect(desk.log.get_by_text("We wrote before")).to_be_hidden()
    await desk.log.get_by_text("Show quoted text").click()
    await expect(desk.log.get_by_text("We wrote before")).to_be_visible()
    await desk.log.get_by_role("button", name="Sender and recipients").click()
    await expect(desk.log.locator(".mail-head")).to_contain_text("office@example.org, tom@example.org")

    await desk.log.get_by_role("button", name="Show original").click()
    dialog = desk.page.get_by_role("dialog", name="The mail as it was sent")
    frame = dialog.frame_locator("iframe")
    await expect(frame.locator("b")).to_have_text("this")
    await expect(dialog).to_contain_text("Pictures from elsewhere are blocked")
    assert "allow-scripts" not in (await dialog.locator("iframe").get_attribute("sandbox") or "")
    assert await frame.locator("script, img[src]").count() == 0
    assert await desk.page.evaluate("window.pwned") is None
    await dialog.get_by_role("button", name="Close the mail").click()
    await expect(dialog).to_have_count(0)

    copies = desk.page.get_by_label("Cc", exact=True)
    await expect(copies).to_have_value("office@example.org, tom@example.org")
    await expect(desk.page.locator(".comp .to")).to_contain_text("Re: Pre-approval form")
    await copies.fill("nobody")
    await desk.reply.fill("It is.")
    await desk.reply.press("Control+Enter")
    await expect(desk.page.locator("#reply-error")).to_contain_text(re.compile("address", re.IGNORECASE))
    await copies.fill("tom@example.org")
    await desk.reply.press("Control+Enter")
    await expect(desk.bubbles).to_have_text(["Is this enough?", "It is."])
    await expect(desk.reply).to_have_value("")
    await desk.log.locator(".msg.staff").get_by_role("button", name="Sender and recipients").click()
    await expect(desk.log.locator(".msg.staff .mail-head")).to_contain_text("tom@example.org")
    await expect(desk.log.locator(".msg.staff .mail-head")).not_to_contain_text("office@example.org")


async def test_outside_the_window_a_template_goes_out(desk: Desk) -> None:
    line = await connect(desk)
    conversation_id = await line.write("+19025550148", "Hello?", "Omar Haddad")
    await line.take(conversation_id)
    await line.template("visit", "Hello {{1}}, your visit is on {{2}}.", footer="Harbour Dental")
    await line.template("offer", "20 % off.", "paused")
    await line.age(conversation_id, 22.5)
    await desk.open(conversation_id)
    await expect(desk.page.locator(".win")).to_have_text(re.compile(r"Closes in 1 h 2\d min"))
    await expect(desk.page.locator(".win")).to_have_attribute("data-tone", "warn")

    await line.age(conversation_id, 30)
    await desk.page.reload()
    composer = desk.page.locator(".comp")
    await expect(composer).to_contain_text("more than 24 hours old")
    await expect(desk.reply).to_have_count(0)
    await composer.get_by_role("button", name=re.compile("^Offer")).click()
    await expect(composer).to_contain_text("This template cannot be sent.")
    await composer.get_by_role("searchbox", name="Find a template").fill("visit")
    await expect(composer.get_by_role("button", name=re.compile("^Offer"))).to_have_count(0)
    await composer.get_by_role("button", name=re.compile("^Visit")).click()
    shown = composer.get_by_role("group", name="What the customer reads")
    await expect(shown).to_have_text("Hello 1, your visit is on 2.Harbour Dental")
    await composer.get_by_label("Variable 1").fill("Omar")
    await expect(shown).to_contain_text("Hello Omar, your visit")
    await composer.get_by_role("button", name="Send template").click()
    await expect(composer).to_contain_text("This is empty.")
    await composer.get_by_label("Variable 2").fill("12 March")
    await composer.get_by_role("button", name="Send template").click()
    await expect(desk.bubbles.last).to_contain_text("Hello Omar, your visit is on 12 March.")
    await expect(desk.log).to_contain_text("Template · visit · en")

    # A note may be written all the same, and free text once the customer wrote again.
    await composer.get_by_role("tab", name="Note").click()
    await expect(desk.page.get_by_role("textbox", name=re.compile("Note about"))).to_be_visible()
    await composer.get_by_role("tab", name="Reply").click()
    await line.write("+19025550148", "Yes", "Omar Haddad")
    await expect(desk.reply).to_be_visible()
    await expect(desk.page.locator(".win")).to_have_text(re.compile("Closes in 23 h"))


async def test_what_a_message_carries_is_shown(desk: Desk) -> None:
    line = await connect(desk)
    place = {"latitude": 44.6488, "longitude": -63.5752, "name": "Harbour Dental", "address": ""}
    conversation_id = await line.write("US.13491208655302741918", "Location: …", "aisha.r", kind="location", details=place)
    await line.write("US.13491208655302741918", "Look at this", "aisha.r")
    await desk.open(conversation_id)
    await expect(desk.page.locator(".conv .who-at")).to_contain_text("aisha.r")
    await expect(desk.log.get_by_role("link", name="Open in maps")).to_have_attribute("href", re.compile("openstreetmap"))

    pending = {"id": str(conversation_id), "name": "scan.pdf", "media_type": "application/pdf", "size": 9, "status": "pending"}
    await line.change(conversation_id, 2, attachments=[pending])
    await expect(desk.log).to_contain_text("Not here yet.")
    picture = await store_file(desk, conversation_id, PNG)
    voice = await store_file(desk, conversation_id, b"RIFF", name="voice.wav", media_type="audio/wav", transcript="On Tuesday?")
    refused = {**pending, "status": "refused", "problem": "Programs are not taken."}
    reactions = {"reactions": {"customer": "👍"}, "edited_at": "2026-03-12", "edits": [{"text": "See this", "at": "2026-03-12"}]}
    await line.change(conversation_id, 2, attachments=[picture, voice, refused], details=reactions)
    await expect(desk.log.get_by_role("button", name=re.compile("Open photo.png"))).to_be_visible()
    await expect(desk.log).to_contain_text("Programs are not taken.")
    await expect(desk.log).to_contain_text("On Tuesday?")
    await expect(desk.log.get_by_role("img", name="The customer reacted with 👍")).to_be_visible()
    await desk.log.get_by_text("Edited by the customer").click()
    await expect(desk.log.get_by_text("See this")).to_be_visible()
    await desk.log.get_by_role("button", name=re.compile("Play the sound")).click()
    await expect(desk.log.locator("audio")).to_have_attribute("src", re.compile("^/files/"))


async def test_staff_react_with_the_keyboard_alone_until_the_window_closes(desk: Desk) -> None:
    line = await connect(desk)
    conversation_id = await line.write("+19025550148", "My cat is well again!", "Omar Haddad", external_id="wamid.in")
    await desk.open(conversation_id, folder="All")
    opener, choice = desk.log.locator(".emojis summary"), desk.log.get_by_role("group", name="Reactions")
    await opener.press("Enter")
    await expect(choice).to_be_visible()
    await opener.press("Escape")
    await expect(choice).to_be_hidden()
    await expect(opener).to_be_focused()
    await opener.press("Enter")
    await opener.press("ArrowRight")
    await expect(choice.get_by_role("button", name="Thumbs up")).to_be_focused()
    await desk.page.keyboard.press("ArrowRight")
    await expect(choice.get_by_role("button", name="Heart")).to_be_focused()
    await desk.page.keyboard.press("Enter")
    await expect(desk.log.get_by_role("img", name="Your team reacted with ❤️")).to_be_visible()
    await expect(choice).to_be_hidden()
    await expect(opener).to_be_focused()
    (sent,) = await sql("select text, status from deliveries where business_id = :id", id=desk.viewer.business_id)
    assert (sent["text"], sent["status"]) == ("❤️", "queued")

    await line.age(conversation_id, 30)
    await desk.page.reload()
    await desk.log.locator(".emojis summary").click()
    await expect(desk.log.locator(".emojis .pop")).to_have_text("The customer's last message is too old for a reaction.")


async def test_staff_write_first(desk: Desk) -> None:
    await connect(desk, "sendgrid", "email", "Support mailbox")
    await desk.open()
    await desk.page.get_by_role("button", name="New message").click()
    dialog = desk.page.get_by_role("dialog", name="New message")
    await dialog.get_by_label("To").fill("ann@example.org")
    await dialog.get_by_label("Message").fill("Your appointment moved.")
    await dialog.get_by_role("button", name="Send message").click()
    await expect(dialog).to_contain_text("Write a subject.")
    await dialog.get_by_label("Subject").fill("Your appointment")
    await dialog.get_by_role("button", name="Send message").click()
    await expect(dialog).to_have_count(0)
    await expect(desk.bubbles).to_have_text(["Your appointment moved."])
    await expect(desk.page.locator(".conv .who-at")).to_contain_text("Your appointment · E-mail · ann@example.org")
    business_id = desk.viewer.business_id
    sent = await sql("select text, status from deliveries where business_id = :id", id=business_id)
    assert [(row["text"], row["status"]) for row in sent] == [("Your appointment moved.", "queued")]
