"""Does a message ask about the writer's own history? Told by wording alone, leaning to no.

A question about the business ("what do I need to bring?", "what did you say your prices are?") must still get its answer, so a
pattern names both the past and the writer. English well; Spanish, French, German, Portuguese and Italian in their common forms.
"""

import re
from dataclasses import dataclass
from typing import Literal

from omni_app.infra.text import words

Kind = Literal["known", "forget", "past"]
# Whoever writes more than this many words tells something, and may ask besides.
LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalQuestion:
    """`kind`: known (what do you know about me), forget (delete my data), past (what did I order, what did I say).

    `language` is the one of the wording (ISO 639-1). `topic` holds the words of a past question that say what it is about; empty
    for "what did I say last time".
    """

    kind: Kind
    language: str
    topic: str = ""


def _by_language(**patterns: list[str]) -> dict[str, tuple[re.Pattern[str], ...]]:
    return {language: tuple(re.compile(pattern) for pattern in listed) for language, listed in patterns.items()}


_DATA = r"(?:personal |private )?(?:data|info|information|details|records?|history|messages|conversations?|chats?|chat history)"
_POLITE = (
    r"(?:(?:hi|hello|hey|please|kindly|now|ok|okay|so|and|then|can you|could you|would you|will you|you must|you"
    r" should|you have to"
    r"|i (?:want|need|would like|ask|wish)(?: you)? to|i'd like(?: you)? to|i'd like|i want|i would like) )*"
)

_KNOWN = _by_language(
    en=[
        r"\bwhat (?:(?:all|else|exactly) )?(?:do|did|have|has|can) (?:you|u|the (?:bot|assistant)|your (?:company|clinic"
        r"|system|team))"
        r"(?: (?:already|actually|really|all))? (?:know|remember|store|keep|hold|saved?|stored|collected?|got|have"
        r"|learned|learnt)"
        r"(?: \w+){0,3}? (?:about|on|of) (?:me|us)\b",
        rf"\b(?:what|which) (?:of )?(?:my )?{_DATA} (?:do|have|are) (?:you|u)(?: (?:have|got|hold|keep|store|collect"
        rf"|collected|saved"
        r"|stored|know|keeping|storing))*(?: (?:about|on|of|from) (?:me|us))\b",
        rf"\b(?:what|which) (?:of )?my {_DATA} (?:do|have|are) (?:you|u) (?:have|got|hold|keep|store|collect|collected"
        rf"|saved|stored)\b",
        r"\b(?:tell|show|list|give|send|say)(?: to)? (?:me |us )?(?:all |everything )?(?:that )?(?:what )?you (?:know"
        r"|have|remember|store"
        r"|keep|stored|saved)(?: \w+){0,2}? (?:about|on|of) (?:me|us)\b",
        rf"^{_POLITE}(?:show|give|send|export|get|access|see) (?:me )?(?:a copy of )?(?:all )?(?:of )?my (?:personal |private )?"
        r"(?:data|information)(?: please| you have| you store)*$",
        r"\bdo you (?:know|remember|recognise|recognize) (?:who i am|me|my name)(?: again| still| please)*$",
        r"^(?:so )?(?:who am i|what(?:'s| is) my name)$",
    ],
    es=[
        r"\bqué (?:sabes?|sabe usted|sabéis|saben|recuerdas?|recuerdan)(?: \w+){0,2} (?:de|sobre|acerca de) (?:mí|mi)\b",
        r"\bqué (?:datos|información)(?: personales)? (?:tienes?|tienen|guardas?|guardan|almacenan?)(?: \w+){0,2} (?:de"
        r"|sobre) (?:mí|mi)\b",
    ],
    fr=[
        r"\bque (?:savez vous|sais tu)(?: \w+)? (?:de|sur|à propos de) moi\b",
        r"\bqu'est ce que (?:vous savez|tu sais)(?: \w+)? (?:de|sur|à propos de) moi\b",
        r"\bquelles (?:données|informations)(?: personnelles)? (?:avez vous|conservez vous|gardez vous|as tu)(?: \w+){0,2} "
        r"(?:sur|de|à propos de) moi\b",
    ],
    # "weißt" folds to a double s.
    de=[
        r"\bwas (?:wissen sie|weisst du|wisst ihr|weiss man)(?: \w+){0,2} (?:über|von) mi(?:ch|r)\b",
        r"\bwelche (?:daten|informationen)(?: \w+)? (?:haben|speichern|hast|speicherst|habt)(?: \w+){0,3} (?:über|von)"
        r" mi(?:ch|r)\b",
    ],
    pt=[
        r"\bo que (?:(?:você|vocês|tu) )?(?:sabes?|sabem)(?: \w+)? (?:sobre|de) mim\b",
        r"\b(?:que|quais) (?:dados|informações)(?: \w+){0,3}? (?:tem|têm|tens|guardam?|armazenam?)(?: \w+)? (?:sobre|de) mim\b",
    ],
    it=[
        r"\bcosa (?:sai|sapete|sa)(?: \w+)? (?:di|su|su di) me\b",
        r"\b(?:che|quali) (?:dati|informazioni)(?: \w+)? (?:avete|hai|ha|conservate)(?: \w+)? (?:di|su|su di) me\b",
    ],
)

_FORGET = _by_language(
    en=[
        rf"^{_POLITE}(?:forget|erase|delete|remove|wipe|destroy) (?:about )?me"
        r"(?: (?:now|please|completely|entirely|forever|everywhere|all|from (?:your|the) (?:systems?|databases?|records?"
        r"|memory)))*$",
        rf"^{_POLITE}(?:forget|erase|delete|remove|wipe|destroy) (?:all )?(?:of )?my (?:account and )?(?:personal |private )?"
        r"(?:data|info|information|records?|history|messages|conversations?|chats?|chat history|profile)\b"
        r"(?! (?:about|for|of|on|in|to|point|source)\b)",
        rf"^{_POLITE}(?:forget|erase|delete|remove|wipe|destroy) (?:everything|anything|all|all the (?:data"
        rf"|information)|whatever)"
        r"(?: that)?(?: you (?:know|have|remember|store|stored|keep|saved|hold))?(?: (?:about|on|of) me)"
        r"(?: please| now)*$",
        rf"\bi (?:want|would like|wish|need|demand)(?: (?:to have|that))? (?:all )?(?:of )?my {_DATA} (?:to be |be |is |are )?"
        r"(?:deleted|erased|removed|forgotten|wiped)\b",
        r"\bi (?:want|would like|wish|have the right|have a right) to be forgotten\b",
        r"^(?:\w+ ){0,4}(?:right to be forgotten|gdpr (?:erasure|deletion)(?: request)?)(?: \w+){0,2}$",
    ],
    es=[
        r"^(?:por favor |quiero que |puedes |puede |quiero )*(?:olvídame|olvidame|olvídeme|olvídate de mí"
        r"|me olvides?|olvidarme)"
        r"(?: por favor)?$",
        r"^(?:por favor |quiero |quiero que |puedes |puede |pueden )*(?:borr\w+|elimin\w+) (?:todos )?mis (?:datos|mensajes)\b",
    ],
    fr=[
        r"^(?:s'il vous plaît |veuillez |pouvez vous |je veux que vous )*(?:m'oublier|m'oubliez|oubliez moi|oublie"
        r" moi)(?: s'il vous plaît)?$",
        r"^(?:s'il vous plaît |veuillez |pouvez vous |je veux |je voudrais )*(?:supprim\w+|effac\w+) (?:toutes )?mes "
        r"(?:données|informations|messages)\b",
    ],
    de=[
        r"^(?:bitte |können sie |kannst du )*(?:vergessen sie mich|vergiss mich|mich vergessen)(?: bitte)?$",
        r"^(?:bitte |können sie |kannst du )*lösch\w*(?: sie)?(?: bitte)? (?:alle )?meine (?:persönlichen )?(?:daten"
        r"|nachrichten)\b",
        r"^(?:bitte |können sie |kannst du |ich will |ich möchte )*(?:bitte )?(?:alle )?meine (?:persönlichen )?daten"
        r" (?:bitte )?löschen\b",
    ],
    pt=[
        r"^(?:por favor |quero que |pode |podem )*(?:me (?:esqueça|esquece|esquecer)|(?:esqueçam?|esquece)"
        r" (?:me|de mim))(?: por favor)?$",
        r"^(?:por favor |quero |pode |podem |quero que )*(?:apag\w+|exclu\w+|elimin\w+|delet\w+) (?:todos )?(?:os )?meus dados\b",
    ],
    it=[
        r"^(?:per favore |puoi |può |potete )*(?:dimenticami|dimenticatemi|dimenticarmi|mi dimentichi)(?: per favore)?$",
        r"^(?:per favore |puoi |può |potete |voglio |vorrei )*(?:cancell\w+|elimin\w+) (?:tutti )?i miei dati\b",
    ],
)
_NOT_FORGET = re.compile(
    r"\b(?:don't|do not|never|not|won't|how do i|how can i|no me)\b.*\b(?:forget|delete|erase"
    r"|remove|olvid)"
)

_TOLD = (
    r"(?:say|said|ask|asked|tell|told|write|wrote|written|mention|mentioned|order|ordered|buy|bought|purchased?|book"
    r"|booked|reserved?"
    r"|requested?|complain(?:ed)?|report(?:ed)?|choose|chose|chosen|pick|picked)"
)
_RECORD = (
    r"(?:order|question|message|request|visit|appointment|booking|reservation|conversation|chat|purchase|issue"
    r"|problem|complaint"
    r"|enquiry|inquiry)"
)
_WHEN = (
    r"(?:last time|before|earlier|previously|yesterday|last (?:week|month|year|night|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday)|the other day|the last time|in (?:my|our) last (?:chat|conversation|message|visit))"
)

_PAST = _by_language(
    en=[
        rf"\b(?:what|which|how many|how much|where|when|who)(?: \w+){{0,3}}? (?:did|have|had) i (?:(?:just|last|already"
        rf"|previously|ever"
        rf"|actually|even) )*{_TOLD}\b",
        rf"\b(?:did|have|had|haven't|didn't) i (?:(?:not|just|already|previously|ever|actually|even) )*{_TOLD}\b",
        rf"\bwhat (?:was|were|is) my (?:last|previous|earlier|latest|most recent|first|old)(?: \w+)? ?{_RECORD}s?\b",
        rf"\bwhat (?:was|were) my {_RECORD}s?\b",
        rf"\b(?:what|which|when|how much)(?: \w+){{0,3}}? (?:was|were|is|did) (?:\w+ ){{0,3}}?my (?:last|previous|latest"
        rf"|most recent) {_RECORD}\b",
        r"\b(?:when|what time|what day|which day) (?:was|is) my (?:last |next |previous |upcoming )?"
        r"(?:visit|appointment|booking|reservation|check up|delivery)(?: again| please)*$",
        rf"\b(?:remind me|tell me|remember|know|repeat|show me)(?: again)? (?:what|which|when|where|that) i(?:'ve)?"
        rf" (?:(?:just|last|already"
        rf"|previously) )*{_TOLD}\b",
        r"\bdo you (?:still )?(?:remember|recall) (?:what|when|that|our|my|the)\b",
        r"\bwhat (?:did|have|had) (?:we|you and i) (?:last |already )?(?:talk|talked|speak|spoken|chat|discuss|discussed"
        r"|agree|agreed|decide"
        r"|decided|say|said)\b",
        r"\bwhat (?:did|have) (?:you|the assistant|your (?:colleague|team)) (?:just |already )?(?:tell|told|promised?"
        r"|advised?|quoted?) me\b",
        rf"\b(?:what|which|when|how much|where)\b.*\b(?:you|your team|your colleague) (?:gave|give|told|tell|quoted?"
        rf"|promised?|recommended?"
        rf"|recommend|said|say|mentioned?|answered?|sent|suggest(?:ed)?)\b.*\b{_WHEN}$",
        rf"\bwhat (?:was|were) (?:your|the) (?:answer|advice|recommendation|price|offer|quote)\b.*\b{_WHEN}$",
    ],
    es=[
        r"\bqué (?:pedí|dije|pregunté|compré|reservé|escribí|encargué)\b",
        r"\b(?:cuál|cuándo) fue mi (?:último|última) (?:pedido|pregunta|mensaje|visita|cita|reserva)\b",
    ],
    fr=[
        r"\bqu'est ce que j'ai (?:commandé|dit|demandé|acheté|réservé|écrit)\b|\bqu'ai je (?:commandé|dit|demandé|acheté"
        r"|réservé|écrit)\b",
        r"\bquel(?:le)? (?:était|est) ma dernière (?:commande|question|visite|réservation)\b",
    ],
    de=[
        r"\bwas (?:habe|hatte|hab) ich(?: \w+){0,3}? (?:bestellt|gesagt|gefragt|geschrieben|gekauft|gebucht|erzählt)\b",
        r"\b(?:was|wann) war meine? letzter? (?:bestellung|frage|nachricht|besuch|termin|buchung)\b",
    ],
    pt=[
        r"\bo que (?:eu )?(?:pedi|disse|perguntei|comprei|reservei|escrevi|encomendei)\b",
    ],
    it=[
        r"\b(?:che )?cosa (?:ho|avevo) (?:ordinato|detto|chiesto|comprato|prenotato|scritto)\b",
    ],
)
_NOT_PAST = re.compile(
    r"\b(?:did|have|had|haven't|didn't) i (?:need|have to|do|get|win|pay|break|lose|miss)\b"
    r"|\bhow (?:do|can|could|should|would) i\b|\bwhat (?:should|must|can|could|do) i\b|\b(?:if|once|after|when) i"
    r" (?:have )?(?:ordered"
    r"|booked|bought|reserved)\b|\bremember (?:what|that|the) (?!i\b|we\b|you (?:told|said|gave)\b|my\b|our\b)"
)

# Words that say only that it is about the past, or nothing at all.
_FRAME = frozenset(
    words(
        """
        what which when where who how many much did do does have has had i me my mine we our us you your say said ask asked tell
        told write wrote written mention mentioned just last time times already previously ever even actually before earlier
        yesterday week month year night the a an to for of on in at with about from that this it is was were are be been again
        please can could would remind remember recall know know show repeat talk talked speak spoken chat discuss discussed agree
        agreed decide decided and or so hi hello hey give gave given quote quoted promise promised recommend recommended answer
        answered sent suggest suggested team colleague assistant first latest most recent previous next upcoming question
        questions message messages conversation chats other day thing things something anything all not still old request
        qué dije pregunté escribí mi último última fue cuál cuándo mensaje pregunta qu'est ce que j'ai dit demandé écrit quelle
        était ma dernière was habe ich gesagt gefragt geschrieben erzählt letzte letztes mal meine war o que eu disse perguntei
        escrevi cosa ho avevo detto chiesto scritto che la vez pasada última dernière fois beim letzten
        """
    )
)


def recognise(text: str) -> PersonalQuestion | None:
    """What a message asks about its writer's own data or past; None for everything else."""
    spoken = words(text)
    if not 1 <= len(spoken) <= LONGEST:
        return None
    line = " ".join(spoken)
    if (language := _matches(_FORGET, line)) and not _NOT_FORGET.search(line):
        return PersonalQuestion(kind="forget", language=language)
    if language := _matches(_KNOWN, line):
        return PersonalQuestion(kind="known", language=language)
    if (language := _matches(_PAST, line)) and not _NOT_PAST.search(line):
        topic = " ".join(word for word in spoken if word not in _FRAME)
        return PersonalQuestion(kind="past", language=language, topic=topic)
    return None


def _matches(patterns: dict[str, tuple[re.Pattern[str], ...]], line: str) -> str | None:
    return next((language for language, known in patterns.items() if any(pattern.search(line) for pattern in known)), None)
