"""Which answers of a model may be given to others, and which of them say the same."""

import re
from collections.abc import Iterable

from omni_app.cache.index import Near
from omni_app.cache.keys import answer_key
from omni_app.conversations.facts import Facts
from omni_app.infra.text import words
from omni_app.knowledge.text import is_dated
from omni_app.llm.embedding import embed_one

# Whoever says who they are gets an answer for one.
_INTRODUCES = re.compile(
    r"\b(?:(?:[Mm]y name(?:'s| is)|[Mm]e llamo|[Mm]i nombre es|[Jj]e m'appelle|[Mm]on nom est|[Ii]ch hei(?:ß|ss)e"
    r"|[Mm]ein Name ist|[Mm]eu nome é|[Mm]e chamo|[Mm]i chiamo|[Ii]l mio nome è)\b"
    r"|(?:I am|I'm|[Tt]his is|[Ss]oy|[Jj]e suis|[Ii]ch bin|[Ss]ou|[Ss]ono|[Hh]ier ist|[Ii]ci)\s+(?:an?\s+)?[^\W\d_a-zß-öø-ÿ]\w+)"
    "|मेरा नाम|اسمي|我叫|我的名字|私の名前"
)
_WORD = re.compile(r"\w[\w'’.-]*\w|\w")
_SENTENCE_ENDS = (".", "!", "?", ":", "\n", "…", "。", "！", "？")
# Two answers whose sentence vectors are this near (cosine) and that name the same numbers say the same.
SAME_ANSWER = 0.8
# Only answers to questions this near are compared at all.
SAME_TOPIC = 0.6


def may_lead(facts: Facts, has_history: bool, profile: str) -> bool:
    """Whether nothing of this customer can be in the prompt, as far as is known before memories are recalled."""
    return not has_history and not profile and not facts.memories


def tells_who(question: str) -> bool:
    """Whether the asker says who they are: such words are kept for nobody else."""
    return _INTRODUCES.search(question.replace("’", "'")) is not None


def is_for_everybody(question: str, answer: str, grounds: Iterable[str]) -> bool:
    """Whether an answer made from impersonal facts may be given to whoever asks the same.

    Not when it speaks of today, and not when the asker told who they are or the answer takes up a name or number of theirs that
    stands in none of `grounds`, the texts of the business.
    """
    return not is_dated(answer) and not tells_who(question) and not _echoes(question, answer, grounds)


def _echoes(question: str, answer: str, grounds: Iterable[str]) -> bool:
    asked = set(words(question))
    told: set[str] | None = None
    for found in _WORD.finditer(answer):
        word = found.group()
        if not (word[0].isupper() or any(sign.isdigit() for sign in word)):
            continue
        before, after = answer[: found.start()].rstrip(), answer[found.end() : found.end() + 1]
        # A capital letter at the start of a sentence says nothing, unless somebody is called by it: "Sofia, a crown is …".
        starts = not before or before.endswith(_SENTENCE_ENDS)
        if starts and after not in (",", "!") and not any(sign.isdigit() for sign in word):
            continue
        for plain in words(word):
            if plain not in asked:
                continue
            if told is None:
                told = {each for text in grounds for each in words(text)}
            if plain not in told:
                return True
    return False


async def key_of_answer(text: str, near: Near | None) -> str:
    """The key under which an answer counts: that of the answer to the nearest stored question, when both say the same.

    Otherwise each wording of one question would get an answer of its own, and none of them would stand out any more.
    """
    own = answer_key(text)
    if near is None or near.cosine < SAME_TOPIC or near.answer.answer_hash == own:
        return own
    if _numbers(text) != _numbers(near.answer.text):
        return own
    one, other = await embed_one(text), await embed_one(near.answer.text)
    return near.answer.answer_hash if float(one @ other) >= SAME_ANSWER else own


def _numbers(text: str) -> set[str]:
    return {word for word in words(text) if any(sign.isdigit() for sign in word)}
