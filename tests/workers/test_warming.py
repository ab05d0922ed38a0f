"""By the clock: nightly warming where it is night and wanted, suggestions once a week."""

import json
from typing import Any

import pytest

from omni_app.infra.clock import now
from omni_app.infra.redis import key, redis_client
from omni_app.insights.periods import zone_of
from omni_app.orchestrator.jobs import StartWarming, SuggestFaqs
from omni_app.orchestrator.turn import process
from tests.making import Made, inbound, make_business, rows
from workers.outbox import run_row
from workers.warming import look_for_suggestions, start_tonight
from workers.warming_sweeps import NIGHT, ask_for_nightly_warmings, ask_for_suggestions

pytestmark = pytest.mark.usefixtures("database")


def zone_where(is_night: bool) -> str:
    """A zone where it is (or is not) night at this moment."""
    zones = [f"Etc/GMT{shift:+d}" for shift in range(-12, 13)]
    return next(zone for zone in zones if (now().astimezone(zone_of(zone)).hour in NIGHT) == is_night)


async def business(timezone: str, **rules: Any) -> Made:
    made = await make_business(timezone=timezone, faqs=())
    await rows(
        "update businesses set cache_rules = cast(:rules as jsonb) where id = :id returning 1",
        rules=json.dumps(rules),
        id=made.scope.business_id,
    )
    return made


async def jobs(name: str) -> list[Any]:
    return [row["business_id"] for row in await rows("select business_id from outbox where name = :name", name=name)]


async def test_only_who_wants_it_is_warmed_and_only_at_night() -> None:
    night = await business(zone_where(True), warms_nightly=True, warming_limit_nusd=5)
    await business(zone_where(False), warms_nightly=True)
    await business(zone_where(True), warms_nightly=False)
    await business(zone_where(True))
    await ask_for_nightly_warmings()
    await ask_for_nightly_warmings()
    assert await jobs("StartWarming") == [night.scope.business_id]
    (row,) = await rows("select id from outbox where name = 'StartWarming'")
    await run_row(row["id"])
    (run,) = await rows("select limit_nusd, created_by from cache_warmings")
    assert run == {"limit_nusd": 5, "created_by": "Omni"}
    await ask_for_nightly_warmings()
    assert await jobs("StartWarming") == []


async def test_a_night_with_a_run_under_way_or_a_changed_mind_starts_none() -> None:
    made = await business(zone_where(True), warms_nightly=True)
    business_id = made.scope.business_id
    await start_tonight(business_id, StartWarming())
    await start_tonight(business_id, StartWarming())
    assert len(await rows("select id from cache_warmings")) == 1
    await rows("delete from cache_warmings returning 1")
    await rows("update businesses set cache_rules = '{}' returning 1")
    await start_tonight(business_id, StartWarming())
    assert await rows("select id from cache_warmings") == []


async def test_suggestions_are_looked_for_once_a_week_where_somebody_wrote() -> None:
    made, _ = await make_business(), await make_business()
    for who in ("ann", "ben"):
        await process(made.scope, inbound("Is there a gym in the building?", who=who))
    await ask_for_suggestions()
    await ask_for_suggestions()
    assert await jobs("SuggestFaqs") == [made.scope.business_id]
    assert 0 < await redis_client().ttl(key("suggested", str(made.scope.business_id))) <= 7 * 86_400
    await look_for_suggestions(made.scope.business_id, SuggestFaqs())
    assert [row["question"] for row in await rows("select question from faq_suggestions")] == ["Is there a gym in the building?"]
