"""A paid answer is seen while it is written, and nothing of it stays when it is not kept."""

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from omni_app.conversations.handling import take_over
from omni_app.infra.database import open_db
from omni_app.infra.live import Note
from omni_app.orchestrator.paid import is_unsure, may_be_unsure
from omni_app.orchestrator.streaming import DOTS_AFTER_SECONDS
from omni_app.orchestrator.turn import continue_conversation, process, receive
from tests.conversations.desk import make_member
from tests.harness.waiting import until
from tests.making import inbound, make_business, rows
from tests.orchestrator.listening import listening
from tests.orchestrator.paying import paid_model, priced_business, spent
from tests.stubs.openai_stub import OpenAIStub

pytestmark = pytest.mark.usefixtures("database")

QUESTION = "how much is a dental check-up"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with paid_model(monkeypatch) as stub:
        yield stub


def texts(heard: list[Note]) -> list[str]:
    return [note.ids["text"] for note in heard if note.kind == "message.streaming"]


def kinds(heard: list[Note]) -> list[str]:
    return [f"{note.kind} {note.ids['on']}" if note.kind == "typing.changed" else note.kind for note in heard]


async def test_the_text_grows_and_the_recorded_message_takes_its_place(model: OpenAIStub) -> None:
    made = await priced_business()
    first, more, rest, bill = (threading.Event() for _ in range(4))
    model.behave(
        text="A check-up is $189, and it takes about half an hour.",
        holds={0: first, 2: more, 5: rest, 11: bill},
        usage=(900, 20),
    )
    async with listening() as heard:
        turn = asyncio.create_task(process(made.scope, inbound(QUESTION)))
        await until(lambda: "typing.changed 1" in kinds(heard))
        first.set()
        await until(lambda: len(texts(heard)) >= 1)
        more.set()
        await until(lambda: len(texts(heard)[-1].split()) >= 5)
        rest.set()
        await until(lambda: texts(heard)[-1] == "A check-up is $189, and it takes about half an hour.")
        bill.set()
        outcome = await turn
        await until(lambda: "typing.changed 0" in kinds(heard))
        await until(lambda: [note.ids["role"] for note in heard if note.kind == "message.created"] == ["customer", "assistant"])
    assert outcome.reply_text == "A check-up is $189, and it takes about half an hour."
    shown = texts(heard)
    assert len(shown) >= 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
    assert outcome.reply_text.startswith(shown[0])
    assert shown[-1] == outcome.reply_text
    assert {note.ids["message_id"] for note in heard if note.kind == "message.streaming"} == {str(outcome.reply_id)}
    last_delta = max(place for place, note in enumerate(heard) if note.kind == "message.streaming")
    (final,) = [place for place, note in enumerate(heard) if note.ids.get("role") == "assistant"]
    assert last_delta < final
    assert kinds(heard).index("typing.changed 1") < kinds(heard).index("message.streaming")


async def test_the_local_brain_answers_at_once_and_shows_no_dots() -> None:
    made = await make_business()
    await process(made.scope, inbound("is there parking"))
    async with listening() as heard:
        started = time.monotonic()
        await process(made.scope, inbound(QUESTION))
        is_late = time.monotonic() - started > DOTS_AFTER_SECONDS  # on a busy machine
        await until(lambda: kinds(heard).count("message.created") == 2)
    assert set(kinds(heard)) == {"message.created"} or is_late


async def test_the_word_for_not_knowing_is_never_shown(model: OpenAIStub) -> None:
    made = await priced_business()
    more = threading.Event()
    model.behave(pieces=('"UN', "SURE", '"', " The facts do not say."), holds={3: more})
    async with listening() as heard:
        turn = asyncio.create_task(process(made.scope, inbound("Which moons of Jupiter have volcanoes?")))
        await until(lambda: "typing.changed 1" in kinds(heard))
        more.set()
        outcome = await turn
        await until(lambda: "typing.changed 0" in kinds(heard))
    assert outcome.source == "none"
    assert texts(heard) == []


@pytest.mark.parametrize(("how", "is_shown"), [({"cut_after": 3}, True), ({"error_after": 3}, True), ({"cut_after": 0}, False)])
async def test_a_stream_that_breaks_is_replaced_by_the_local_answer_and_booked_in_full(
    model: OpenAIStub, how: dict[str, int], is_shown: bool
) -> None:
    made = await priced_business()
    seen = threading.Event()
    model.behave(text="Behind the church around the corner.", holds={2: seen}, **how)
    async with listening() as heard:
        turn = asyncio.create_task(process(made.scope, inbound("is there parking")))
        if is_shown:
            await until(lambda: texts(heard))
        seen.set()
        outcome = await turn
        await until(lambda: kinds(heard).count("message.created") == 2)
    assert (outcome.source, outcome.reply_text) == ("faq", "Behind the clinic, free.")
    assert bool(texts(heard)) is is_shown
    assert {note.ids["message_id"] for note in heard if note.kind == "message.streaming"} <= {str(outcome.reply_id)}
    booked, held = await spent(made)
    assert held == 0
    (entry,) = await rows("select cost_nusd, note from ledger_entries where cost_nusd > 0")
    assert (entry["cost_nusd"], "no answer" in entry["note"]) == (booked, True)


async def test_a_take_over_in_mid_stream_stops_the_model_and_takes_the_half_text_back(model: OpenAIStub) -> None:
    made = await priced_business()
    maya = await make_member(made.scope, "Maya Chen")
    first, _ = await receive(made.scope, inbound("hello there, one question", client_id="first"))
    await rows("update conversations set lease_until = now() - interval '1 second' returning id")
    model.behave(pieces=tuple(f"word{number} " for number in range(3_000)), piece_seconds=0.03)
    async with listening() as heard:
        turn = asyncio.create_task(process(made.scope, inbound(QUESTION)))
        await until(lambda: len(texts(heard)) >= 2)
        async with open_db(maya) as db:
            await take_over(db, first.conversation_id)
        outcome = await asyncio.wait_for(turn, 60)
        await until(lambda: texts(heard)[-1] == "")
    assert (outcome.reply_id, outcome.speaker) == (None, "human")
    assert "word2999" not in " ".join(texts(heard))
    assert await rows("select 1 from messages where role = 'assistant'") == []
    (entry,) = await rows("select note from ledger_entries where cost_nusd > 0")
    assert "not sent" in entry["note"]
    assert (await spent(made))[1] == 0


async def test_a_take_over_at_the_last_moment_takes_the_whole_text_back(model: OpenAIStub) -> None:
    made = await priced_business()
    maya = await make_member(made.scope, "Maya Chen")
    first, _ = await receive(made.scope, inbound("hello there, one question", client_id="first"))
    await rows("update conversations set lease_until = now() - interval '1 second' returning id")
    go_on = threading.Event()
    model.behave(pieces=("Too", " late."), holds={1: go_on})
    async with listening() as heard:
        turn = asyncio.create_task(process(made.scope, inbound(QUESTION)))
        await until(lambda: texts(heard) == ["Too"])
        async with open_db(maya) as db:
            await take_over(db, first.conversation_id)
        go_on.set()
        assert (await turn).reply_id is None
        await until(lambda: texts(heard)[-1] == "")
    assert await rows("select 1 from messages where role = 'assistant'") == []
    assert (await spent(made))[1] == 0


async def test_a_server_that_knows_no_streaming_is_asked_for_the_whole_answer(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(text="It is $189.", usage=(900, 20), refuses_streams=True)
    outcome = await process(made.scope, inbound(QUESTION))
    assert (outcome.source, outcome.reply_text) == ("model", "It is $189.")
    assert (await spent(made)) == (outcome.cost_nusd, 0)


@pytest.mark.parametrize(
    ("text", "may_be", "is_it"),
    [
        ("", True, True),
        ('"UNS', True, False),
        ("UNSURE", True, True),
        ("unsure.", True, True),
        ("UNSURE: not in the facts", True, True),
        ("UNSURELY", True, False),
        ("Unsure about that? Come in.", False, False),
        ("A check-up", False, False),
        ("**UNSURE**", True, True),
    ],
)
def test_what_may_be_the_word_for_not_knowing(text: str, may_be: bool, is_it: bool) -> None:
    assert may_be_unsure(text) is may_be
    assert is_unsure(text) is is_it


async def test_a_turn_that_lost_its_lease_gives_way_to_the_one_that_answers(model: OpenAIStub) -> None:
    made = await priced_business()
    model.behave(pieces=tuple(f"slow{number} " for number in range(3_000)), piece_seconds=0.03)
    async with listening() as heard:
        stuck = asyncio.create_task(process(made.scope, inbound(QUESTION)))
        await until(lambda: len(texts(heard)) >= 2)
        (row,) = await rows("update conversations set lease_until = now() - interval '1 second' returning id")
        model.behave(text="It is $189.")
        (recorded,) = await continue_conversation(made.scope, row["id"])
        assert recorded.seq == 2
        outcome = await asyncio.wait_for(stuck, 60)
    assert outcome.reply_text == "It is $189."
    assert [line["text"] for line in await rows("select text from messages where role = 'assistant'")] == ["It is $189."]
    assert (await spent(made))[1] == 0
