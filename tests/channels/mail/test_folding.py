"""What is quoted or signed is folded, in many languages; nothing is ever lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.mail.fold_words import FROM, ORIGINAL, SENT_FROM, SUBJECT, WROTE
from omni_app.channels.mail.folding import fold
from tests.channels.mail.quoted_mails import MAILS, WHOLE


@pytest.mark.parametrize(("now", "below"), [mail[1:] for mail in MAILS], ids=[mail[0] for mail in MAILS])
def test_what_was_written_now_is_told_from_what_stands_below(now: str, below: str) -> None:
    folded = fold(now + below)
    assert (folded.text, folded.folded) == (now, below)


@pytest.mark.parametrize("text", [text for _, text in WHOLE], ids=[name for name, _ in WHOLE])
def test_what_is_all_the_customers_own_stays_whole(text: str) -> None:
    assert fold(text).text == text
    assert fold(text).folded == ""
