"""Give a conversation to people: why, what staff should know, and honest words about the waiting."""

from operator import attrgetter
from typing import Any

from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.conversations.waiting import load_queue
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.orchestrator import phrases
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.sayings import SAYINGS
from omni_app.understanding import ANGRY_AT, anger, asks_for_person
from omni_app.understanding.learned import Vector

# The reasons, in the words staff read.
ASKED = "asked for a person"
WANTED_TEAM = "wanted the team after an offer"
NOT_KNOWN = "not known twice"
UPSET = "upset customer"
PAUSED = "paid answers paused"

# What the customer is told first, and the line both sides see in the thread: it blames nobody.
_OPENINGS = {
    ASKED: attrgetter("of_course"),
    WANTED_TEAM: attrgetter("of_course"),
    NOT_KNOWN: attrgetter("not_known"),
    UPSET: attrgetter("sorry"),
    PAUSED: attrgetter("cannot_answer"),
}
_LINES = {
    ASKED: "Asked for a person.",
    WANTED_TEAM: "Asked for the team.",
    NOT_KNOWN: "The assistant asked the team to help.",
    UPSET: "The assistant asked the team to help.",
    PAUSED: "The assistant asked the team to help.",
}

_PART = 120


def reason_by_wording(question: Question) -> str | None:
    """Why a person is needed, as far as words tell without a sentence vector."""
    if asks_for_person(question.text):
        return ASKED
    if question.follows_offer and phrases.is_yes(question.text):
        return WANTED_TEAM
    return UPSET if anger(question.text) >= ANGRY_AT else None


def reason_by_meaning(question: Question, vector: Vector) -> str | None:
    """Why a person is needed, by what the sentence means."""
    if asks_for_person(question.text, vector):
        return ASKED
    return UPSET if anger(question.text, vector) >= ANGRY_AT else None


async def hand_over(scope: Scope, facts: Facts, question: Question, reason: str) -> Answer:
    """The answer that passes the conversation to the team. It costs nothing."""
    customer_id = facts.customer.id if facts.customer else None
    async with open_db(scope) as db:
        queue = await load_queue(db, facts.conversation_id, customer_id)
    language = phrases.language_of(facts, question)
    text = phrases.handing_over(
        facts.business_name,
        facts.opening_hours,
        facts.timezone,
        now(),
        language=language,
        opening=_OPENINGS[reason](SAYINGS[language]),
        queue=queue,
    )
    return Answer(
        text=text,
        source="none",
        handover_reason=reason,
        handover_summary=summarise(question, reason),
        handover_line=_LINES[reason],
        knowledge_version=facts.knowledge_version,
    )


def summarise(question: Question, reason: str) -> str:
    """At most 400 characters for staff: what the customer wants, what was tried, their last words."""
    asked = [message["text"] for message in question.earlier if message["role"] == "customer" and message["text"]]
    # "Agent please" and "yes" say nothing about the matter; what came before does.
    wants = asked[-1] if asked and reason in (ASKED, WANTED_TEAM) else question.text or (asked[-1] if asked else "")
    if reason == NOT_KNOWN and asked:
        wants = f"{_short(asked[-1], _PART // 2)} / {_short(question.text, _PART // 2)}"
    parts = [f"Wants: {_short(wants)}", f"Tried: {_tried(question.earlier)}"]
    if question.text and question.text != wants:
        parts.append(f"Last words: {_short(question.text)}")
    return "\n".join(parts)[:400]


def _tried(earlier: tuple[dict[str, Any], ...]) -> str:
    replies = [message for message in earlier if message["role"] == "assistant"]
    if not replies:
        return "nothing yet"
    if replies[-1]["offers_person"]:
        return "the assistant did not know"
    return f"the assistant said “{_short(replies[-1]['text'], 90)}”"


def _short(text: str, most: int = _PART) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
