"""A stranger gives the address of somebody the business knows: nothing of the owner is seen until the address is proven."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from omni_app.conversations.identity import claim, prove_by_code, prove_by_page
from omni_app.conversations.memory import embed_messages
from omni_app.conversations.visitor_thread import load_visitor_thread
from omni_app.customers.addresses import Address
from omni_app.customers.profiles import load_customer
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Scope
from omni_app.orchestrator.turn import Outcome, process
from omni_app.tenancy.site_identity import hash_user, show_secret
from tests.conversations.visitors import SOFIA, browser, claim_and_get_code, known, owner_of
from tests.making import Made, count, inbound, make_business, rows
from tests.orchestrator.paying import paid_model, priced_business
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

ORDER = "I would like to order three whitening kits in mint, for my sister Ludmila."
SECRETS = ("whitening", "mint", "Ludmila", "Marin", "Kensington")
QUESTIONS = ("What did I order?", "What do you know about me?", "What did I say last time?", "Who am I?")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


async def _sofia(made: Made) -> UUID:
    """A customer with an order, memories, tags and attributes, known by e-mail."""
    sofia = await known(made.scope, SOFIA, ORDER)
    await rows(
        """update customers set tags = '["Kensington"]', attributes = '{"street": "Kensington Road"}'
           where id = :id returning id""",
        id=sofia,
    )
    await embed_messages(made.scope)
    return sofia


async def _ask(made: Made, text: str, who: str = "visitor-1") -> Outcome:
    return await process(made.scope, inbound(text, who))


async def _screen(scope: Scope, visitor: Address) -> str:
    """All the widget of this visitor could show."""
    async with open_db(scope) as db:
        thread = await load_visitor_thread(db, visitor.index, None, 0)
    return str(thread)


async def _prompts(customer_id: UUID | None) -> str:
    """The exact prompts of a customer's answers."""
    found = await rows(
        "select r.prompt, cu.data_key from receipts r join customers cu on cu.id = r.customer_id where cu.id = :id",
        id=customer_id,
    )
    return "\n".join(
        decrypt(unwrap_data_key(row["data_key"]), row["prompt"], "receipts.prompt") for row in found if row["prompt"]
    )


def _tells(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


async def test_a_stranger_with_a_known_address_learns_nothing_from_the_free_brain() -> None:
    made = await make_business()
    sofia = await _sofia(made)
    state = await claim(made.scope, browser(), name="Sofia", email=SOFIA)
    answers = [(await _ask(made, question)).reply_text or "" for question in QUESTIONS]
    assert not _tells("\n".join(answers))
    assert not _tells(await _screen(made.scope, browser()))
    assert not _tells(str(state))
    assert not _tells(str(await rows("select text, sources from cached_answers")))
    assert not _tells(json.dumps(await rows("select sources, steps, note from receipts"), default=str))
    assert state.customer_id != sofia
    async with open_db(made.scope) as db:
        seen = await load_customer(db, state.customer_id or sofia)
    assert [(point.value, point.proof) for point in seen.points if point.kind == "email"] == [(SOFIA, "claimed")]


async def test_a_stranger_with_a_known_address_puts_nothing_of_the_owner_into_a_prompt(model: OpenAIStub) -> None:
    made = await priced_business()
    await _sofia(made)
    state = await claim(made.scope, browser(), email=SOFIA)
    model.behave(text="I do not know.")
    for question in (*QUESTIONS, "how much is a dental check-up"):
        await _ask(made, question)
    assert model.count > 0
    assert not _tells(json.dumps([call.body for call in model.calls]))
    prompts = await _prompts(state.customer_id)
    assert prompts
    assert not _tells(prompts)


async def test_after_the_right_code_they_are_remembered() -> None:
    made = await make_business()
    sofia = await _sofia(made)
    await _ask(made, "Where can I park?")
    _, code = await claim_and_get_code(made.scope, browser())
    state = await prove_by_code(made.scope, browser(), code)
    assert (state.customer_id, state.name) == (sofia, "Sofia Marin")
    answer = (await _ask(made, "What did I order?")).reply_text or ""
    assert "whitening" in answer
    assert "Where can I park?" in await _screen(made.scope, browser())
    # What they were told about themselves is for nobody else.
    assert not _tells((await _ask(made, "What did I order?", "visitor-2")).reply_text or "")
    assert not _tells(str(await rows("select text from cached_answers")))


async def test_a_forged_hash_and_a_foreign_code_leave_them_a_stranger() -> None:
    made = await make_business()
    sofia = await _sofia(made)
    async with open_db(made.scope) as db:
        secret = await show_secret(db)
    for forged in ("0" * 64, hash_user(secret, "other@example.com"), hash_user("guess", SOFIA)):
        with pytest.raises(Forbidden):
            await prove_by_page(made.scope, browser(), SOFIA, forged)
    _, code = await claim_and_get_code(made.scope, browser("sofias-phone"))
    await claim(made.scope, browser(), email=SOFIA)
    with pytest.raises(Invalid):
        await prove_by_code(made.scope, browser(), code)
    assert await owner_of(browser()) != sofia
    assert not _tells((await _ask(made, "What did I order?")).reply_text or "")


async def test_a_replayed_code_proves_nothing() -> None:
    made = await make_business()
    sofia = await _sofia(made)
    _, code = await claim_and_get_code(made.scope, browser())
    await prove_by_code(made.scope, browser(), code)
    await claim(made.scope, browser("thief"), email=SOFIA)
    with pytest.raises(Invalid):
        await prove_by_code(made.scope, browser("thief"), code)
    assert await owner_of(browser("thief")) != sofia


async def test_ten_tabs_write_and_prove_at_once_and_nothing_is_lost() -> None:
    made = await make_business()
    sofia = await _sofia(made)
    await _ask(made, "Where can I park?")
    _, code = await claim_and_get_code(made.scope, browser())

    async def tab(number: int) -> Any:
        if number % 2:
            return await prove_by_code(made.scope, browser(), code)
        return await _ask(made, f"Is there parking near you, on day {number}?")

    results = await asyncio.gather(*(tab(number) for number in range(10)), return_exceptions=True)
    assert not [result for result in results if isinstance(result, BaseException)]
    assert await owner_of(browser()) == sofia
    assert await count("merges") == 1
    written = await rows("select customer_id from messages where role = 'customer' and text like 'Is there parking%'")
    assert [row["customer_id"] for row in written] == [sofia] * 5
    open_ones = await rows("select id from conversations where last_customer_seq > answered_seq and speaker = 'ai'")
    jobs = [
        row["payload"]["conversation_id"] for row in await rows("select payload from outbox where name = 'AnswerConversation'")
    ]
    # Each answer that was under way for a stranger is made again by a worker; the rest are answered.
    assert {str(row["id"]) for row in open_ones} - {str(await _thread(made)), *jobs} == set()


async def _thread(made: Made) -> UUID:
    """Sofia's first conversation, which nobody answered."""
    (row,) = await rows("select conversation_id from messages where text = :text", text=ORDER)
    return UUID(str(row["conversation_id"]))
