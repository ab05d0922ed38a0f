"""The cache page in a real browser: what it shows, removing stored answers, settings, and FAQs worth writing."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from omni_app.budgets.prices import forget_prices
from omni_app.cache.rules import load_cache_rules
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import open_db
from omni_app.infra.live import publish_now
from omni_app.orchestrator.suggesting import suggest_faqs
from tests.e2e.staff import Shop, open_shop
from tests.tenancy.people import sql

pytestmark = pytest.mark.usefixtures("database")

GYM = ("Is there a gym in the building?", "is there a gym in your building")
PARKING = ("Where can I park?", "Behind the clinic, free.", "is there parking", "where do I leave my car")


async def customers_write(shop: Shop) -> None:
    """Parking is taught; the gym nobody knows."""
    await shop.teach(*PARKING)
    for number, text in enumerate((*PARKING[2:], *PARKING[2:], *GYM)):
        await shop.ask(text, who=f"visitor-{number}@example.com")


async def store(shop: Shop, question: str, kind: str = "asked", cost_nusd: int = 150_000) -> None:
    await sql(
        """insert into cached_answers (id, business_id, question_hash, question, knowledge_version, kind, text, answer_hash,
             source, sources, depends, cost_nusd, embedding_model, created_at, expires_at)
           values (gen_random_uuid(), :business_id, :question, :question, 1, :kind, 'Yes, we do.', '', 'model', '[]', '[]', :cost,
             '', now(), now() + interval '1 day')""",
        business_id=shop.viewer.business_id,
        question=question,
        kind=kind,
        cost=cost_nusd,
    )


async def visit(page: Page) -> None:
    await page.goto("/cache")
    await expect(page.get_by_role("heading", name="Cache", level=1)).to_be_visible()
    await expect(page.locator(".kpi").first).to_be_visible()


async def test_figures_entries_and_settings(page: Page, web_server: str) -> None:
    shop = await open_shop(page, web_server)
    await visit(page)
    await expect(page.get_by_role("heading", name="Nothing is stored yet")).to_be_visible()
    await expect(page.get_by_text("No language model is set up")).to_be_visible()

    await customers_write(shop)
    for question in ("Do you offer whitening?", "Do you offer braces?", "Is the clinic on the ground floor?"):
        await store(shop, question)
    await publish_now(shop.viewer.business_id, "cache.changed")
    tiers = page.get_by_role("table", name="Answers by tier")
    await expect(page.locator(".kpi").first).to_contain_text(re.compile(r"[1-9]\d?%.*of 6 answers", re.DOTALL))
    await expect(tiers.get_by_role("row", name=re.compile("Nobody knew"))).to_contain_text("2")
    await page.get_by_role("button", name="30 days").click()
    await expect(page.get_by_text("Show as a table")).to_be_visible()

    entries = page.get_by_role("table", name="Stored answers")
    await page.get_by_role("searchbox", name="Search stored answers").fill("whitening")
    await expect(page.get_by_text("1 answer found")).to_be_visible()
    await page.get_by_role("button", name="Remove “Do you offer whitening?”").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("1 stored answer removed")).to_be_visible()
    await page.get_by_role("button", name="Clear search").click()
    await page.get_by_role("button", name="Clear by pattern").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("*")
    await dialog.get_by_role("button", name="Remove answers").click()
    await expect(dialog.get_by_text("Write some letters of the questions to remove.").first).to_be_visible()
    await dialog.get_by_role("textbox").fill("*braces*")
    await dialog.get_by_role("button", name="Remove answers").click()
    await expect(dialog).to_have_count(0)
    await expect(entries.get_by_text("Do you offer braces?")).to_have_count(0)
    await expect(entries.get_by_text("Is the clinic on the ground floor?")).to_be_visible()
    await page.get_by_role("button", name="Clear all").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Keep").click()
    await expect(entries.get_by_text("Is the clinic on the ground floor?")).to_be_visible()

    await sql(
        """insert into cache_warmings (id, business_id, status, wanted, done, stored, cost_nusd, limit_nusd, problem, created_by,
             created_at) values (gen_random_uuid(), :id, 'running', 10, 3, 3, 450000, 50000000, '', 'Maya Chen', now())""",
        id=shop.viewer.business_id,
    )
    await publish_now(shop.viewer.business_id, "warming.changed")
    await expect(page.get_by_text("3 of 10 questions")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("after 3 of 10 questions, $0.0004 spent")).to_be_visible()

    await page.get_by_label("Serve for").select_option("fixed")
    await page.get_by_label("How alike, at least").fill("7")
    await page.get_by_role("switch", name="Serve stored answers").click()
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("Write a number from 0.5 to 1.")).to_be_visible()
    await page.get_by_label("How alike, at least").fill("0.95")
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_text("Settings saved.")).to_be_visible()
    async with open_db(shop.scope) as db:
        rules = await load_cache_rules(db)
    assert (rules.is_on, rules.mode, rules.fixed_cosine) == (False, "fixed", 0.95)


async def test_a_suggested_faq_is_written_and_answers(open_page: Any, web_server: str) -> None:
    page = await open_page(base_url=web_server, viewport={"width": 390, "height": 844})
    shop = await open_shop(page, web_server)
    await customers_write(shop)
    await suggest_faqs(shop.scope)
    await finish_tasks(2.0)
    forget_prices()
    await visit(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("link", name=f"Write FAQ “{GYM[0]}”").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox", name="Question")).to_have_value(GYM[0])
    await expect(dialog.get_by_role("textbox", name="Way to ask", exact=True)).to_have_value(GYM[1])
    await dialog.get_by_role("textbox", name="Answer").fill("On the second floor.")
    await dialog.get_by_role("button", name="Save FAQ").click()
    await expect(page.get_by_text("FAQ saved. The next answer uses it.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Nothing to suggest")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (await shop.ask(GYM[1], who="somebody-new@example.com"))["reply"]["text"] == "On the second floor."
