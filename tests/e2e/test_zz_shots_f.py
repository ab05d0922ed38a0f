from typing import Any
import pytest
from playwright.async_api import expect
from omni_app.conversations.canned import create_canned
from omni_app.conversations.handling import set_priority, snooze, take_over
from omni_app.conversations.labels import create_label, set_label
from omni_app.conversations.notes import add_note
from omni_app.conversations.presence import mark_viewing, show_typing, visitor_is_here
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.live import publish_now
from tests.conversations.desk import make_member
from tests.e2e.test_inbox import Desk, desk, enter
from tests.tenancy.people import sql
from datetime import timedelta
from omni_app.infra.clock import now
OUT = "/work/tmp/s3/F/"
pytestmark = pytest.mark.usefixtures("database")

async def test_shots(desk: Desk, open_page: Any) -> None:
    v = desk.viewer.scope()
    tom = await make_member(desk.system, "Tom Okafor")
    sofia = await desk.ask("Hi! If I stop Invisalign after the first trays, what happens with the deposit I paid?", name="Sofia Marin")
    others = [await desk.ask(t, who=f"v{i}", name=n) for i, (t, n) in enumerate([("Tooth pain since last night, can someone look?", "James Whitlock"), ("Do you have a price for whitening?", "Aisha Rahman"), ("Re: Invoice HD-20418. I was charged twice", "Daniel Kowalski"), ("هل يمكنني تغيير موعدي إلى الأحد؟", "Omar Haddad"), ("Third reminder for a visit I cancelled", "Peter Nygaard")])]
    async with open_db(v) as db:
        billing, urgent = await create_label(db, "Billing", "teal"), await create_label(db, "Complaint", "red")
        await create_label(db, "Insurance", "amber")
        await create_canned(db, "deposit", "Deposit rules", "Hello {{customer.first_name}}, $150 of the deposit comes back before the second trays are ordered.")
        await create_canned(db, "call", "Offer a call", "Shall {{agent.name}} call you, {{customer.first_name}}?")
        for label in (billing, urgent):
            await set_label(db, sofia, label.id, True)
        await set_label(db, others[2], billing.id, True)
        await set_priority(db, others[0], "urgent"); await set_priority(db, others[2], "high")
        await take_over(db, others[1]); await snooze(db, others[4], now() + timedelta(hours=3))
        await take_over(db, sofia)
        await send_reply(db, sofia, "Hi Sofia, Maya here from the front desk. I am looking at your order now, one minute.")
    async with open_db(tom) as db:
        await add_note(db, sofia, "Second trays not ordered yet, so $150 applies. @Maya please check with Dr Ruiz.")
    await sql("update messages set status='read' where conversation_id=:id and role='staff'", id=sofia)
    await desk.ask("Thank you Maya, no rush!")
    await sql("update conversations set page = '{\"url\": \"https://clinic.test/prices\", \"title\": \"Prices – Harbour Dental\"}', handover_reason='asked for a person, money question', handover_summary='Wants to know what comes back if she stops Invisalign. Undecided, not angry. The AI gave the deposit rules.' where id=:id", id=sofia)
    await sql("""insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, created_at)
      select gen_random_uuid(), business_id, customer_id, 'email', '', cp.value, 'x', '[]', 'claimed', now() from contact_points cp where cp.customer_id = (select customer_id from conversations where id=:id)""", id=sofia)
    for o in (others[0], others[2]):
        await sql("update conversations set status='waiting', speaker='human', waiting_since=now()-interval '9 minutes', handover_reason='asked for a person' where id=:id", id=o)
    page = desk.page
    await page.set_viewport_size({"width": 1440, "height": 900})
    await desk.open(sofia, folder="All")
    await mark_viewing(desk.viewer.business_id, sofia, tom.actor.id, "Tom Okafor", True)
    await visitor_is_here(desk.viewer.business_id, sofia)
    await expect(page.locator(".viewers")).to_contain_text("Tom Okafor")
    await desk.reply.fill("Good news, Sofia: your second trays are not ordered yet")
    await expect(page.locator(".drafted")).to_be_visible()
    await page.screenshot(path=OUT + "main-light.png")
    await show_typing(desk.viewer.business_id, sofia, "staff", "Tom Okafor", True, tom.actor.id)
    await show_typing(desk.viewer.business_id, sofia, "customer", "Sofia", True)
    await expect(page.locator(".msg.writes")).to_be_visible()
    await desk.reply.fill("/")
    await expect(page.locator("[data-canned-pop]")).to_be_visible()
    await expect(page.locator("[data-canned]")).to_have_count(2)
    await page.screenshot(path=OUT + "canned.png")
    await page.keyboard.press("Enter")
    await page.get_by_role("tab", name="Note").click()
    await page.emulate_media(color_scheme="dark")
    await page.screenshot(path=OUT + "note-dark.png")
    await page.get_by_role("tab", name="Reply").click()
    await page.get_by_role("button", name="Labels").click()
    await expect(page.locator(".picks")).to_be_visible()
    await page.screenshot(path=OUT + "labels-dark.png")
    await page.keyboard.press("Escape")
    await page.emulate_media(color_scheme="light")
    await page.locator(".conv").get_by_role("button", name="More", exact=True).click()
    await page.screenshot(path=OUT + "menu.png")
    await page.get_by_role("menuitem", name="Transfer").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.screenshot(path=OUT + "transfer.png")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Search", exact=True).click()
    await page.get_by_role("searchbox").fill("deposit")
    await expect(page.locator(".it mark")).to_be_visible()
    await page.screenshot(path=OUT + "search.png")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Filter", exact=True).click()
    await page.get_by_label("Label", exact=True).select_option(label="Billing")
    await page.screenshot(path=OUT + "filter.png")
    await page.keyboard.press("Escape")
    small = await enter(await open_page(base_url=desk.server, viewport={"width": 390, "height": 844}), desk.server, desk.token)
    await small.open(sofia)
    await small.page.wait_for_timeout(500)
    await small.page.screenshot(path=OUT + "small.png")
    await small.page.goto(f"/inbox?conversation={others[0]}")
    await expect(small.page.locator(".handed")).to_be_visible()
    await small.page.screenshot(path=OUT + "small-handed.png")
    await small.page.goto("/inbox")
    await small.page.get_by_role("button", name="All", exact=True).click()
    await small.page.wait_for_timeout(500)
    await small.page.screenshot(path=OUT + "small-list.png")
    mid = "0197b0c0-0000-7000-8000-000000000001"
    await publish_now(desk.viewer.business_id, "message.streaming", conversation_id=others[0], message_id=mid, text="The clinic opens")
    await page.goto(f"/inbox?conversation={others[0]}")
    await expect(page.locator(".handed")).to_be_visible()
    await page.screenshot(path=OUT + "handed.png")
