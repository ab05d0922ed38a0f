"""The API against its own description: whatever a program sends, it gets an answer that the description names.

Requests are made up from /api/openapi.json, right and wrong ones, half of them about things that exist. Seeded: a failure comes
again. `OMNI_CONTRACT_EXAMPLES=300 pytest tests/api/test_openapi_contract.py` looks longer.
"""

import asyncio
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx2
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from omni_app.settings import load_settings
from tests.customers.crowd import claim, make_customer, talk
from tests.making import make_business, open_client, rest_app, rows

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("OMNI_CONTRACT_EXAMPLES", "12"))
DESCRIPTION = rest_app().openapi()
METHODS = {"get", "put", "post", "delete", "patch"}
LABELS = sorted(f"{verb.upper()} {path}" for path, found in DESCRIPTION["paths"].items() for verb in METHODS & found.keys())
BASE = "http://omni.test"


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As many calls as it takes."""
    monkeypatch.setenv("API_CALLS_PER_HOUR", "1000000")
    load_settings.cache_clear()
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


async def make_things() -> tuple[dict[str, str], dict[str, list[str]]]:
    """A business with a few of everything: the key's headers, and ids by the name of their path parameter."""
    made = await make_business(daily_messages=10_000)
    customers: list[UUID] = []
    conversations: list[UUID] = []
    for number in range(3):
        customer = await make_customer(made.scope, f"ann-{number}@example.com", f"Ann {number}", tags='["vip"]')
        await claim(made.scope, customer, "+19025550148")
        conversations.append(await talk(made.scope, customer, ("customer", 0), ("assistant", 1)))
        customers.append(customer)
    faqs = [row["id"] for row in await rows("select id from faqs")]
    ids = {"customer_id": customers, "conversation_id": conversations, "faq_id": faqs}
    return made.headers, {name: [str(item) for item in found] for name, found in ids.items()}


@lru_cache
def operations() -> dict[str, Any]:
    """By method and path. Made by who needs them: every process that collects tests would wait a second for them."""
    import schemathesis

    found = [one.ok() for one in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()]
    return {one.label: one for one in found}


def cases_of(operation: Any) -> st.SearchStrategy[Any]:
    """Requests as described, and others."""
    from schemathesis.generation import GenerationMode

    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))


def checks() -> list[Any]:
    """What every answer has to keep to."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    return [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.response_headers_conformance,
    ]


async def send(client: httpx2.AsyncClient, case: Any, headers: dict[str, str]) -> httpx2.Response:
    prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    sent = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    body: Any = prepared.body
    return await client.request(str(prepared.method), str(prepared.url), headers={**sent, **headers}, content=body)


@pytest.mark.parametrize("label", LABELS)
async def test_every_answer_is_one_the_description_names(label: str) -> None:
    operation, loop, checked = operations()[label], asyncio.get_running_loop(), checks()
    headers, ids = await make_things()
    cases = cases_of(operation)

    async with open_client() as client:

        @seed(20261121)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, is_known=st.booleans(), place=st.integers(0, 2))
        def look(case: Any, is_known: bool, place: int) -> None:
            if is_known:
                for name in set(ids) & set(case.path_parameters or {}):
                    case.path_parameters[name] = ids[name][place % len(ids[name])]
            answer = asyncio.run_coroutine_threadsafe(send(client, case, headers), loop).result(60)
            case.validate_response(answer, checks=checked)

        # Hypothesis is not async: it runs beside the loop that the database's connections belong to.
        await asyncio.to_thread(look)


def test_every_operation_is_tried() -> None:
    assert sorted(operations()) == LABELS


async def test_the_description_served_is_the_one_tried_here() -> None:
    async with open_client() as client:
        assert (await client.get("/api/openapi.json")).json() == DESCRIPTION


def test_every_operation_says_what_it_does_and_shows_what_it_answers() -> None:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            name = f"{method} {path}"
            assert operation.get("summary"), name
            if not path.startswith("/api/"):
                continue
            assert operation.get("description"), name
            answers = operation["responses"]
            assert {"401", "403", "422", "429", "500", "503"} <= set(answers), name
            for status, answer in answers.items():
                if status != "304":
                    assert answer["content"]["application/json"]["example"], f"{name} {status}"
            if body := operation.get("requestBody"):
                shapes = body["content"]["application/json"]["schema"]
                shape = next(item["$ref"] for item in [shapes, *shapes.get("anyOf", [])] if "$ref" in item)
                assert DESCRIPTION["components"]["schemas"][shape.rsplit("/", 1)[1]].get("examples"), name
