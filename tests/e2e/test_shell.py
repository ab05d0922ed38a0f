"""The frame and the set-up pages, in a real browser: moving around, small screens, forms, roles, live figures, strangers."""

import itertools
import json
import re
from typing import Any

import pytest
import websockets
from playwright.async_api import Page, expect

from omni_app.infra.database import open_db
from omni_app.infra.live import publish_now
from omni_app.tenancy.members import add_member, list_members
from omni_app.tenancy.sessions import Viewer, load_viewer
from tests.tenancy.people import CLIENT, found, mails_to, sql

pytestmark = pytest.mark.usefixtures("database")

_numbers = itertools.count(1)


async def enter(page: Page, web_server: str, role: str = "owner") -> Viewer:
    """A new business; its owner (or a colleague with `role`) is signed in in `page`."""
    token, viewer = await open_business(role)
    await page.context.add_cookies([{"name": "omni_session", "value": token, "url": web_server, "httpOnly": True}])
    return viewer


async def open_business(role: str = "owner") -> tuple[str, Viewer]:
    """A new business, and the session of its owner (or of a colleague with `role`)."""
    number = next(_numbers)
    token = await found(f"Harbour Dental {number}", f"maya-{number}@shell.example", "Maya Chen")
    viewer = await load_viewer(token, CLIENT)
    if role != "owner":
        await sql("update members set role = :role where id = :id", role=role, id=viewer.member_id)
        viewer = await load_viewer(token, CLIENT)
    return token, viewer


async def test_moving_around_with_mouse_and_keyboard(page: Page, web_server: str) -> None:
    await enter(page, web_server)
    await page.goto("/team")
    await expect(page.get_by_role("heading", name="Team", level=1)).to_be_visible()
    # The first Tab leads to the skip link, and it to the content.
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()

    sidebar = page.get_by_role("navigation", name="Main", exact=True)
    await expect(sidebar.get_by_role("link", name="Team")).to_have_attribute("aria-current", "page")
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    await expect(sidebar.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Go to Overview")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    # Letters in a field are only letters.
    await sidebar.get_by_role("link", name="Website chat").click()
    greeting = page.get_by_label("Greeting")
    await expect(page.get_by_role("button", name="Make the secret")).to_be_visible()  # loaded: nothing comes late into a field
    await greeting.fill("")
    await greeting.press_sequentially("go? go!")
    await expect(greeting).to_have_value("go? go!")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_collapsed_sidebar_and_dark_mode_are_kept(page: Page, web_server: str) -> None:
    await enter(page, web_server)
    await page.goto("/team")
    sidebar = page.get_by_role("navigation", name="Main", exact=True)
    await expect(sidebar).to_have_css("width", "224px")
    await sidebar.get_by_role("button", name="Collapse").click()
    await expect(sidebar).to_have_css("width", "56px")
    # By its whole name: until the page is alive, nobody's name is on the button and nothing happens when it is pressed.
    await page.get_by_role("button", name=re.compile("Account: Maya Chen")).click()
    await page.get_by_role("menuitem", name="Dark").click()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(17, 17, 19)")
    await page.reload()
    await expect(sidebar).to_have_css("width", "56px")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(17, 17, 19)")


async def test_small_screen(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    await enter(page, web_server)
    await page.goto("/")
    await expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_hidden()
    more = page.get_by_role("navigation", name="Main, small screens").get_by_role("button", name="More")
    for path in ("/team", "/keys", "/limits", "/chat-setup", "/mailbox"):
        # The tabs are drawn before the page is alive.
        await expect(page.get_by_role("button", name=re.compile("Account: Maya Chen"))).to_be_attached()
        await more.click()
        await page.get_by_role("dialog").locator(f"a[href='{path}']").click()
        await expect(page).to_have_url(re.compile(rf"{path}/?$"))
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path


async def test_inviting_changing_and_removing_a_colleague(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    email = f"tom-{next(_numbers)}@shell.example"
    await page.goto("/team")
    await page.get_by_role("button", name="Invite colleague").click()
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("needs a change")

    await page.get_by_role("textbox", name="Name").fill("Tom Okafor")
    await page.get_by_role("textbox", name="E-mail").fill(email)
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.locator("td.lead", has_text="Tom Okafor")).to_be_visible()
    assert "/reset/new?token=" in (await mails_to(email))[0][1]

    await page.get_by_label("Role of Tom Okafor").select_option("viewer")
    await expect(page.get_by_text("Role changed")).to_be_visible()
    await page.get_by_role("button", name="Remove Tom Okafor").click()
    await page.get_by_role("button", name="Keep member").click()
    await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await expect(page.locator("td.lead", has_text="Tom Okafor")).to_be_visible()
    await page.get_by_role("button", name="Remove Tom Okafor").click()
    await page.get_by_role("button", name="Remove member").click()
    await expect(page.locator("td.lead", has_text="Tom Okafor")).to_have_count(0)
    async with open_db(viewer.scope()) as db:
        assert [member.name for member in await list_members(db)] == ["Maya Chen"]


async def test_key_is_shown_once(page: Page, web_server: str) -> None:
    await enter(page, web_server)
    await page.goto("/keys")
    await page.get_by_role("button", name="New key").click()
    await page.get_by_role("button", name="Create key").click()
    await expect(page.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("textbox", name="Name").fill("Website form")
    await page.get_by_label("May", exact=True).select_option("viewer")
    await page.get_by_label("Calls an hour").fill("1,200")
    await page.get_by_label("Ends").select_option("90")
    await page.get_by_role("button", name="Create key").click()
    secret = await page.locator("#new-key").inner_text()
    assert secret.startswith("ebk_")
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("cell", name="Website form")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("cell", name="Website form")).to_be_visible()
    await expect(page.get_by_role("cell", name="Read only, 1,200 calls an hour")).to_be_visible()
    assert secret not in await page.content()

    await page.get_by_role("button", name="Revoke").click()
    await page.get_by_role("button", name="Revoke key").click()
    await expect(page.get_by_role("cell", name="Revoked")).to_be_visible()


async def test_spent_budget_shows_everywhere_and_live(page: Page, web_server: str) -> None:
    viewer = await enter(page, web_server)
    await page.goto("/budget")
    pill = page.locator(".topbar .pill")
    await expect(pill).to_have_text("Live")
    await page.get_by_label("Monthly budget", exact=True).fill("0")
    await page.get_by_role("button", name="Save budget").click()
    await expect(pill).to_have_text("Paid answers paused")
    await expect(page.get_by_text("Paid answers are paused.")).to_be_visible()

    await sql("update budgets set limit_nusd = 5000000000 where business_id = :id", id=viewer.business_id)
    await publish_now(viewer.business_id, "budget.changed")
    await expect(pill).to_have_text("Live")
    await expect(page.get_by_text("of $5.00").first).to_be_visible()


async def test_notes_of_another_business_are_not_told(page: Page, open_page: Any, web_server: str) -> None:
    other = await open_page(base_url=web_server)
    mine, theirs = await enter(page, web_server), await enter(other, web_server)
    frames: list[str] = []
    other.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    for tab in (page, other):
        await tab.goto("/budget")
        await expect(tab.get_by_text("of $", exact=False).first).to_be_visible()
    await page.get_by_label("Monthly budget", exact=True).fill("33.33")
    await page.get_by_role("button", name="Save budget").click()
    await expect(page.get_by_text("of $33.33").first).to_be_visible()
    await publish_now(mine.business_id, "budget.changed")
    # Their own note arrives after ours would have: one channel, in order.
    await sql(
        "insert into budgets (business_id, period_start, limit_nusd, spent_nusd, reserved_nusd, excess_nusd, updated_at)"
        " select :id, date_trunc('month', now())::date, 4440000000, 0, 0, 0, now()",
        id=theirs.business_id,
    )
    await publish_now(theirs.business_id, "budget.changed")
    await expect(other.get_by_text("of $4.44").first).to_be_visible()
    assert "33.33" not in "".join(frames)


async def test_viewer_sees_no_set_up_and_can_change_nothing(page: Page, web_server: str) -> None:
    await enter(page, web_server, role="viewer")
    await page.goto("/team")
    await expect(page.get_by_role("cell", name=re.compile("Maya Chen"))).to_be_visible()
    sidebar = page.get_by_role("navigation", name="Main", exact=True)
    await expect(sidebar.get_by_role("link", name="API keys")).to_have_count(0)
    await expect(page.get_by_role("button", name="Invite colleague")).to_have_count(0)
    await page.goto("/keys")
    await expect(page.get_by_role("alert")).to_contain_text("Your role cannot do this. Ask an owner.")


async def call(web_server: str, handler: str, payload: dict[str, Any], cookie: str = "") -> str:
    """What a bare socket gets back for one event, without ever loading a page."""
    address = web_server.replace("http://", "ws://") + "/_event/?EIO=4&transport=websocket&token=stranger"
    headers = {"cookie": f"omni_session={cookie}"} if cookie else {}
    async with websockets.connect(address, additional_headers=headers, origin=web_server) as socket:
        await socket.recv()
        await socket.send("40/_event,")
        await socket.recv()
        event = {
            "name": handler,
            "payload": payload,
            "token": "stranger",
            "router_data": {"pathname": "/team", "query": {}, "asPath": "/team"},
        }
        await socket.send("42/_event," + json.dumps(["event", event]))
        answers = ""
        while '"events"' not in answers:  # a toast or a redirect ends every refused event
            answers += str(await socket.recv())
        return answers


TEAM = "reflex___state____state.omni_app___ui___pages___team___state____team_state"


@pytest.mark.parametrize("cookie", ["", "forged", "x" * 5000])
async def test_strangers_on_the_socket_get_nothing(web_server: str, cookie: str) -> None:
    _, viewer = await open_business()
    async with open_db(viewer.scope()) as db:
        colleague = await add_member(db, f"tom-{next(_numbers)}@shell.example", "Tom Okafor", "agent")

    answer = await call(web_server, f"{TEAM}.set_role", {"member_id": str(colleague.id), "role": "owner"}, cookie)

    assert "/sign-in" in answer
    assert "Tom Okafor" not in answer
    (row,) = await sql("select role from members where id = :id", id=colleague.id)
    assert row["role"] == "agent"


async def test_foreign_ids_on_the_socket_change_nothing(web_server: str) -> None:
    _, theirs = await open_business()
    async with open_db(theirs.scope()) as db:
        colleague = await add_member(db, f"tom-{next(_numbers)}@shell.example", "Tom Okafor", "agent")
    attacker = await found(f"Attackers {next(_numbers)}", f"eve-{next(_numbers)}@shell.example", "Eve")

    answer = await call(web_server, f"{TEAM}.set_role", {"member_id": str(colleague.id), "role": "owner"}, attacker)

    assert "There is no such member." in answer
    (row,) = await sql("select role from members where id = :id", id=colleague.id)
    assert row["role"] == "agent"
