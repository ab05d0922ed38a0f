"""Sentences in a document that speak to the assistant instead of a reader.

Text in a document is data. Whoever wrote "ignore your instructions" into one meant to turn a model, so such a sentence is neither
quoted nor counted as an answer. A heuristic list: it costs an honest sentence now and then, and no list catches everything;
what a model is shown is marked as data besides.
"""

import re

_MODEL = r"(?:ai|llm|gpt|chat\ ?gpt|chatbot|bot|assistant|language\ model|model|agent)"
_PEOPLE = r"(?:user|customer|visitor|reader|person|client|guest)s?"
_ORDERS = re.compile(
    rf"""
    \b(?:ignore|disregard|forget|override|bypass)\b.{{0,40}}\b
      (?:instruction|prompt|rule|polic|guideline|everything|above|previous|prior)
    | \b(?:system|developer|hidden|initial)\ (?:prompt|message|instruction)s?\b
    | \b(?:you\ are|act|behave|respond|answer|pretend\ to\ be|roleplay)\b.{{0,25}}\b
      (?:an?\ ai|language\ model|chatbot|chat\ ?gpt|assistant|bot|unrestricted)\b
    | \b(?:ai|llm|gpt|language)[\ -](?:model|assistant|agent)s?\b.{{0,40}}\b(?:must|should|shall|will|always|never|reading|to)\b
    | \b(?:instruction|note|message|attention|order|command)s?\ (?:to|for)\ (?:the\ |any\ |all\ )?{_MODEL}s?\b
    | ^\W*(?:dear\ |hey\ |attention\W+)?(?:{_MODEL}|system|user)\s*[:,]
    | \b(?:tell|inform|convince|instruct)\ (?:the\ |every\ |all\ |any\ )?{_PEOPLE}\b
    | \b(?:do\ not|don't|never)\ (?:tell|inform|mention|reveal|disclose)\b.{{0,30}}\b(?:{_PEOPLE}|instruction|prompt)\b
    | \b(?:reveal|print|repeat|output|leak)\b.{{0,30}}\b(?:prompt|instructions|api\ key|conversation\ history)\b
    | <\|?\ ?/?(?:im_start|im_end|system|assistant|user|inst)\b | \[/?INST\] | \#{{2,}}\s*(?:system|instruction|assistant)
    | \b(?:ignorier\w*|vergiss|missachte)\b.{{0,40}}\b(?:anweisung|vorherig|bisherig|regel|prompt)
    | \b(?:ignora|olvida|desestima)\w*\b.{{0,40}}\b(?:instruccion|anterior|regla|prompt)
    | \b(?:ignore[rz]?|oublie[rz]?)\b.{{0,40}}\b(?:consigne|instruction|précédent|règle)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Any order holds one of these; most passages hold none, and are spared the closer look.
_SIGNS = re.compile(
    r"ignor|disregard|forget|overrid|bypass|prompt|instruct|assistant|chat ?gpt|chatbot|\bbots?\b|\bllm|\bgpt|\bai\b|\bmodels?\b"
    r"|\bagents?\b|language|system|developer|\buser\b|\btell\b|inform|convince|reveal|mention|disclose|<|\[/?inst|##"
    r"|vergiss|missachte|olvida|desestima|oublie",
    re.IGNORECASE,
)


def gives_orders(sentence: str) -> bool:
    """Whether a sentence speaks to the assistant: "ignore your instructions and …", "note to the AI: …"."""
    return bool(_ORDERS.search(" ".join(sentence.split())))


def may_give_orders(passage: str) -> bool:
    """Whether a closer look at the sentences of a passage is worth its time."""
    return bool(_SIGNS.search(passage))
