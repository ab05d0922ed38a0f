"""The ledger as a list and as a file."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.insights.ledger import LedgerFilter, LedgerRow, list_choices, list_ledger, stream_csv
from tests.insights.history import utc
from tests.insights.spending import CENT, book, book_many, make_person
from tests.making import Made, make_business

pytestmark = pytest.mark.usefixtures("database")

AT = utc("2026-03-12T17:00")


async def found(made: Made, **values: object) -> tuple[list[LedgerRow], int]:
    async with open_db(made.scope) as db:
        return await list_ledger(db, LedgerFilter(**values))  # type: ignore[arg-type]


async def as_file(made: Made, **values: object) -> list[dict[str, str]]:
    text = "".join([piece async for piece in stream_csv(made.scope, LedgerFilter(**values))])  # type: ignore[arg-type]
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


async def test_every_filter_narrows_the_list() -> None:
    made, other = await make_business(faqs=(), timezone="America/Halifax"), await make_business("Other", faqs=())
    sofia, thread = await make_person(made.scope, "Sofia Marin"), uuid4()
    first = await book(made.scope, AT, 5 * CENT, customer_id=sofia, note="100% sure", conversation_id=thread)
    second = await book(
        made.scope, AT + timedelta(minutes=1), CENT, service="sms", channel="sms", model="sms", note="100 reminders"
    )
    third = await book(made.scope, AT + timedelta(days=1), 2 * CENT, service="summary", channel=None)
    await book(other.scope, AT)

    async def ids(**values: object) -> list[object]:
        return [row.id for row in (await found(made, **values))[0]]

    assert await ids() == [third, second, first]
    assert (await found(made))[1] == 3
    assert await ids(service="sms") == await ids(channel="sms") == await ids(model="sms") == [second]
    assert await ids(channel="none") == [third]
    assert await ids(customer_id=sofia) == await ids(conversation_id=thread) == await ids(search="marin") == [first]
    assert await ids(since=date(2026, 3, 13)) == [third]
    assert await ids(until=date(2026, 3, 12)) == [second, first]
    assert await ids(least_nusd=2 * CENT) == [third, first]
    assert await ids(note="100%") == [first]
    assert await ids(search="summar") == [third]
    assert await ids(search="a\x00'; drop table x") == []
    assert (await found(made))[0][2].customer == "Sofia Marin"


async def test_wrong_filters_say_which_one() -> None:
    made = await make_business(faqs=())
    for values, field in (({"least_nusd": -1}, "min_cost"), ({"since": date(2026, 3, 2), "until": date(2026, 3, 1)}, "from")):
        with pytest.raises(Invalid) as wrong:
            await found(made, **values)
        assert wrong.value.fields[0].field == field
    async with open_db(replace(made.scope, permissions=frozenset())) as db:
        with pytest.raises(Forbidden):
            await list_ledger(db)
        with pytest.raises(Forbidden):
            await list_choices(db)


async def test_the_choices_are_what_occurs() -> None:
    made = await make_business(faqs=())
    await book(made.scope, AT)
    await book(made.scope, AT, service="sms", channel=None, model="sms")
    async with open_db(made.scope) as db:
        choices = await list_choices(db, AT - timedelta(days=1))
        none = await list_choices(db, AT + timedelta(days=1))
    assert (choices.services, choices.channels, choices.models) == (("answer", "sms"), ("chat",), ("gpt-4o", "sms"))
    assert none.services == ()


async def test_the_file_holds_every_line_once_and_is_exact() -> None:
    made = await make_business(faqs=(), timezone="America/Halifax")
    await book_many(made.scope, 4500, AT, 30)
    lines = await as_file(made)
    assert len({line["id"] for line in lines}) == len(lines) == 4500
    assert [line["time_utc"] for line in lines] == sorted((line["time_utc"] for line in lines), reverse=True)
    async with open_db(made.scope) as db:
        total = (await db.execute("select sum(cost_nusd) from ledger_entries")).scalar_one()
    assert sum(int(line["cost_nanodollars"]) for line in lines) == total


async def test_a_line_of_the_file_in_dollars_and_in_local_time() -> None:
    made = await make_business(faqs=(), timezone="America/Halifax")
    await book(made.scope, AT, 8_175_000)
    (line,) = await as_file(made)
    assert (line["time_utc"], line["time_local"]) == ("2026-03-12 17:00:00", "2026-03-12 14:00:00")
    assert (line["service"], line["cost_usd"], line["channel"]) == ("Answers", "0.008175", "Website chat")
    assert line["units"] == "100 input_token; 10 output_token"
    assert await as_file(made, service="sms") == []


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "=cmd|'/c calc'!A1"])
async def test_no_cell_is_a_formula(evil: str) -> None:
    made = await make_business(faqs=())
    customer = await make_person(made.scope, evil)
    await book(made.scope, AT, customer_id=customer, note=evil, model=evil)
    (line,) = await as_file(made)
    for column in ("customer", "note", "model"):
        assert line[column].startswith("'"), column


async def test_the_file_needs_the_right_to_look() -> None:
    made = await make_business(faqs=())
    with pytest.raises(Forbidden):
        _ = [piece async for piece in stream_csv(replace(made.scope, permissions=frozenset()))]
