"""Costs, budget and prices in a real browser: the meter moves, the ledger narrows, and money is set as it may be."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from omni_app.budgets import seed_prices
from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.live import publish_now
from tests.e2e.staff import Shop, fits_a_phone, open_shop
from tests.insights.spending import CENT, book, make_person
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")


async def spend(shop: Shop, nusd: int, **values: Any) -> None:
    """A call that was made and paid now, told to every open page."""
    await book(shop.scope, now(), nusd, **values)
    await sql(
        """insert into budgets (business_id, period_start, limit_nusd, spent_nusd, reserved_nusd, excess_nusd, updated_at)
           select id, cast(date_trunc('month', now() at time zone timezone) as date), 1000000000, :nusd, 0, 0, now()
           from businesses where id = :id
           on conflict (business_id, period_start) do update set spent_nusd = budgets.spent_nusd + :nusd""",
        nusd=nusd,
        id=shop.viewer.business_id,
    )
    await publish_now(shop.viewer.business_id, "budget.changed")


async def test_costs_move_and_the_ledger_narrows(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server, timezone="America/Halifax")
    await page.goto("/costs")
    await expect(page.get_by_role("heading", name="Nothing was spent yet")).to_be_visible()
    await expect(page.get_by_role("link", name="Change budget")).to_have_attribute("href", "/budget")

    sofia = await make_person(shop.scope, "Sofia Marin")
    await spend(shop, 40 * CENT, customer_id=sofia, note="=evil")
    await page.reload()
    meter = page.get_by_role("meter", name="Spent of the monthly budget")
    await expect(meter).to_have_attribute("aria-valuetext", "$0.40 of $1.00")
    await expect(page.locator(".js-plotly-plot .bars path").first).to_be_attached()
    await expect(page.get_by_role("img", name=re.compile("Spend per day by service: [$]0.40 in all"))).to_be_attached()

    await spend(shop, 5 * CENT, service="sms", provider="sms", model="sms", channel="sms", units={"segment": 9})
    await expect(meter).to_have_attribute("aria-valuetext", "$0.45 of $1.00")
    ledger = page.get_by_role("table", name="Ledger")
    await expect(ledger.get_by_role("row")).to_have_count(3)
    await expect(page.get_by_role("row", name=re.compile("Sofia Marin"))).to_contain_text("$0.40")

    # A large bill brings the strip; it can be hidden, and what is worse comes back by itself.
    await spend(shop, 35 * CENT)
    await expect(page.get_by_text(re.compile("75% of .* budget is spent, [$]0.20 left"))).to_be_visible()
    await page.get_by_role("button", name="Hide").click()
    await expect(page.get_by_text(re.compile("75% of .* budget is spent, [$]"))).to_have_count(0)
    await spend(shop, 20 * CENT)
    await expect(page.locator(".topbar .pill")).to_have_text("Paid answers paused")
    await expect(page.get_by_text("Paid answers are paused.")).to_be_visible()

    await page.get_by_role("button", name="Customers").click()
    await expect(page.get_by_role("link", name="Sofia Marin").first).to_have_attribute("href", f"/customers/{sofia}")
    await page.get_by_role("button", name=re.compile("Sofia Marin: [$]0.40")).click()
    await expect(ledger.get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Service", exact=True).select_option("sms")
    await expect(ledger.get_by_role("row")).to_have_count(2)
    await page.get_by_role("searchbox", name="Search the ledger").fill("nothing like this")
    await expect(page.get_by_role("heading", name="No line matches")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").last.click()
    await page.get_by_role("button", name="More filters").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Cost at least").fill("-1")
    await dialog.get_by_role("button", name="Show lines").click()
    await expect(dialog.get_by_text("Write an amount from 0 to 1,000,000.")).to_be_visible()
    await dialog.get_by_label("Cost at least").fill("0.30")
    await dialog.get_by_role("button", name="Show lines").click()
    await expect(ledger.get_by_role("row")).to_have_count(3)

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export CSV").click()
    path = await (await download.value).path()
    lines = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert sorted(line["cost_usd"] for line in lines) == ["0.350000", "0.400000"]
    assert {line["note"] for line in lines} == {"", "'=evil"}


async def test_budget_credit_alerts_and_plan(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await page.goto("/budget")
    limit = page.get_by_label("Monthly budget", exact=True)
    for wrong, words in (("-5", "cannot be negative"), ("a lot", "Write an amount"), ("9,000,000", "$1,000,000 at most")):
        await limit.fill(wrong)
        await page.get_by_role("button", name="Save budget").click()
        await expect(page.get_by_text(re.compile(re.escape(words)))).to_be_visible()
    await limit.fill("1,200.50")
    await page.get_by_role("button", name="Save budget").click()
    await expect(page.get_by_text("The budget is $1,200.50 a month now")).to_be_visible()
    await expect(page.get_by_text("of $1,200.50").first).to_be_visible()

    await page.get_by_role("button", name="Add credit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Amount").fill("0")
    await dialog.get_by_role("button", name="Book").click()
    await expect(dialog.get_by_text("The amount must be above zero.")).to_be_visible()
    await dialog.get_by_label("Amount").fill("$50")
    await dialog.get_by_label("Note").fill("Invoice 118")
    await dialog.get_by_role("button", name="Book").dblclick()
    await expect(page.get_by_role("row", name=re.compile(r"Invoice 118 Maya Chen \+\$50.00"))).to_be_visible()
    moves = await sql("select amount_nusd from credit_movements where business_id = :id", id=shop.viewer.business_id)
    assert [row["amount_nusd"] for row in moves] == [50_000_000_000]
    await page.get_by_role("button", name="Add credit").click()
    await dialog.get_by_label("Book").select_option("correction")
    await dialog.get_by_label("Amount").fill("60")
    await dialog.get_by_role("button", name="Book").click()
    await expect(dialog.get_by_text("Only $50.00 of the credit is neither spent nor held")).to_be_visible()
    await dialog.get_by_label("Amount").fill("20")
    await dialog.get_by_role("button", name="Book").click()
    await expect(page.get_by_role("row", name=re.compile("−\\$20.00"))).to_be_visible()

    await page.get_by_label("Tell us at").fill("60, 101")
    await page.get_by_label("Cap for one customer a month").fill("-1")
    await page.get_by_role("button", name="Save alerts and caps").click()
    await expect(page.get_by_text("Two things need a change.")).to_be_visible()
    await page.get_by_label("Tell us at").fill("60, 80")
    await page.get_by_label("Cap for one customer a month").fill("2.50")
    await page.get_by_role("button", name="Save alerts and caps").click()
    await expect(page.get_by_text("Alerts and caps saved")).to_be_visible()
    (row,) = await sql("select budget_rules from businesses where id = :id", id=shop.viewer.business_id)
    assert (row["budget_rules"]["alert_percents"], row["budget_rules"]["customer_cap_nusd"]) == ([60, 80], 2_500_000_000)

    await page.get_by_role("button", name="Change to Growth").click()
    await expect(page.get_by_role("dialog")).to_contain_text("$99 becomes $249 a month")
    await page.get_by_role("button", name="Change plan").click()
    await expect(page.get_by_text("You are on Growth now")).to_be_visible()
    await expect(page.get_by_role("listitem", name="Growth")).to_contain_text("Your plan")

    await fits_a_phone(page)

    # Who only looks sees the figures and nothing to press.
    await sql("update members set role = 'viewer' where id = :id", id=shop.viewer.member_id)
    await page.reload()
    await expect(page.get_by_text("of $1,200.50").first).to_be_visible()
    for name in ("Save budget", "Add credit", "Save alerts and caps", "Change to Scale"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)


async def test_prices_are_changed_by_dates_and_taken_back(page: Page, web_server: str) -> None:
    async with system_db("prices") as db:
        await seed_prices(db)
    await open_shop(page, web_server)
    await page.goto("/prices")
    row = page.get_by_role("row", name=re.compile("^SMS"))
    await expect(row).to_contain_text("$0.005 for an SMS segment")
    await row.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Price in dollars for an SMS segment").fill("-1")
    await dialog.get_by_role("button", name="Save price").click()
    await expect(dialog.get_by_text("A price cannot be negative.")).to_be_visible()
    await dialog.get_by_label("Price in dollars for an SMS segment").fill("0.004")
    await dialog.get_by_role("button", name="Save price").click()
    await expect(page.get_by_text("The price holds from the next call on")).to_be_visible()
    await expect(row).to_contain_text("$0.004 for an SMS segment")
    await expect(row).to_contain_text("list $0.005")

    await row.get_by_role("button", name="Change").click()
    await dialog.get_by_label("Price in dollars for an SMS segment").fill("0.003")
    await dialog.get_by_label("First day").fill(f"{now() + timedelta(days=40):%Y-%m-%d}")
    await dialog.get_by_role("button", name="Save price").click()
    await expect(page.get_by_text("The price is planned")).to_be_visible()
    await expect(row).to_have_count(2)
    await row.first.get_by_role("button", name="History").click()
    await expect(dialog.get_by_text("Holds now")).to_be_visible()
    await dialog.get_by_role("button", name="Take back").click()
    await expect(page.get_by_text("The planned price is taken back")).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()
    await expect(row).to_have_count(1)

    await fits_a_phone(page)
    await page.goto("/costs")
    await expect(page.get_by_role("heading", name="Nothing was spent yet")).to_be_visible()
    await fits_a_phone(page)
