"""How costs become words, bars and days; how typed amounts and prices are read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from omni_app.budgets.alerts import AlertView
from omni_app.budgets.budget import BudgetView
from omni_app.budgets.price_list import PriceView
from omni_app.budgets.rules import BudgetRules
from omni_app.infra.errors import Invalid
from omni_app.insights.costs import CostRow, DayCost, HeldWork
from omni_app.insights.forecasting import Expected, Forecast
from omni_app.insights.ledger import LedgerRow
from omni_app.insights.typical import TypicalAnswer
from omni_app.tenancy.plans import PLANS, PlanUse
from omni_app.ui.account import nearing, status_detail
from omni_app.ui.pages.budget.amounts import read_amount, read_cap, read_emails, read_percents
from omni_app.ui.pages.budget.plan_state import change_words as plan_words
from omni_app.ui.pages.budget.plan_state import plan_lines, use_lines
from omni_app.ui.pages.costs.ledger import read_day, read_least
from omni_app.ui.pages.costs.showing import (
    ahead_words,
    alert_lines,
    change_words,
    cost_lines,
    forecast_words,
    held_words,
    ledger_line,
    ledger_units,
    month_chart,
    six_decimals,
    unusual_day,
)
from omni_app.ui.pages.prices.showing import (
    field_value,
    price_line,
    price_words,
    read_field,
    read_moment,
    typical_lines,
    typical_words,
    version_lines,
)

DOLLAR, CENT = 1_000_000_000, 10_000_000
HALIFAX = ZoneInfo("America/Halifax")
AT = datetime(2026, 3, 12, 17, 32, tzinfo=UTC)
MARCH = date(2026, 3, 1)


def budget(spent: int = 0, limit: int = 120 * DOLLAR, credit: int = 0) -> BudgetView:
    return BudgetView(
        limit_nusd=limit, spent_nusd=spent, reserved_nusd=0, excess_nusd=0, period_start=MARCH, credit_total_nusd=credit
    )


def ahead(each: int, spent: int, known: int = 40) -> Forecast:
    """20 days to come, each of them likely `each`."""
    days = [
        Expected(day=date(2026, 3, 12) + timedelta(days=number), likely_nusd=each, low_nusd=0, high_nusd=2 * each)
        for number in range(20)
    ]
    likely = spent + 20 * each
    return Forecast(
        low_nusd=likely - DOLLAR,
        likely_nusd=likely,
        high_nusd=likely + DOLLAR,
        spent_nusd=spent,
        known_days=known,
        days=tuple(days),
    )


@pytest.mark.parametrize(
    ("written", "nusd"),
    [
        ("120", 120 * DOLLAR),
        ("1,200.50", 1_200_500_000_000),
        ("$5", 5 * DOLLAR),
        (" $ 1,000,000 ", 1_000_000 * DOLLAR),
        ("US$ 7.5", 7_500_000_000),
        (".25", 250_000_000),
        ("12.", 12 * DOLLAR),
        ("0", 0),
        ("3.500", 3_500_000_000),
        ("١٢٠", 120 * DOLLAR),
    ],
)
def test_amounts_are_read_as_people_write_them(written: str, nusd: int) -> None:
    assert read_amount(written, "limit", "The budget") == nusd


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "Write an amount"),
        ("a lot", "Write an amount"),
        ("12abc", "Write an amount"),
        ("1e5", "Write an amount"),
        ("NaN", "Write an amount"),
        (".", "Write an amount"),
        ("1,20,000", "Write an amount"),
        ("1200,50", "Write cents after a point: 1200.50."),
        ("1.200,50", "Write cents after a point: 1200.50."),
        ("-5", "cannot be negative"),
        ("−$5", "cannot be negative"),
        ("$-5", "cannot be negative"),
        ("1.005", "at most two decimals"),
        ("1,000,000.01", "can be $1,000,000 at most"),
        ("9" * 15, "can be $1,000,000 at most"),
        ("9" * 400, "Write an amount"),
    ],
)
def test_amounts_that_cannot_be_say_why(written: str, words: str) -> None:
    with pytest.raises(Invalid, match=words.replace("$", r"\$")) as wrong:
        read_amount(written, "limit", "The budget")
    assert wrong.value.fields[0].field == "limit"


def test_alerts_and_caps_are_read_from_fields() -> None:
    assert read_percents("90, 75 %;75") == (75, 90)
    assert read_percents(" ") == ()
    for wrong in ("0", "100", "75.5", "-5", "half", "²", " ".join(str(number) for number in range(1, 12))):
        with pytest.raises(Invalid):
            read_percents(wrong)
    assert read_emails("a@b.example; c@d.example,\n") == ("a@b.example", "c@d.example")
    assert read_cap(" ", "customer_cap", "The cap") is None
    assert read_cap("0", "customer_cap", "The cap") == 0
    with pytest.raises(Invalid, match="above zero"):
        read_amount("0", "amount", "The payment", above_zero=True)


def test_ledger_amounts_show_what_counts_and_pale_zeros() -> None:
    shown = {nusd: six_decimals(nusd) for nusd in (320_000, 80_000_000, 8_175_000, 0, 1_000, 300, 12_345_678_000_000)}
    assert shown == {
        320_000: ("$0.00032", "0"),
        80_000_000: ("$0.08", "0000"),
        8_175_000: ("$0.008175", ""),
        0: ("$0.00", "0000"),
        1_000: ("$0.000001", ""),
        300: ("<$0.000001", ""),
        12_345_678_000_000: ("$12,345.678", "000"),
    }


def test_units_of_a_line() -> None:
    assert ledger_units({"input_token": 1284, "output_token": 212}, {}) == "1,284 in, 212 out"
    assert ledger_units({"segment": 2}, {"segment": 5_000_000}) == "2 segments × $0.005"
    assert ledger_units({"segment": 1}, {"segment": 0}) == "1 segment"
    assert ledger_units({"reservation": 1}, {"reservation": 7}) == "booked in full"


def test_a_line_says_who_what_and_when_in_local_time() -> None:
    customer_id = uuid4()
    row = LedgerRow(
        id=uuid4(),
        created_at=AT,
        service="answer",
        provider="openai",
        model="gpt-4o",
        units={"input_token": 1},
        unit_prices={},
        cost_nusd=CENT,
        channel="chat",
        customer_id=customer_id,
        customer=" ",
        conversation_id=None,
        campaign_id=None,
        note="abandoned",
    )
    line = ledger_line(row, HALIFAX, AT)
    assert (line.time, line.what, line.customer) == ("14:32:00", "gpt-4o, answer", f"Visitor {customer_id.hex[-4:]}")
    assert line.state == "Unknown outcome"
    assert ledger_line(row, HALIFAX, AT + timedelta(days=1)).time == "12 Mar 14:32"


def test_a_breakdown_has_bars_notes_and_links() -> None:
    key = str(uuid4())
    lines = cost_lines(
        [
            CostRow(key=key, label="Sofia", calls=3, cost_nusd=4 * CENT, before_nusd=2 * CENT),
            CostRow(key="", label="No customer", calls=1, cost_nusd=CENT),
        ],
        "customer",
    )
    assert [(line.width, line.change, line.href, line.place) for line in lines] == [
        ("100.0%", "+100%", f"/customers/{key}", 0),
        ("25.0%", "new", "", 0),
    ]
    services = cost_lines([CostRow(key="sms", label="SMS", calls=9, cost_nusd=CENT, units={"segment": 2470})], "service")
    assert (services[0].note, services[0].place) == ("2,470 segments", 1)
    channels = cost_lines([CostRow(key="chat", label="Chat", calls=9, cost_nusd=CENT, conversations=2)], "channel")
    assert channels[0].note == "$0.0050 a conversation"
    assert cost_lines([], "service") == []


def test_changes_in_words() -> None:
    assert [change_words(*pair) for pair in ((3, 2), (2, 3), (2, 2), (2, 0), (0, 2), (50, 1), (0, 0))] == [
        "+50%",
        "−33%",
        "same",
        "new",
        "none now",
        "50 times",
        "",
    ]


def test_the_forecast_in_words_is_honest() -> None:
    assert forecast_words(ahead(2 * DOLLAR, 46 * DOLLAR)) == ("$86.00", "between $85.00 and $87.00")
    assert forecast_words(ahead(2 * DOLLAR, 46 * DOLLAR, known=6))[1].endswith("rough: 6 days known")
    assert forecast_words(Forecast(low_nusd=5, likely_nusd=5, high_nusd=5, known_days=2))[0] == "–"


def test_what_the_pace_means_for_the_budget() -> None:
    assert ahead_words(ahead(DOLLAR, 10 * DOLLAR), budget(10 * DOLLAR)) == ""
    assert "used up on 23 March" in ahead_words(ahead(10 * DOLLAR, 5 * DOLLAR), budget(5 * DOLLAR))
    with_credit = ahead_words(ahead(10 * DOLLAR, 5 * DOLLAR), budget(5 * DOLLAR, credit=500 * DOLLAR))
    assert with_credit.endswith("and the credit goes on from there.")
    assert ahead_words(ahead(DOLLAR, 120 * DOLLAR), budget(120 * DOLLAR)) == ""


def test_alerts_say_when_they_came_or_will() -> None:
    told = AlertView(
        id=uuid4(), period_start=MARCH, kind="spent", percent=75, spent_nusd=1, limit_nusd=1, created_at=AT, told_at=AT
    )
    lines = alert_lines((75, 90), (), (told,), ahead(10 * DOLLAR, 91 * DOLLAR), budget(91 * DOLLAR), HALIFAX, AT)
    assert [(line.title, line.is_told) for line in lines] == [
        ("75% of budget", True),
        ("90% of budget", False),
        ("100% of budget: paid answers pause", False),
    ]
    assert lines[0].about == "Reached 14:32. Mail to owners and admins."
    assert lines[1].about == "Mail to owners and admins. Likely 13 March."
    with_credit = alert_lines((), ("a@b.example",), (), ahead(0, 0), budget(credit=DOLLAR), HALIFAX, AT)
    assert [(line.title, line.about) for line in with_credit] == [("100% of budget: the credit goes on", "Mail to a@b.example.")]


def test_an_unusual_day_is_pointed_at() -> None:
    days = [DayCost(day=MARCH + timedelta(days=number), cost_nusd=2 * DOLLAR, services={"sms": DOLLAR}) for number in range(8)]
    assert unusual_day(days, date(2026, 3, 8)) == ("", "")
    days[5] = replace(days[5], cost_nusd=9 * DOLLAR, services={"sms": DOLLAR, "voice": 8 * DOLLAR})
    title, about = unusual_day(days, date(2026, 3, 8))
    assert title == "Friday 6 March cost $9.00"
    assert about == "A usual day costs $2.00. Most of it: Voice minutes."
    assert unusual_day(days[4:7], date(2026, 3, 8)) == ("", "")


def test_the_chart_has_three_colours_the_rest_and_a_table() -> None:
    services = {"answer": 5 * CENT, "sms": 4 * CENT, "voice": 3 * CENT, "email": CENT}
    days = [DayCost(day=MARCH, cost_nusd=13 * CENT, services=services), DayCost(day=date(2026, 3, 2))]
    before = [DayCost(day=date(2026, 2, 1), cost_nusd=7 * CENT)]
    found = month_chart(days, before, ahead(DOLLAR, 0), "February")
    assert found.names == ["Answers", "SMS", "Voice minutes"]
    assert [trace.name for trace in found.figure.data] == [*found.names, "Other", "Expected", "February"]
    assert found.heads == [*found.names, "Other", "All", "Saved", "February"]
    assert found.lines[0].cells == ["$0.05", "$0.04", "$0.03", "$0.01", "$0.13", "$0", "$0.07"]
    assert found.sentence.startswith("Spend per day by service: $0.13 in all, most on 1 March: $0.13")
    empty = month_chart([DayCost(day=MARCH)], [], None, "February")
    assert (empty.sentence, list(empty.figure.data)) == ("Nothing was spent in these days.", [])


def test_work_under_way_in_words() -> None:
    held = [HeldWork(service="answer", calls=6, amount_nusd=1), HeldWork(service="voice", calls=1, amount_nusd=1)]
    assert held_words(held) == "6 answers, 1 other call"
    assert held_words([]) == "nothing under way"


def test_ledger_filters_say_what_is_wrong() -> None:
    assert read_least("$0.01") == CENT
    assert read_least("") == 0
    assert read_day("2026-03-01", "since") == MARCH
    assert read_day("", "since") is None
    for wrong in ("x", "-1", "nan", "2,000,000"):
        with pytest.raises(Invalid):
            read_least(wrong)
    for day in ("soon", "0001-01-01"):
        with pytest.raises(Invalid):
            read_day(day, "since")


def test_the_pill_and_the_strip_say_how_far_it_is() -> None:
    assert nearing(BudgetRules(), budget(80 * DOLLAR)) == ("", "")
    assert nearing(BudgetRules(), budget(90 * DOLLAR)) == ("2026-03-01 75", "75% of March's budget is spent, $30.00 left")
    assert nearing(BudgetRules(alert_percents=()), budget(119 * DOLLAR)) == ("", "")
    assert nearing(BudgetRules(), budget(120 * DOLLAR, credit=DOLLAR))[1] == "March's budget is spent; $1.00 of credit goes on"
    assert status_detail("live", budget(60 * DOLLAR)) == "Every answer flows. Budget 50% used this month."
    assert "FAQ" in status_detail("paused", budget(120 * DOLLAR))


def test_plans_say_what_changes() -> None:
    use = PlanUse(plan=PLANS["growth"], since=None, members=6, documents=0, messages=23_000)
    lines = plan_lines(use)
    assert [(line.label, line.price, line.is_current) for line in lines] == [
        ("Starter", "$99", False),
        ("Growth", "$249", True),
        ("Scale", "$499", False),
    ]
    assert "room for 5" in lines[0].obstacle
    assert [line.tone for line in use_lines(use)] == ["var(--warn)", "", ""]
    assert plan_words(PLANS["growth"], PLANS["scale"]).startswith("$249 becomes $499 a month")


def price(unit: str = "input_token", nusd: int = 2_500, own: bool = False, **values: object) -> PriceView:
    return PriceView(
        **{  # type: ignore[arg-type]
            "id": uuid4(),
            "provider": "openai",
            "model": "gpt-4o",
            "unit": unit,
            "nusd_per_unit": nusd,
            "valid_from": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "valid_until": None,
            "is_own": own,
            "list_nusd": 2_500,
            **values,
        }
    )


def test_prices_are_shown_in_the_unit_people_compare() -> None:
    assert price_words(2_500, "input_token") == ("$2.50", "per million tokens read")
    assert price_words(150, "output_token") == ("$0.15", "per million tokens written")
    assert price_words(5_000_000, "segment") == ("$0.005", "for an SMS segment")
    assert price_words(0, "message") == ("free", "")
    assert price_line(price(), HALIFAX).valid == "since 1 January 2026"
    assert price_line(price(nusd=2_000, own=True), HALIFAX).listed == "$2.50"


@pytest.mark.parametrize("unit", ["input_token", "segment", "minute"])
@pytest.mark.parametrize("nusd", [0, 1, 150, 2_500, 5_000_000, 1_234_567_891])
def test_what_a_field_shows_reads_back_as_the_same_price(unit: str, nusd: int) -> None:
    if unit != "input_token" or nusd <= 10**9:
        assert read_field(field_value(nusd, unit), unit) == nusd


@pytest.mark.parametrize(
    ("written", "unit", "words"),
    [
        ("-1", "input_token", "cannot be negative"),
        ("0.0001", "input_token", "at most three decimals"),
        ("lots", "input_token", "Write an amount"),
        ("nan", "input_token", "at most three decimals"),
        ("2000000", "input_token", "at most"),
        ("-1", "segment", "cannot be negative"),
        ("0.0000000001", "segment", "nine decimals"),
        ("5", "mile", "Choose what the price is for"),
    ],
)
def test_prices_that_cannot_be_say_why(written: str, unit: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_field(written, unit)


def test_days_of_a_price_begin_and_end_at_the_business_s_midnight() -> None:
    assert read_moment("2026-03-08", "valid_from", HALIFAX) == datetime(2026, 3, 8, 4, tzinfo=UTC)
    assert read_moment("2026-03-08", "valid_until", HALIFAX, is_last_day=True) == datetime(2026, 3, 9, 3, tzinfo=UTC)
    assert read_moment("", "valid_from", HALIFAX) is None
    for wrong in ("soon", "9999-12-31"):
        with pytest.raises(Invalid):
            read_moment(wrong, "valid_from", HALIFAX)


def test_a_history_says_what_holds() -> None:
    until = datetime(2026, 3, 1, 4, tzinfo=UTC)
    versions = [
        price(nusd=3_000, own=True, valid_from=datetime(2026, 5, 1, 3, tzinfo=UTC), is_planned=True, created_by="Maya"),
        price(nusd=2_000, own=True, valid_from=until),
        price(nusd=2_200, own=True, valid_until=until),
        price(),
    ]
    lines = version_lines(versions, HALIFAX, AT)
    assert [(line.state, line.may_end) for line in lines] == [("planned", True), ("now", True), ("over", False), ("", False)]
    assert lines[0].valid == "from 1 May 2026 on"
    assert lines[2].valid == "from 1 January 2026 to 28 February 2026"
    assert version_lines([price()], HALIFAX, AT)[0].state == "now"


def test_a_typical_answer_says_what_it_costs() -> None:
    usual = TypicalAnswer(input_tokens=1_000, output_tokens=100, answers=0)
    lines = typical_lines([price(), price("output_token", 10_000), price("minute", 5, model="whisper-1")], usual)
    assert [(line.model, line.each, line.thousand) for line in lines] == [("OpenAI gpt-4o", "$0.0035", "$3.50")]
    assert typical_words(usual).startswith("Assumed: 1,000 tokens read")
    assert "measured on 50 paid answers" in typical_words(replace(usual, answers=50))
