"""`python -m bench.live_inbox`: from the commit of a customer's message until it stands in the open inbox, in two browsers.

Beside it a floor of the same run: one click on the same page until what it changes is there. It passes the same socket, session
look-up and page, but no database write, no Redis and no message.
"""

import asyncio
import json
import os
import statistics
import time
from pathlib import Path
from uuid import UUID, uuid4

from playwright.async_api import Browser, Page, async_playwright

from bench.running import Omni, running_omni
from tools.browser import find_browser

WARM_UP = 10
MESSAGES = 50
PAUSE_SECONDS = 0.1

# Notes the moment a text of ours first stands in the thread, and the moment the help dialog does; milliseconds since 1970.
WATCH = """
window.arrived = {};
new MutationObserver(() => {
  for (const bubble of document.querySelectorAll(".thread .msg .b")) {
    if (bubble.textContent.startsWith("live-")) arrived[bubble.textContent] ??= performance.timeOrigin + performance.now();
  }
  if (document.querySelector("[role=dialog]")) arrived.dialog ??= performance.timeOrigin + performance.now();
}).observe(document, { subtree: true, childList: true, characterData: true });
"""

Times = dict[str, list[float]]


async def sign_in(browser: Browser, url: str, email: str, password: str) -> Page:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    page = await context.new_page()
    await page.goto(f"{url}/sign-in")
    await page.get_by_role("textbox", name="E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda address: "/sign-in" not in address)
    await page.add_init_script(WATCH)
    return page


async def write(business_id: UUID, text: str) -> tuple[UUID, float]:
    """Store one message of the bench's customer; its conversation, and when it was committed (milliseconds since 1970)."""
    from omni_app.conversations.facts import Inbound
    from omni_app.customers.addresses import Address
    from omni_app.infra.scope import system_scope
    from omni_app.orchestrator.turn import receive

    address = Address(kind="external", channel="chat", value="bench-live")
    received, _ = await receive(
        system_scope(business_id), Inbound(channel="chat", address=address, text=text, client_id=str(uuid4()))
    )
    return received.conversation_id, time.time() * 1000


async def prepare() -> tuple[UUID, UUID]:
    """A conversation a person has, of a customer who may write a lot: (business id, conversation id)."""
    from omni_app.conversations.handling import take_over
    from omni_app.infra.database import open_db, system_db
    from omni_app.infra.scope import Actor, Permission, Scope

    async with system_db("bench") as db:
        member = (
            await db.execute("select id, business_id, name from members where role = 'owner' order by created_at limit 1")
        ).one()
    conversation_id, _ = await write(member.business_id, "Hello?")
    actor = Actor(kind="member", id=member.id, name=member.name)
    async with open_db(Scope(business_id=member.business_id, actor=actor, permissions=frozenset(Permission))) as db:
        await take_over(db, conversation_id)
    return member.business_id, conversation_id


async def click(page: Page) -> float:
    """Milliseconds from a click that changes one thing until it is there."""
    await page.evaluate("delete arrived.dialog")
    started = float(
        await page.evaluate(
            "(() => { const now = performance.timeOrigin + performance.now();"
            " document.querySelector('[data-help]').click(); return now; })()"
        )
    )
    await page.wait_for_function("arrived.dialog")
    taken = float(await page.evaluate("arrived.dialog")) - started
    await page.keyboard.press("Escape")
    await page.wait_for_function("!document.querySelector('[role=dialog]')")
    return taken


async def measure(url: str, demo: dict[str, dict[str, str]]) -> Times:
    """The environment must be that of a process beside the running Omni."""
    business_id, conversation_id = await prepare()
    times: Times = {"message": [], "click": []}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        pages = [await sign_in(browser, url, demo[who]["email"], demo[who]["password"]) for who in ("owner", "agent")]
        for page in pages:
            await page.goto(f"{url}/inbox?conversation={conversation_id}")
            await page.locator(".thread .msg").first.wait_for()
        run = uuid4().hex[:6]
        for number in range(WARM_UP + MESSAGES):
            text = f"live-{run}-{number}"
            _, committed = await write(business_id, text)
            for page in pages:
                await page.wait_for_function("text => arrived[text]", arg=text)
                if number >= WARM_UP:
                    times["message"].append(float(await page.evaluate("text => arrived[text]", text)) - committed)
            if number >= WARM_UP and number % 5 == 0:
                times["click"].append(await click(pages[0]))
            await asyncio.sleep(PAUSE_SECONDS)
        await browser.close()
    return times


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def report(times: Times) -> None:
    print(f"{'what':<34}{'p50 ms':>9}{'p95 ms':>9}{'ratio of p50':>22}{'asked':>14}")
    floor = statistics.median(times["click"])
    print(f"{'floor: click to change':<34}{floor:>9.1f}{percentile(times['click'], 0.95):>9.1f}")
    p50, p95 = statistics.median(times["message"]), percentile(times["message"], 0.95)
    print(f"{'commit to open inbox, 2 browsers':<34}{p50:>9.1f}{p95:>9.1f}{f'{p50 / floor:.2f} × floor':>22}{'p95 < 100 ms':>14}")


async def close() -> None:
    from omni_app.infra.background import finish_tasks
    from omni_app.infra.database import close_engines
    from omni_app.infra.redis import close_redis

    await finish_tasks(2)
    await close_engines()
    await close_redis()


async def run(omni_url: str, home: Path) -> Times:
    try:
        return await measure(omni_url, json.loads((home / "demo.json").read_text()))
    finally:
        await close()


def main() -> None:
    with running_omni() as omni:
        report(asyncio.run(run(omni.url, take_environment(omni))))


def take_environment(omni: Omni) -> Path:
    """Make this process one beside `omni`; its home."""
    os.environ.update(omni.environment)
    return Path(omni.environment["OMNI_HOME"])


if __name__ == "__main__":
    main()
