"""What a message says: a mail's subject belongs to it where it is new, for models and the memory; staff read it once."""

import pytest

from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.facts import read_facts_of
from omni_app.conversations.memory import list_unembedded
from omni_app.conversations.reading import list_messages
from omni_app.conversations.said import subject_said
from omni_app.infra.database import open_db
from omni_app.knowledge.faqs import create_faq, prepare_faq
from omni_app.orchestrator.turn import continue_conversation
from tests.conversations.mail_desk import MailDesk, open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

QUESTION = "What are your opening hours?"


@pytest.fixture
async def desk(sandbox: Sandbox) -> MailDesk:
    return await open_mail_desk(sandbox)


@pytest.mark.parametrize(
    ("subject", "body", "known", "says"),
    [
        (QUESTION, "thanks!", "", QUESTION),
        (f"Re: {QUESTION}", "Thank you.", QUESTION, ""),
        (f"AW: WG: {QUESTION}", "Danke.", f"Re: {QUESTION}", ""),
        (f"[External] Re: {QUESTION}", "Thank you.", QUESTION, ""),
        ("Parking", "Where can I leave my car?", f"Re: {QUESTION}", "Parking"),
        ("Fwd: Parking", "see below", "", "Parking"),
        ("check-up", "I want a\nCHECK-UP, please.", "", ""),
        ("(no subject)", "Hello", "", ""),
        ("Re:", "Hello", "", ""),
        ("", "Hello", "Parking", ""),
    ],
)
def test_a_subject_says_something_where_it_is_new(subject: str, body: str, known: str, says: str) -> None:
    assert subject_said(subject, body, known) == says


@pytest.mark.usefixtures("database")
async def test_a_question_in_the_subject_is_answered_and_remembered(desk: MailDesk) -> None:
    faq = await prepare_faq(QUESTION, "We are open from nine to five.", ())
    async with open_db(desk.system) as db:
        await create_faq(db, faq)
    first = await desk.receive("see subject", subject=QUESTION)
    assert (first["text"], first["thread_subject"], first["details"]) == ("see subject", QUESTION, {"subject": QUESTION})
    async with open_db(desk.system) as db:
        facts = await read_facts_of(db, first["conversation_id"])
        unembedded = await list_unembedded(db)
    assert [one["text"] for one in facts.history] == [f"{QUESTION}\nsee subject"]
    assert [one.text for one in unembedded] == [f"{QUESTION}\nsee subject"]
    (recorded,) = await continue_conversation(desk.system, first["conversation_id"])
    (answer,) = await rows(
        "select text, source from messages where conversation_id = :id and seq = :seq",
        id=first["conversation_id"],
        seq=recorded.seq,
    )
    assert (answer["source"], "nine to five" in answer["text"]) == ("faq", True)
    await deliver_conversation(desk.system, first["conversation_id"])
    sent = (await desk.account.outbox())[-1]
    # What is quoted below is the mail's text, and staff see the subject at the thread only.
    assert QUESTION not in sent["detail"]["text"].partition("nine to five")[2]
    again = await desk.receive("Thank you!", subject=f"Re: {QUESTION}", reply_to=sent["id"])
    assert (again["conversation_id"], again["details"]) == (first["conversation_id"], {})
    async with open_db(desk.system) as db:
        shown = await list_messages(db, first["conversation_id"])
        facts = await read_facts_of(db, first["conversation_id"])
    assert [one.text for one in shown if one.role == "customer"] == ["see subject", "Thank you!"]
    assert facts.history[-1]["text"] == "Thank you!"


@pytest.mark.usefixtures("database")
async def test_a_changed_subject_is_said_in_its_thread(desk: MailDesk) -> None:
    first = await desk.receive()
    sent = await desk.reply(first["conversation_id"])
    other = await desk.receive("thanks!", subject="Where can I park?", reply_to=sent["id"])
    assert (other["conversation_id"], other["details"]) == (first["conversation_id"], {"subject": "Where can I park?"})
