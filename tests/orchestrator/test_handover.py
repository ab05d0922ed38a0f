"""Handing a conversation to people: when, with which words, and what staff learn."""

from datetime import timedelta
from uuid import UUID

import pytest

from omni_app.conversations.handling import hand_back, take_over
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.orchestrator import handover
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.sayings import SAYINGS
from omni_app.orchestrator.turn import Outcome, continue_conversation, process, receive
from tests.conversations.desk import make_member
from tests.harness.waiting import until
from tests.making import Made, inbound, make_business, rows

pytestmark = pytest.mark.usefixtures("database")

ENGLISH = SAYINGS["en"]
UNKNOWN = "Which moons of Jupiter have volcanoes?"
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


async def closed_today() -> dict[str, list[list[str]]]:
    """Open on one day only, and that is not today."""
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now().weekday() + 3) % 7]
    return {day: [["08:00", "18:00"]]}


async def conversation(outcome: Outcome) -> dict[str, object]:
    (row,) = await rows("select * from conversations where id = :id", id=outcome.conversation_id)
    return row


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("can I speak with a human please", handover.ASKED),
        ("let a person look at this please", handover.ASKED),
        ("This is absolutely unacceptable, you are all incompetent!", handover.UPSET),
        ("das ist eine Frechheit", handover.UPSET),
    ],
)
async def test_who_wants_a_person_or_is_upset_gets_one(text: str, reason: str) -> None:
    made = await make_business()
    await process(made.scope, inbound("price of a checkup"))
    outcome = await process(made.scope, inbound(text))
    row = await conversation(outcome)
    assert (outcome.handed_over, row["handover_reason"], row["status"], row["speaker"]) == (True, reason, "waiting", "human")
    said = outcome.reply_text or ""
    assert reason == handover.ASKED or said.startswith((SAYINGS["en"].sorry, SAYINGS["de"].sorry))


async def test_staff_see_why_what_was_asked_and_what_was_tried() -> None:
    made = await make_business()
    await process(made.scope, inbound("how much is a dental check-up"))
    outcome = await process(made.scope, inbound("agent please"))
    row = await conversation(outcome)
    summary = str(row["handover_summary"])
    assert "Wants: how much is a dental check-up" in summary
    assert "A check-up is $189." in summary
    assert "Last words: agent please" in summary
    thread = await rows(
        "select seq, role, text from messages where conversation_id = :id order by seq", id=outcome.conversation_id
    )
    assert [line["seq"] for line in thread] == [1, 2, 3, 4, 5]
    assert [line["role"] for line in thread] == ["customer", "assistant", "customer", "assistant", "system"]
    assert thread[-1]["text"] == "Asked for a person."
    assert row["last_seq"] == 5


async def test_a_summary_never_outgrows_its_place() -> None:
    question = Question(
        text="word " * 1600,
        hash="",
        earlier=tuple(
            {"seq": seq, "role": role, "text": "talk " * 1000, "offers_person": False}
            for seq, role in enumerate(("customer", "assistant"), 1)
        ),
    )
    for reason in (handover.ASKED, handover.NOT_KNOWN, handover.UPSET):
        assert len(handover.summarise(question, reason)) <= 400


async def test_not_knowing_twice_hands_over_by_itself() -> None:
    made = await make_business()
    first = await process(made.scope, inbound(UNKNOWN))
    assert not first.handed_over
    second = await process(made.scope, inbound("who discovered penicillin and in which year?"))
    row = await conversation(second)
    assert (second.handed_over, row["handover_reason"]) == (True, handover.NOT_KNOWN)
    assert "do not know that either" in (second.reply_text or "")
    # Both count as open questions for whoever teaches the assistant.
    assert len(await rows("select 1 from messages where offers_person")) == 2
    assert "Jupiter" in str(row["handover_summary"])
    assert "penicillin" in str(row["handover_summary"])


async def test_an_answer_in_between_starts_the_count_anew() -> None:
    made = await make_business()
    await process(made.scope, inbound(UNKNOWN))
    assert (await process(made.scope, inbound("is there parking"))).source == "faq"
    assert not (await process(made.scope, inbound("who discovered penicillin and in which year?"))).handed_over


async def test_declining_the_offer_is_understood() -> None:
    made = await make_business()
    await process(made.scope, inbound(UNKNOWN))
    outcome = await process(made.scope, inbound("No, thanks!"))
    assert (outcome.reply_text, outcome.handed_over) == (ENGLISH.all_right, False)


async def test_pain_is_answered_and_not_handed_over() -> None:
    made = await make_business()
    assert not (await process(made.scope, inbound("my tooth is killing me"))).handed_over


async def test_the_line_of_people_and_the_usual_wait_are_told() -> None:
    made = await make_business(opening_hours=ALWAYS)
    first = await process(made.scope, inbound("agent please", who="a"))
    assert "as soon as they are free" in (first.reply_text or "")
    assert "waiting" not in (first.reply_text or "")
    second = await process(made.scope, inbound("agent please", who="b"))
    assert "One person is waiting before you." in (second.reply_text or "")
    await answered_before(made, 5, timedelta(minutes=7))
    third = await process(made.scope, inbound("agent please", who="c"))
    assert "usually within 10 minutes" in (third.reply_text or "")
    assert "2 people are waiting before you." in (third.reply_text or "")


async def answered_before(made: Made, times: int, wait: timedelta) -> None:
    """Conversations that were handed over and answered by staff after `wait`."""
    maya = await make_member(made.scope, "Maya Chen")
    for number in range(times):
        outcome = await process(made.scope, inbound("agent please", who=f"old-{number}"))
        async with open_db(maya) as db:
            await take_over(db, outcome.conversation_id)
        await rows(
            """with c as (update conversations set handed_over_at = now() - interval '1 hour', last_seq = last_seq + 1
                 where id = :id returning *)
               insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, attachments,
                 offers_person, cost_nusd, created_at)
               select gen_random_uuid(), business_id, id, customer_id, last_seq, 'staff', 'Hello', 'sent', '[]', '[]', false, 0,
                 handed_over_at + cast(:wait as interval) from c returning id""",
            id=outcome.conversation_id,
            wait=wait,
        )


async def test_outside_hours_an_address_is_asked_for_noted_as_a_claim_and_confirmed_once() -> None:
    made = await make_business(opening_hours=await closed_today())
    outcome = await process(made.scope, inbound("I want to talk to a person"))
    assert "The team is away now and back" in (outcome.reply_text or "")
    assert ENGLISH.asks_address in (outcome.reply_text or "")
    await receive(made.scope, inbound("sure: sofia@example.com, after five"))

    async def said() -> list[str]:
        found = await rows("select text from messages where role = 'assistant' order by seq")
        return [row["text"] for row in found]

    async def confirmed() -> list[str]:
        lines = await said()
        return lines if len(lines) > 1 else []

    lines: list[str] = await until(confirmed)
    assert lines[-1].startswith(ENGLISH.noted)
    assert "sofia@" not in lines[-1] or "•" in lines[-1] or "…" in lines[-1] or "*" in lines[-1]
    (point,) = await rows("select kind, proof from contact_points where kind = 'email'")
    assert point == {"kind": "email", "proof": "claimed"}
    await receive(made.scope, inbound("or tom@example.com"))
    (row,) = await rows("select speaker, status from conversations where id = :id", id=outcome.conversation_id)
    assert row == {"speaker": "human", "status": "waiting"}
    assert len(await said()) == 2


async def test_an_address_is_not_asked_for_when_one_is_known() -> None:
    made = await make_business(opening_hours=await closed_today())
    await process(made.scope, inbound("price of a checkup"))
    (customer,) = await rows("select id from customers")
    await rows(
        """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
             created_at) values (gen_random_uuid(), :business_id, :customer_id, 'email', '', 'x', 'x', '[]', 'claimed', '', now())
           returning id""",
        business_id=made.scope.business_id,
        customer_id=customer["id"],
    )
    outcome = await process(made.scope, inbound("agent please"))
    assert "away" in (outcome.reply_text or "")
    assert ENGLISH.asks_address not in (outcome.reply_text or "")


async def test_while_waiting_nothing_else_is_said() -> None:
    made = await make_business(opening_hours=ALWAYS)
    outcome = await process(made.scope, inbound("agent please"))
    await process(made.scope, inbound("call me at +1 902 555 0148 or sofia@example.com"))
    assert await continue_conversation(made.scope, outcome.conversation_id) == []
    assert len(await rows("select 1 from messages where role = 'assistant'")) == 1
    assert await rows("select 1 from contact_points where kind = 'email'") == []


async def test_after_handing_back_the_assistant_forgets_its_doubts() -> None:
    made = await make_business()
    maya = await make_member(made.scope, "Maya Chen")
    outcome = await process(made.scope, inbound(UNKNOWN))
    async with open_db(maya) as db:
        await take_over(db, outcome.conversation_id)
    async with open_db(maya) as db:
        await hand_back(db, outcome.conversation_id)
    assert not (await process(made.scope, inbound("who discovered penicillin and in which year?"))).handed_over


async def test_files_alone_cannot_be_opened_and_a_person_is_offered() -> None:
    made = await make_business()
    received, _ = await receive(made.scope, inbound("hello there, look at this", client_id="one"))
    await rows("update messages set text = '' where id = :id returning id", id=received.message_id)
    await lapse(received.conversation_id)
    await continue_conversation(made.scope, received.conversation_id)
    (reply,) = await rows("select text, offers_person from messages where role = 'assistant'")
    assert reply == {"text": ENGLISH.cannot_open_files, "offers_person": True}
    assert (await process(made.scope, inbound("yes please"))).handed_over


async def lapse(conversation_id: UUID) -> None:
    await rows(
        "update conversations set lease_until = now() - interval '1 second' where id = :id returning id", id=conversation_id
    )


async def test_a_returning_customer_is_greeted_by_name() -> None:
    made = await make_business()
    first = await process(made.scope, inbound("price of a checkup", name="Sofia Marin"))
    await rows("update conversations set channel = 'email' where id = :id returning id", id=first.conversation_id)
    outcome = await process(made.scope, inbound("Hello!"))
    assert outcome.reply_text == "Welcome back, Sofia. What can I do for you?"
    assert (await process(made.scope, inbound("Hello!", who="stranger"))).reply_text != outcome.reply_text
