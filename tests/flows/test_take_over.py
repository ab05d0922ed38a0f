"""A person and the AI in one conversation, from the API to the row: who may speak, from when on."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from omni_app.conversations.handling import close_conversation, hand_back, take_over
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Scope
from omni_app.orchestrator.turn import continue_conversation
from tests.conversations.desk import make_member, state, thread
from tests.making import Made, make_business, open_client, question

pytestmark = pytest.mark.usefixtures("database")

PRICE = "What does a check-up cost?"


async def ask(made: Made, text: str = PRICE, **values: Any) -> dict[str, Any]:
    """One question over the API; the reply's data."""
    async with open_client() as client:
        answer = await client.post("/api/agent/process", json=question(text, **values), headers=made.headers)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def start() -> tuple[Made, Scope, UUID]:
    """A business, an agent, and a conversation with one answered question."""
    made = await make_business()
    first = await ask(made)
    assert first["source"] == "faq"
    return made, await make_member(made.scope, "Maya Chen"), UUID(first["conversation"]["id"])


async def test_the_api_is_told_that_a_person_has_it_until_it_is_handed_back() -> None:
    made, maya, conversation_id = await start()
    async with open_db(maya) as db:
        await take_over(db, conversation_id)
    silent = await ask(made)
    assert (silent["reply"], silent["source"], silent["conversation"]["speaker"]) == (None, "human", "human")
    assert silent["conversation"]["status"] == "waiting"
    async with open_db(maya) as db:
        await send_reply(db, conversation_id, "It is $189.")
        await hand_back(db, conversation_id)
    again = await ask(made)
    assert again["reply"]["text"].startswith("A check-up is $189.")  # asked for the third time, a person is offered, too
    assert again["conversation"] == {"id": str(conversation_id), "status": "open", "speaker": "ai"}
    roles = [role for _, role, _ in await thread(conversation_id)]
    assert roles == ["customer", "assistant", "system", "customer", "staff", "system", "customer", "assistant"]


async def test_a_closed_conversation_is_opened_by_its_customer_and_answered() -> None:
    made, maya, conversation_id = await start()
    async with open_db(maya) as db:
        await take_over(db, conversation_id)
        await close_conversation(db, conversation_id)
    again = await ask(made)
    assert again["conversation"] == {"id": str(conversation_id), "status": "open", "speaker": "ai"}
    assert again["reply"]["text"] == "A check-up is $189."


async def test_a_worker_finds_nothing_to_answer_where_a_person_speaks() -> None:
    made, maya, conversation_id = await start()
    async with open_db(maya) as db:
        await take_over(db, conversation_id)
    await ask(made)
    await continue_conversation(made.scope, conversation_id)
    async with open_db(maya) as db:
        await hand_back(db, conversation_id)
    await continue_conversation(made.scope, conversation_id)
    assert [role for _, role, _ in await thread(conversation_id)].count("assistant") == 1


async def test_no_answer_ever_follows_a_take_over() -> None:
    """Questions and a take-over at the same moment, many times: the assistant's last word comes before the person's first."""
    made = await make_business()
    maya = await make_member(made.scope, "Maya Chen")
    for number in range(6):
        customer = {"external_id": f"visitor-{number}"}
        first = await ask(made, customer=customer)
        conversation_id = UUID(first["conversation"]["id"])

        async def take(conversation_id: UUID = conversation_id) -> None:
            async with open_db(maya) as db:
                await take_over(db, conversation_id)

        answers = await asyncio.gather(ask(made, "is there parking", customer=customer), take(), ask(made, customer=customer))
        roles = [role for _, role, _ in await thread(conversation_id)]
        assert "assistant" not in roles[roles.index("system") :]
        assert all(answer["reply"] is None or answer["source"] != "human" for answer in (answers[0], answers[2]))
        assert (await state(conversation_id))["speaker"] == "human"


async def test_staff_of_another_business_cannot_reach_in() -> None:
    made, _, conversation_id = await start()
    stranger = await make_member((await make_business("Attackers")).scope, "Eve")
    forged = replace(stranger, actor=replace(stranger.actor, name="Maya Chen"))
    before = await state(conversation_id)
    for change in (take_over, close_conversation, hand_back):
        with pytest.raises(NotFound):
            async with open_db(forged) as db:
                await change(db, conversation_id)
    assert await state(conversation_id) == before
    assert (await ask(made))["source"] == "faq"
