"""The API against its own description: whatever a program sends, it gets an answer that the description names.

Requests are made up from /api/openapi.json, right and wrong ones, half of them about things that exist. Seeded: a failure comes
again. `OMNI_CONTRACT_EXAMPLES=300 pytest tests/api/test_openapi_contract.py` looks longer.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from omni_app.api.app import create_api
from omni_app.settings import load_settings
from tests.customers.crowd import claim, make_customer, talk
from tests.making import make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("OMNI_CONTRACT_EXAMPLES", "20"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
DESCRIPTION = create_api().openapi()
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
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


async def send(client: httpx2.AsyncClient, case: Case, headers: dict[str, str]) -> httpx2.Response:
    prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    sent = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    body: Any = prepared.body
    return await client.request(str(prepared.method), str(prepared.url), headers={**sent, **headers}, content=body)


@pytest.mark.parametrize("label", sorted(OPERATIONS))
async def test_every_answer_is_one_the_description_names(label: str) -> None:
    operation, loop = OPERATIONS[label], asyncio.get_running_loop()
    headers, ids = await make_things()
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

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
        def look(case: Case, is_known: bool, place: int) -> None:
            if is_known:
                for name in set(ids) & set(case.path_parameters or {}):
                    case.path_parameters[name] = ids[name][place % len(ids[name])]
            answer = asyncio.run_coroutine_threadsafe(send(client, case, headers), loop).result(60)
            case.validate_response(answer, checks=CHECKS)

        # Hypothesis is not async: it runs beside the loop that the database's connections belong to.
        await asyncio.to_thread(look)


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
