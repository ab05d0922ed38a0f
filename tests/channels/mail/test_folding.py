"""What is quoted or signed is folded, in many languages; nothing is ever lost."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.mail.fold_words import FROM, ORIGINAL, SENT_FROM, SUBJECT, WROTE
from omni_app.channels.mail.folding import Folded, fold
from tests.channels.mail.quoted_mails import MAILS, WHOLE


@pytest.mark.parametrize(("now", "below"), [mail[1:] for mail in MAILS], ids=[mail[0] for mail in MAILS])
def test_what_was_written_now_is_told_from_what_stands_below(now: str, below: str) -> None:
    folded = fold(now + below)
    assert (folded.text, folded.folded) == (now, below)


@pytest.mark.parametrize("text", [text for _, text in WHOLE], ids=[name for name, _ in WHOLE])
def test_what_is_all_the_customers_own_stays_whole(text: str) -> None:
    assert fold(text).text == text
    assert fold(text).folded == ""


def test_what_the_html_marks_is_folded_in_any_language() -> None:
    text = "Ja bitte.\n\nNoch eine Frage dazu\nPasst der Dienstag?\n\nAnna Berg, Einkauf"
    start = text.index("Noch")
    assert fold(text, quotes=[(start, len(text))]).text == "Ja bitte.\n\n"
    assert fold(text, signatures=[text.index("Anna")]).folded == "Anna Berg, Einkauf"
    # A quote in the middle, with an answer below it, stays with the answer.
    assert fold(text, quotes=[(start, text.index("Anna"))]).text == text


def test_a_handed_on_block_is_not_folded() -> None:
    text = "Is this from you?\n\nFrom: Bob\nSent: 4 May 2026\nTo: Ann\nSubject: Offer\n\nOnly today.\n"
    assert fold(text).folded.startswith("From: Bob")
    assert fold(text, is_forward=True).folded == ""


def test_a_very_long_mail_is_looked_at_in_its_beginning_only() -> None:
    below = "On 4 May 2026, Bob <bob@example.com> wrote:\n" + "> line\n" * 50_000
    folded = fold("Yes please.\n\n" + below)
    assert folded.text == "Yes please.\n\n"
    assert folded.folded == below
    assert fold("mine\n" * 50_000).folded == ""


_lines = st.one_of(
    st.text(max_size=30),
    st.sampled_from([line for mail in MAILS for line in mail[2].split("\n")]),
    st.sampled_from([*WROTE, *FROM, *SUBJECT, *ORIGINAL, *SENT_FROM]),
    st.sampled_from(
        ["", ">", "> x", "--", "-- ", "---- x ----", "_" * 40, "x:", ":", "On", "wrote:", "a@b.c", "<a@b.c>:", "\u2028", "\x0c"]
    ),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_lines, max_size=25),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 400)), max_size=3),
    st.lists(st.integers(0, 300), max_size=3),
    st.booleans(),
)
def test_nothing_is_ever_lost(
    lines: list[str], ending: str, quotes: list[tuple[int, int]], signatures: list[int], is_forward: bool
) -> None:
    text = ending.join(lines)
    folded = fold(text, ["de", "pt-BR", "xx"], quotes=quotes, signatures=signatures, is_forward=is_forward)
    assert folded.text + folded.folded == text
    assert folded.text.strip() or not text.strip()


@pytest.mark.parametrize(
    "unit",
    ["On ", "Am x schrieb ", "> ", "\n", " ", "From: ", "From:\n", "Von: x\n \n", "_", "-", "* ", "a:\n", "Disclaimer: mail "],
)
def test_no_text_makes_it_slow(unit: str) -> None:
    text = unit * (12_000 // len(unit))
    started = process_time()
    fold(f"Hi\n\n{text}\nwrote:")
    fold(text.replace(" ", "\n"))
    assert process_time() - started < 20


@pytest.mark.parametrize("line", ["_" * 120 + "x\n", "* " * 60 + "x\n", "--a" + " " * 110 + "x\n", "--" + "-a" * 58 + "x\n"])
def test_many_lines_like_marks_do_not_make_it_slow(line: str) -> None:
    started = process_time()
    fold(line * 2_900)
    # Hundredths of a second; one expression over each line took minutes.
    assert process_time() - started < 20


def test_many_marks_of_the_markup_do_not_make_it_slow() -> None:
    text = "a\n" * 2_900
    started = process_time()
    folded = fold(text, signatures=sorted([*range(0, len(text), 2), *[0] * 50_000]))
    fold(text, quotes=[(at, at + 1) for at in range(0, len(text), 2)] * 20)
    assert process_time() - started < 20
    assert folded.text + folded.folded == text


def test_a_signature_marked_behind_the_last_word_takes_nothing() -> None:
    assert fold("Hi\nSee you", signatures=[10]) == Folded(text="Hi\nSee you", folded="")
