import pickle
import random
from collections.abc import Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.cache.judging import COEFFICIENTS, Rule, read_wording
from omni_app.cache.mismatch import is_hard_mismatch
from omni_app.cache.nearest import EXACT_UP_TO, Candidate, Entry, Floats, Index, build_index
from omni_app.llm.embedding import embedder_name, load_embedder

DIMENSIONS = 96
MODEL = "minilm-l6-v2-int8"
WORDS = ("order", "fee", "open", "card", "10425", "10426", "5 euros", "6 euros", "monday", "sunday", "size", "38", "40", "refund")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)


def vector_of(text: str) -> Floats:
    """Texts that share words lie near each other."""
    total = np.zeros(DIMENSIONS, np.float32)
    for word in text.split():
        total += np.random.default_rng(int(uuid5(NAMESPACE_OID, word)) % 2**32).standard_normal(DIMENSIONS).astype(np.float32)
    return total / np.linalg.norm(total)


def entry(text: str, answer: str = "") -> Entry:
    return Entry(id=uuid5(NAMESPACE_OID, text), text=text, answer=answer or text, vector=vector_of(text))


def ask(index: Index, text: str) -> Candidate | None:
    return index.find(text, vector_of(text))


def many(count: int) -> list[Entry]:
    chance = np.random.default_rng(3)
    widths = np.linspace(1, 0.2, DIMENSIONS)
    centres = chance.standard_normal((count // 10 + 1, DIMENSIONS)) * widths
    vectors = centres[np.arange(count) // 10] + 0.6 * chance.standard_normal((count, DIMENSIONS)) * widths
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return [
        Entry(id=UUID(int=place), text=f"question {chr(97 + place % 26)}", answer=str(place // 10), vector=vector)
        for place, vector in enumerate(vectors)
    ]


def test_an_empty_index_finds_nothing() -> None:
    assert ask(build_index([], MODEL), "order") is None


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, unique=True, max_size=12), texts)
def test_what_is_found_never_differs_in_order_numbers_dates_or_amounts(stored: Sequence[str], asked: str) -> None:
    found = ask(build_index(map(entry, stored), MODEL), asked)

    assert found is None or not is_hard_mismatch(read_wording(asked).figures, read_wording(found.matched_text).figures)


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, unique=True, max_size=12), texts)
def test_what_was_added_is_found_again_word_for_word(stored: Sequence[str], added: str) -> None:
    # The same words in the same proportions have the same vector.
    others = [text for text in stored if not np.allclose(vector_of(text), vector_of(added), atol=1e-4)]
    index = build_index([entry(text) for text in others], MODEL)
    index.add(entry(added))

    found = ask(index, added)

    assert found is not None
    assert found.matched_text == added
    assert found.cosine == pytest.approx(1, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(texts, unique=True, min_size=1, max_size=12), texts, st.randoms())
def test_the_order_of_entries_changes_nothing(stored: list[str], asked: str, chance: random.Random) -> None:
    shuffled = chance.sample(stored, len(stored))
    one, other = (ask(build_index((entry(text, text[:5]) for text in order), MODEL), asked) for order in (stored, shuffled))

    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.entry_id == other.entry_id
        assert one.probability == pytest.approx(other.probability, abs=1e-4)


def test_a_removed_entry_is_never_found() -> None:
    index = build_index([entry("refund open"), entry("card fee")], MODEL)

    assert index.remove(entry("refund open").id)
    assert not index.remove(entry("refund open").id)

    found = ask(index, "refund open")
    assert found is None or found.matched_text == "card fee"
    assert len(index) == 1


def test_adding_an_entry_again_replaces_it() -> None:
    index = build_index([entry("refund open", "old")], MODEL)

    index.add(entry("refund open", "new"))

    found = ask(index, "refund open")
    assert found is not None
    assert (found.answer, len(index)) == ("new", 1)


def test_an_index_survives_pickling() -> None:
    index = pickle.loads(pickle.dumps(build_index([entry("refund open"), entry("card fee")], MODEL)))

    index.add(entry("size card"))

    found = ask(index, "size card")
    assert found is not None
    assert found.matched_text == "size card"


def test_the_quick_scan_of_a_large_index_finds_what_the_exact_one_finds() -> None:
    entries = many(3 * EXACT_UP_TO)
    index = build_index(entries, MODEL)
    stored = np.array([one.vector for one in entries])
    chance = np.random.default_rng(5)
    asked = stored[chance.choice(len(stored), 400)] + 0.05 * chance.standard_normal((400, DIMENSIONS)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)

    found = [index.find("question", vector) for vector in asked]

    best = (stored @ asked.T).max(axis=0)
    same = [one is not None and one.cosine >= cosine - 1e-5 for one, cosine in zip(found, best, strict=True)]
    assert np.mean(same) >= 0.995


def test_an_index_that_grows_large_entry_by_entry_finds_the_last_one() -> None:
    entries = many(2 * EXACT_UP_TO + 50)
    index = build_index(entries[:10], MODEL)
    for one in entries[10:]:
        index.add(one)

    found = index.find(entries[-1].text, entries[-1].vector)

    assert found is not None
    assert found.entry_id == entries[-1].id


def test_a_paraphrase_is_served_and_a_stranger_is_not() -> None:
    embedder = load_embedder()
    taught = {
        "hours": ["What are your opening hours?", "When are you open?", "What time do you close?", "opening times please"],
        "parking": ["Where can I park?", "Is there parking nearby?", "Do you have a car park?", "parking near the shop"],
        "returns": ["How do I return an item?", "Can I send something back?", "What is your return policy?", "return a purchase"],
    }
    pairs = [(text, answer) for answer, phrasings in taught.items() for text in phrasings]
    vectors = embedder.embed([text for text, _ in pairs])
    index = build_index(
        (
            Entry(id=uuid5(NAMESPACE_OID, text), text=text, answer=answer, vector=vector)
            for (text, answer), vector in zip(pairs, vectors, strict=True)
        ),
        embedder_name(),
    )

    def find(text: str) -> Candidate:
        found = index.find(text, embedder.embed([text])[0])
        assert found is not None
        return found

    asked = find("At what time do you open and close?")
    assert (asked.answer, asked.is_accepted) == ("hours", True)
    assert not find("Do you sell gift cards?").is_accepted
    assert not find("My washing machine makes a strange noise").is_accepted


def test_the_fixed_threshold_serves_by_cosine_alone() -> None:
    rule = Rule(coefficients=COEFFICIENTS[MODEL], fixed_cosine=0.99)
    index = build_index([entry("refund open card")], MODEL, rule)

    same, near = ask(index, "refund open card"), ask(index, "refund open")

    assert same is not None
    assert near is not None
    assert same.is_accepted
    assert not near.is_accepted
