import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.cache.mismatch import Figures, is_hard_mismatch, read_figures
from omni_app.infra.text import words


def figures(text: str) -> Figures:
    return read_figures(text, words(text))


def mismatch(one: str, other: str) -> bool:
    return is_hard_mismatch(figures(one), figures(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is order 10425?", "Where is order 10426?"),
        ("Where is order #12?", "Where is order #13?"),
        ("Where is A-1042?", "Where is B-1042?"),
        ("Where is order 10425?", "Where is my order?"),
        ("What is the fee for $50?", "What is the fee for $500?"),
        ("What is the fee for 50 euros?", "What is the fee for 50 dollars?"),
        ("What is the fee for 50 %?", "What is the fee?"),
        ("Are you open on 12 May?", "Are you open on 13 May?"),
        ("Are you open on 2026-05-12?", "Are you open on 2027-05-12?"),
        ("Are you open on Saturdays?", "Are you open on Sundays?"),
        ("Are you open in December?", "Are you open in November?"),
        ("Is Monday free?", "Is tomorrow free?"),
        ("Can I come at 5 pm?", "Can I come at 6 pm?"),
        ("Can I come at 17:00?", "Can I come at 17:30?"),
        ("¿Abrís el lunes?", "¿Abrís el martes?"),
        ("Habt ihr montags auf?", "Habt ihr dienstags auf?"),
        ("क्या आप सोमवार को खुले हैं?", "क्या आप मंगलवार को खुले हैं?"),
        ("११२३ का ऑर्डर कहाँ है", "११२४ का ऑर्डर कहाँ है"),
        ("أين الطلب ١٠٤٢", "أين الطلب ١٠٤٣"),
        ("11月21日可以吗", "11月22日可以吗"),
        ("Do you have size 38?", "Do you have size 40?"),
        ("Is the iPhone 14 in stock?", "Is the iPhone 15 in stock?"),
    ],
)
def test_other_figures_rule_out_the_same_answer(one: str, other: str) -> None:
    assert mismatch(one, other)
    assert mismatch(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is order 10425?", "order 10425 where is it"),
        ("I paid € 5", "I paid 5,00 euros"),
        ("I paid $1,000.50", "I paid 1000.5 USD"),
        ("I paid 1.000 €", "I paid 1 000 euros"),
        ("I paid ٥٠ EUR", "I paid 50 €"),
        ("I get ５０％ off", "I get 50 percent off"),
        ("On 12 May 2026", "on May 12th, 2026"),
        ("On 2026-05-12", "on 12.05.2026"),
        ("On 13/5/2026", "on 5/13/2026"),
        ("At 5 pm", "at 17:00"),
        ("At 10:30 am", "at 10:30"),
        ("When are you open on Mondays?", "Are you open on Monday?"),
        ("Are you open 24/7?", "Are you open day and night?"),
        ("I have two questions, may I ask?", "May I ask you something?"),
        ("Do you have size 38?", "Which sizes do you have?"),
        ("My 2nd card", "my second card"),
    ],
)
def test_the_same_figures_in_another_spelling_agree(one: str, other: str) -> None:
    assert not mismatch(one, other)
    assert not mismatch(other, one)


@given(st.text(max_size=80))
def test_any_text_agrees_with_itself(text: str) -> None:
    assert not mismatch(text, text)


@given(st.integers(0, 10**9), st.sampled_from(["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "０１２３４５６７８９"]))
def test_digits_of_another_script_are_the_same_digits(number: int, digits: str) -> None:
    local = "".join(digits[int(digit)] for digit in str(number))

    assert figures(f"order {number}") == figures(f"order {local}")


@given(st.integers(1000, 10**9), st.integers(1000, 10**9))
def test_two_order_numbers_agree_only_when_they_are_one(one: int, other: int) -> None:
    assert mismatch(f"where is order {one}", f"where is order {other}") == (one != other)
