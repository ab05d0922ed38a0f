"""What a usual answer uses: measured once there are enough, assumed before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.insights.typical import ASSUMED_INPUT, FEWEST_ANSWERS, load_typical_answer
from tests.insights.history import utc
from tests.insights.spending import book
from tests.making import make_business

pytestmark = pytest.mark.usefixtures("database")

AT = utc("2026-03-12T17:00")


async def test_a_usual_answer_is_measured_on_the_last_thirty_days() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    for number in range(FEWEST_ANSWERS):
        await book(made.scope, AT, units={"input_token": 1_000 + 10 * (number % 2), "output_token": 100})
    await book(made.scope, AT - timedelta(days=60), units={"input_token": 900_000, "output_token": 1})
    await book(made.scope, AT, service="summary", units={"input_token": 900_000, "output_token": 1})
    async with open_db(made.scope) as db:
        usual = await load_typical_answer(db, AT + timedelta(hours=1))
    assert (usual.input_tokens, usual.output_tokens, usual.answers, usual.is_measured) == (1_005, 100, FEWEST_ANSWERS, True)
    assert usual.cost_nusd(2_500, 10_000) == 1_005 * 2_500 + 100 * 10_000
    async with open_db(other.scope) as db:
        unknown = await load_typical_answer(db, AT)
    assert (unknown.is_measured, unknown.input_tokens) == (False, ASSUMED_INPUT)


async def test_who_may_not_look_sees_nothing() -> None:
    made = await make_business(faqs=())
    async with open_db(replace(made.scope, permissions=frozenset())) as db:
        with pytest.raises(Forbidden):
            await load_typical_answer(db)
