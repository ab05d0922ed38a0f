"""What wording alone tells about a message: whether it means the same in every conversation."""

import re

from omni_app.infra.text import words


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# ---- Does a message stand by itself? -------------------------------------------------------------------------------------

_GREETINGS = _set(
    """
    hi hello hey hiya dear good morning afternoon evening day everyone all there thanks thank you very so much many great
    ok okay fine perfect please sorry excuse me hola buenos días buenas tardes gracias bonjour bonsoir salut merci
    beaucoup hallo guten tag morgen danke schön olá bom dia obrigado obrigada ciao buongiorno grazie namaste नमस्ते
    धन्यवाद مرحبا شكرا السلام عليكم
    """
)
_OPENERS = _set(
    """
    hi hello hey hiya thanks ok okay great perfect hola gracias bonjour merci hallo danke olá ciao grazie namaste नमस्ते
    مرحبا
    """
)
# First words that carry on what was said, or answer a question that was asked.
_CARRIES_ON = _set(
    """
    and but so also or then yes yeah yep yup no nope nah not same otherwise either neither because which maybe probably
    only y e o pero entonces también sí et mais alors donc oui non und aber oder also dann ja nein mas então também sim
    não ma allora anche sì और लेकिन तो हाँ हां नहीं نعم لا لكن وماذا وكم وهل وأين
    """
)
_CARRY_ON_PHRASES = (
    "what about",
    "how about",
    "y el ",
    "y la ",
    "et pour",
    "was ist mit",
    "e il ",
    "e la ",
    "e o ",
    "e a ",
    "qué tal",
    "ماذا عن",
)
# Words that point at something said before.
_POINTERS = _set(
    """
    it its this these those they them their theirs he him his she her hers ones former latter eso esto ese esa esos esas
    ello aquello ellos ellas ça cela celui celle ceux celles diese dieser dieses davon dafür damit isso isto aquilo ele
    ela eles elas questo questa quello quella quelli esso هذا هذه ذلك تلك यह वह ये वो इसका उसका इसकी उसकी इसे उसे
    """
)
_POINTS_AT_THE_END = _set("that one there then too again instead though either both else das es lo la le")
_BEFORE_ONE = _set(
    """
    which that this other another last first second third next new old cheaper cheapest best big small any each
    """
)
_AFTER_SAME = _set("for thing one price as with again to")
_CLAUSE_FOLLOWS = _set(
    """
    heard think know sure said says say read believe hope afraid saw noticed found understand so true possible important
    anything something someone anyone everything
    """
)
# The answer changes with the day, so yesterday's answer must not be given again.
_DATED = _set(
    """
    today tonight tomorrow yesterday now currently hoy mañana ahora aujourd'hui demain maintenant heute jetzt hoje amanhã
    agora oggi domani adesso اليوم غدا الآن आज कल अभी
    """
)
_THIS_DAY = re.compile(r"\bthis (?:week|month|year|weekend|\w+day|morning|evening|afternoon)\b")
# "my" with one of these asks about the writer's own record; the answer must not reach anybody else.
_OWN_RECORD = _set(
    """
    appointment appointments booking bookings reservation order orders account bill invoice name visit refund package
    parcel delivery payment subscription balance password email number address request ticket cita pedido reserva rendez
    commande termin bestellung consulta appuntamento ordine
    """
)
_OWN = _set("my mine our mi mis mon ma mes mein meine meinen meiner meu minha mio mia")
_EARLIER = re.compile(
    r"\b(?:you (?:just )?(?:said|told|mentioned|wrote)|i (?:just )?(?:said|told|asked|mentioned)|as i said"
    r"|last time|earlier|remember me|my last)\b"
)
# "It" that points at nothing: "is it possible to …", "how long does it take to …", "does it hurt when …".
_EMPTY_IT = re.compile(r"\bit\b(?: [\w'-]+){0,5}? (?:(?:to(?! (?:me|us|him|her|them|my|the|you)\b))|if|when|for .+? to) ")
_THERE_IS = re.compile(r"\b(?:is|are|was|were|be|will|isn't|aren't|if) there\b|\bthere(?:'s| is| are| was| were)\b")
_FRAGMENT = _set(
    """
    for in on at with without from about to until till after before around just during by of
    """
)
_EMPTY_WORDS = _GREETINGS | _set(
    """
    a an the i you we he she me us my your our am is are was were be been do does did have has had can could will would
    shall should may might must what when where who why how which whose much many more most some any no not to of in on at
    for with about and or if as by from up than too just only really actually exactly sure right well know tell say mean
    think want need like get give got let explain help question questions ask details detail information info another
    other else thing things something anything else work works make go going come see show again then long often it's i'm
    that's what's there's i'd i'll don't doesn't can't
    """
)
_SCRIPTS_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def is_dated(text: str) -> bool:
    """Whether a text speaks of a day or a moment as seen from now, so that it is wrong later."""
    spoken = words(text)
    return any(word in _DATED for word in spoken) or _THIS_DAY.search(" ".join(spoken)) is not None


def is_self_contained(text: str) -> bool:
    """Whether these words mean the same in every conversation, for every customer, on every day.

    Only such messages may be answered from what somebody else was answered. In doubt False: the price is a few milliseconds.
    """
    spoken = words(text)
    while spoken and spoken[0] in _OPENERS:
        spoken = spoken[1:]
    if _SCRIPTS_WITHOUT_SPACES.search(text):
        return len(_SCRIPTS_WITHOUT_SPACES.findall(text)) >= 6 and not any(digit * 5 in text for digit in "0123456789")
    if len(spoken) < 3 or all(word in _EMPTY_WORDS for word in spoken):
        return False
    line = " ".join(spoken)
    if spoken[0] in _CARRIES_ON or line.startswith(_CARRY_ON_PHRASES) or (spoken[0] in _FRAGMENT and len(spoken) <= 6):
        return False
    if any(word in _DATED for word in spoken) or _THIS_DAY.search(line):
        return False
    if _names_somebody(text, spoken) or _EARLIER.search(line):
        return False
    return not _points_back(spoken, line)


def _names_somebody(text: str, spoken: list[str]) -> bool:
    """A number, an address, or a record of the writer's own."""
    if "@" in text or any(sum(character.isdigit() for character in word) >= 4 for word in spoken):
        return True
    return any(word in _OWN and not _OWN_RECORD.isdisjoint(spoken[place + 1 : place + 4]) for place, word in enumerate(spoken))


def _points_back(spoken: list[str], line: str) -> bool:
    if spoken[-1] in _POINTS_AT_THE_END and not (spoken[-1] == "there" and _THERE_IS.search(line)):
        return True
    for place, word in enumerate(spoken):
        # Far enough into a longer message a pronoun has its noun before it ("My crown came off, can you glue it back on?").
        if place >= 4 and len(spoken) >= 8:
            return False
        before = spoken[place - 1] if place else ""
        after = spoken[place + 1] if place + 1 < len(spoken) else ""
        if word == "it":
            if not _EMPTY_IT.search(f"{line} "):
                return True
        elif (
            word in _POINTERS
            or (word == "that" and before not in _CLAUSE_FOLLOWS)
            or (word == "one" and before in _BEFORE_ONE)
            or (word == "same" and (after in _AFTER_SAME or not after))
            or (word == "there" and not _THERE_IS.search(line))
        ):
            return True
    return False
