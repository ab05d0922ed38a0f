from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import numpy as np
import pytest

from omni_app.infra.ids import new_id
from omni_app.knowledge.matching import ANSWER_AT, Match, Matcher, Taught, fit_matcher
from omni_app.llm.embedding import load_embedder

CLINIC = {
    "hours": [
        "What are your opening hours?",
        "When are you open?",
        "Are you open on Saturdays?",
        "what time do you close",
        "opening times",
    ],
    "parking": [
        "Where can I park?",
        "Is there parking at the clinic?",
        "Do you have a car park?",
        "parking near you",
        "can I park for free",
    ],
    "whitening": [
        "How much is teeth whitening?",
        "price of whitening",
        "What does it cost to whiten my teeth?",
        "bleaching cost",
    ],
    "children": [
        "Do you treat children?",
        "Can I bring my kids?",
        "Is there a dentist for children?",
        "from what age do you see children",
    ],
    "implant": [
        "How much is a dental implant?",
        "What does an implant cost?",
        "implant price",
        "cost of replacing a tooth with an implant",
    ],
    "pain": [
        "I have a toothache, what should I do?",
        "my tooth hurts badly",
        "Can I be seen at once with severe pain?",
        "emergency toothache",
    ],
}
Ask = Callable[[str], Match | None]


def _fit(answers: dict[str, list[str]]) -> tuple[Matcher, dict[str, UUID], Ask]:
    embedder = load_embedder()
    ids = {name: new_id() for name in answers}
    taught = [
        Taught(faq_id=ids[name], text=text, vector=vector)
        for name, texts in answers.items()
        for text, vector in zip(texts, embedder.embed(texts), strict=True)
    ]
    matcher = fit_matcher(taught)
    return matcher, ids, lambda text: matcher.match(text, embedder.embed([text])[0])


@pytest.fixture(scope="module")
def clinic() -> tuple[dict[str, UUID], Ask]:
    _, ids, ask = _fit(CLINIC)
    return ids, ask


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("at what time do you open in the morning?", "hours"),
        ("is there somewhere to leave my car", "parking"),
        ("how expensive is it to have my teeth whitened", "whitening"),
        ("do you see kids", "children"),
        ("what would one implant cost me", "implant"),
        ("my tooth is hurting so much, what do I do", "pain"),
    ],
)
def test_a_new_wording_finds_its_answer(clinic: tuple[dict[str, UUID], Ask], text: str, answer: str) -> None:
    ids, ask = clinic
    match = ask(text)
    assert match is not None
    assert match.faq_id == ids[answer]
    assert match.confidence >= ANSWER_AT


@pytest.mark.parametrize(
    "text",
    [
        "who won the football match last night",
        "what is the capital of Australia",
        "write me a poem about autumn",
        "hello",
        "thank you",
        "do you sell bicycles",
        "my laptop does not start",
        "",
        "????",
        "😀😀😀",
        "zxcv qwer",
        "कितने बजे",
        "a " * 40_000,
    ],
)
def test_what_was_not_taught_is_refused(clinic: tuple[dict[str, UUID], Ask], text: str) -> None:
    match = clinic[1](text)
    assert match is not None
    assert match.confidence < ANSWER_AT


def test_confidences_are_probabilities_best_first(clinic: tuple[dict[str, UUID], Ask]) -> None:
    ids, ask = clinic
    match = ask("How much would you charge for new teeth?")
    assert match is not None
    confidences = [match.confidence, *(confidence for _, confidence in match.runner_up)]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    named = [match.faq_id, *(faq_id for faq_id, _ in match.runner_up)]
    assert len(set(named)) == len(named) == 5
    assert set(named) <= set(ids.values())


@pytest.mark.parametrize("text", [text for texts in CLINIC.values() for text in texts])
def test_a_taught_wording_is_always_answered(clinic: tuple[dict[str, UUID], Ask], text: str) -> None:
    ids, ask = clinic
    match = ask(f"  {text.upper()}!")
    assert match is not None
    assert match.faq_id == next(ids[name] for name, texts in CLINIC.items() if text in texts)
    assert match.confidence >= 0.99


def test_a_wording_taught_for_two_answers_is_left_to_the_classifier() -> None:
    _, _, ask = _fit({"one": ["What is the price?", "price of a crown"], "two": ["What is the price?", "price of a bridge"]})
    match = ask("What is the price?")
    assert match is not None
    assert match.confidence < 0.99


def test_nothing_taught_matches_nothing() -> None:
    matcher, _, ask = _fit({})
    assert ask("hello") is None
    assert list(matcher.faq_ids) == []


@pytest.mark.parametrize("names", [["hours"], ["hours", "parking"]])
@pytest.mark.parametrize("phrasings", [1, 4])
def test_one_or_two_answers_work(names: Sequence[str], phrasings: int) -> None:
    _, ids, ask = _fit({name: CLINIC[name][:phrasings] for name in names})
    match = ask("What are your opening hours?")
    assert match is not None
    assert match.faq_id == ids["hours"]
    assert match.confidence >= ANSWER_AT
    assert len(match.runner_up) == len(names) - 1
    strange = ask("who is the president of Peru")
    assert strange is not None
    assert strange.confidence < ANSWER_AT


def test_texts_without_words_and_twins_can_be_taught() -> None:
    _, ids, ask = _fit({"emoji": ["😀", "😀", "!!!"], "hours": ["When are you open?"]})
    match = ask("when are you open")
    assert match is not None
    assert match.faq_id == ids["hours"]


def test_threads_share_a_matcher() -> None:
    matcher, _, _ = _fit(CLINIC)
    texts = [text for texts in CLINIC.values() for text in texts]
    vectors = load_embedder().embed(texts)
    alone = [matcher.match(text, vector) for text, vector in zip(texts, vectors, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(matcher.match, texts * 5, np.tile(vectors, (5, 1))))
    assert together == alone * 5
