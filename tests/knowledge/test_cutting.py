"""Cutting: whole sentences, one section at a time, spans that are exact."""

import random
from itertools import pairwise

import pytest

from omni_app.knowledge.cutting import LEAST_WORDS, MOST_CHARACTERS, MOST_WORDS, cut, sentences, weigh
from omni_app.knowledge.reading.choosing import read_file


def passages(text: str, name: str = "x.md") -> list[tuple[str, str]]:
    read = read_file(text.encode(), name)[1]
    return [(one.heading, read.text[one.start : one.end]) for one in cut(read)]


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_sentences_end_where_a_reader_would_end_them() -> None:
    assert said("Dr. Okonkwo is in on Thursdays, e.g. for sedation. It costs $3.50 a minute! Really? Yes.") == [
        "Dr. Okonkwo is in on Thursdays, e.g. for sedation.",
        "It costs $3.50 a minute!",
        "Really?",
        "Yes.",
    ]
    assert said("1. Bite on it.\n- Do not rinse\n\nEnd") == ["1. Bite on it.", "- Do not rinse", "End"]
    assert said("他说好。然后走了！你呢？") == ["他说好。", "然后走了！", "你呢？"]
    assert said(" \n ") == []


def test_a_short_section_is_one_passage_and_headings_are_never_crossed() -> None:
    found = passages("# Top\n\nIntro.\n\n## One\n\nFirst. Second.\n\nThird.\n\n## Two\n\nFourth.")
    assert found == [("Top", "Intro."), ("Top › One", "First. Second.\n\nThird."), ("Top › Two", "Fourth.")]


def test_a_long_section_is_split_between_sentences_with_one_of_them_in_both() -> None:
    lines = [f"Sentence number {n} of this long section tells one thing that is worth telling." for n in range(60)]
    found = [text for _, text in passages("# Long\n\n" + " ".join(lines))]
    assert len(found) > 3
    for before, after in pairwise(found):
        assert before.split(". ")[-1].rstrip(".") == after.split(". ")[0]
    assert all(LEAST_WORDS / 2 <= weigh(text) <= MOST_WORDS + LEAST_WORDS for text in found)
    assert set(lines) <= {sentence for text in found for sentence in said(text)}


def test_rows_stand_by_themselves() -> None:
    assert passages("Name,Price\nCrown,$900\nFilling,$150\n", "x.csv") == [
        ("", "Name: Crown\nPrice: $900"),
        ("", "Name: Filling\nPrice: $150"),
    ]


@pytest.mark.parametrize("text", ["x" * 9_000, "漢字" * 3_000, "no end here " * 900, "คำ" * 4_000])
def test_a_sentence_without_an_end_is_cut_all_the_same(text: str) -> None:
    found = [piece for _, piece in passages("# H\n\n" + text)]
    assert len(found) > 2
    assert all(len(piece) <= 2 * MOST_CHARACTERS for piece in found)


def test_spans_are_exact_in_order_and_lose_nothing() -> None:
    chance = random.Random(5)
    for _ in range(60):
        parts = []
        for _ in range(chance.randint(1, 12)):
            parts.append("#" * chance.randint(1, 3) + f" Heading {chance.randint(1, 9)}")
            for _ in range(chance.randint(0, 4)):
                count = chance.randint(1, 260)
                parts.append(" ".join(chance.choices(["word", "other.", "Ende?", "№5", "d'été"], k=count)))
        read_text = "\n\n".join([*parts, "Last words here."])
        read = read_file(read_text.encode(), "x.md")[1]
        cuts = cut(read)
        assert [one.start for one in cuts] == sorted(one.start for one in cuts)
        covered = set()
        for one in cuts:
            assert 0 <= one.start < one.end <= len(read.text)
            assert not read.text[one.start].isspace()
            assert not read.text[one.end - 1].isspace()
            covered |= set(range(one.start, one.end))
        for block in read.blocks:
            assert all(read.text[place].isspace() or place in covered for place in range(block.start, block.end))
