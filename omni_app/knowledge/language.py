"""Which language a short message is in, told from its script and its commonest words.

Enough for the local brain to say that it answers in another language; it claims nothing where the signs are few.
"""

from collections import Counter
from unicodedata import name

from omni_app.infra.text import words

_SCRIPTS = {
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "CYRILLIC": "ru",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
}

# Characters that are looked at: more would tell no more.
_ENOUGH = 400

# Function words that are common in one language and rare in the others.
_COMMON = {
    "en": "the is are you your do does can what how when where my and for of to with have i it not will",
    "es": "el los las una que cuánto cuanto cómo como dónde donde está tienen puedo mi para con por hola usted es y",
    "fr": "le les des une est vous votre combien où quand comment je mon ma pour avec que quel quelle pouvez ça et",
    "de": "der die das und ist sie ihr ihre ich kann wie viel wann wo mein meine für mit nicht ein eine haben kostet",
    "pt": "o os uma você vocês quanto como onde está tem posso meu minha para com não que é fica e",
    "it": "il gli una che quanto come dove è avete posso mio mia per con non quale siete e",
}
_WORDS = {language: frozenset(line.split()) for language, line in _COMMON.items()}


def guess_language(text: str) -> str | None:
    """The ISO 639-1 code of the language `text` is most likely in, or None when there is too little to go by."""
    text = text[:_ENOUGH]
    letters = [sign for sign in text if sign.isalpha()]
    if not letters:
        return None
    scripts = Counter(_SCRIPTS.get(name(sign, "").split(" ")[0], "latin") for sign in letters)
    script, count = scripts.most_common(1)[0]
    if script != "latin":
        # Japanese writes Chinese characters too; the kana give it away.
        return "ja" if script == "zh" and scripts["ja"] else script if count * 2 > len(letters) else None
    spoken = words(text)
    scores = Counter({language: sum(word in known for word in spoken) for language, known in _WORDS.items()})
    (best, hits), (_, others) = scores.most_common(2)
    return best if hits >= 2 and hits > others else None
