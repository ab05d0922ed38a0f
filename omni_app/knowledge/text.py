"""What wording alone tells about a message: its normal form, whether it stands by itself, whether it asks for a person."""

import re
import unicodedata

# Invisible characters that change no word a reader sees: soft hyphen, zero-width marks, bidirectional controls, word joiners,
# variation selectors, byte-order mark. A copied or spoofed question must not differ from a typed one by them. The zero-width
# (non-)joiners U+200C and U+200D go too: texts compared here are all treated alike, so nothing is lost but a ligature.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
_CLOSING = " \t.,;:!?…·。！？；：，、؟،؛।॥"
# Python's \w leaves out combining marks, which would break every Hindi, Thai or vocalised Arabic word apart.
_MARKS = "".join(mark for mark in map(chr, range(0x300, 0xFB20)) if unicodedata.category(mark).startswith("M"))
_WORD = re.compile(rf"(?:[^\W_][{_MARKS}]*)+(?:'(?:[^\W_][{_MARKS}]*)+)*")


def normalize(text: str) -> str:
    """The form under which two messages count as the same wording: NFKC, case folded, single spaces, no invisible characters,
    no closing punctuation. Idempotent. Text that is nothing but punctuation stays as it is ("?" and "!" differ)."""
    plain = _fold(_fold(text))
    return plain.rstrip(_CLOSING).lstrip("¿¡ ") or plain


def words(text: str) -> list[str]:
    """The words of a text in lower case; digits count, punctuation and emoji do not."""
    return _WORD.findall(_fold(text))


def _fold(text: str) -> str:
    # Case folding may leave decomposed or compatibility characters behind, hence the second normalisation (Unicode 3.13, D146).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold())
    return " ".join(folded.translate(_APOSTROPHES).split())


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
    if any(word in _DATED for word in spoken) or re.search(
        r"\bthis (?:week|month|year|weekend|\w+day|morning|evening|afternoon)\b", line
    ):
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


# ---- Does a message ask for a person? ------------------------------------------------------------------------------------

_PERSON = (
    r"(?:human(?: being)?|(?:real|live|actual|human) (?:person|agent|human|one|operator)|person|agent|operator"
    r"|representative|rep"
    r"|advis[eo]r|some(?:one|body)|any(?:one|body)|staff(?: member)?|member of (?:your |the )?(?:staff|team)"
    r"|your (?:team|staff|colleague)"
    r"|team member|receptionist|employee|manager|supervisor|colleague|customer (?:service|support|care)"
    r"|support(?: team| agent)?)"
)
_A = r"(?:(?:a|an|the|your|some|any|one of your) )?(?:(?:real|live|actual|different) )?"
_TALK = r"(?:talk|speak|chat|write|connect|transfer|switch|put|pass|hand|get|reach|contact|call|phone)"
_ASKS_FOR_PERSON = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:talk|speak|chat|talking|speaking) (?:to|with) {_A}{_PERSON}\b(?! (?:resources|named|called|with)\b)",
        rf"\b(?:connect|transfer|switch|put|pass|hand|forward|refer) (?:me |us |this )?(?:over |through "
        rf"|on )?(?:to|with) {_A}{_PERSON}\b",
        rf"\b(?:reach|contact|get hold of|get in touch with) {_A}(?:real person|live agent|human|person|agent"
        rf"|operator|representative|someone|somebody|receptionist|customer (?:service|support|care)|support team)\b",
        rf"\b(?:want|need|get|give|like|prefer|have|send|bring)(?: me| us)? {_A}(?:human|person|agent|operator"
        rf"|representative|someone real)(?: please| now| here| asap| instead| to (?:talk|speak|help me|chat).*)?$",
        r"^(?:please )?(?:a |an )?(?:(?:real|live|actual|human) )?(?:human|person|agent|operator|representative"
        r"|receptionist)(?: please| now)*$",
        r"\b(?:is|are) there (?:a |an |any )?(?:real |live )?(?:human|person|someone|somebody|anyone|agents?"
        r"|operators?)(?: \w+){0,3} (?:i|we) (?:can|could|may) (?:talk|speak|chat)\b",
        r"\b(?:can|could|may|will|would|please have|have|ask) (?:a (?:real )?(?:person|human|colleague)|someone"
        r"|somebody|anyone)(?: please| from your team| from the clinic)? (?:please )?(?:call|phone|ring|contact"
        r"|message|write to|get back to|help) me\b",
        r"\b(?:(?:don't|do not|not|no longer|stop) (?:want(?: to)? )?(?:be )?(?:talk|speak|talking|speaking|chat"
        r"|chatting) (?:to|with)|no more|enough of) (?:a |the |this |your )?(?:bots?|robots?|machines?|computer"
        r"|ai|chatbot)\b",
        r"\bcall me back\b",
        # Spanish
        r"\b(?:habl(?:ar|o|e)|chatear|comunic\w+|contact\w+|p[aá]s(?:ar|e|a)\w*|conect\w+|transf\w+|poner\w*"
        r"|atiend\w+)(?: \S+){0,3}? (?:una? |otra )?(?:persona|humano|humana|agente|alguien|operador|operadora"
        r"|representante|asesor|asesora|recepcionista)\b(?! (?:mayor|con)\b)",
        r"\b(?:quiero|necesito|prefiero|dame|quisiera)(?: a)? (?:una? )?(?:persona|humano|agente|operador"
        r"|operadora|asesor|asesora|representante)(?: real| humano| humana| de verdad)?(?: por favor)?$",
        # French
        r"\b(?:parl(?:er|e)|discuter|échanger|joindre|contacter|passe[rz]?|transf\w+|mettre en (?:relation"
        r"|contact)|en ligne)(?: \S+){0,3}? (?:un |une |à |d')?(?:humain|humaine|personne|conseiller|conseillère"
        r"|agent|quelqu'un|opérateur|opératrice|responsable|être humain|vraie personne)\b",
        r"\b(?:je veux|je voudrais|il me faut|j'aimerais) (?:un |une )?(?:vrai |vraie )?(?:humain|personne"
        r"|conseiller|conseillère|agent|opérateur)(?: humain)?(?: s'il vous plaît| svp)?$",
        # German
        r"\bmit (?:ein\w+ |dem |der |ihre\w+ )?(?:echten |richtigen |lebenden )?(?:mensch\w*|mitarbeiter\w*"
        r"|person|berater\w*|jemand\w*|agent\w*|kolleg\w+)(?: \S+){0,4}? (?:sprechen|reden|chatten|schreiben"
        r"|verbinden|verbunden|telefonieren)\b",
        r"\b(?:sprechen|spreche|reden|verbinden sie mich|verbinde mich|verbinden)(?: \S+){0,2}? mit"
        r" (?:ein\w+ )?(?:echten )?(?:mensch\w*|mitarbeiter\w*|person|berater\w*|jemand\w*)\b",
        r"\b(?:will|möchte|brauche) (?:einen |eine )?(?:echten |echte )?(?:menschen|mitarbeiter|mitarbeiterin"
        r"|person|berater)(?: bitte)?$",
        # Portuguese
        r"\b(?:fal(?:ar|o|e)|conversar|contat\w+|pass(?:ar|e|a)|transf\w+|conect\w+)(?: \S+){0,3}? (?:um "
        r"|uma )?(?:humano|humana|pessoa|atendente|alguém|agente|operador|operadora|representante)\b(?! com\b)",
        r"\b(?:quero|preciso(?: de)?|prefiro|gostaria de) (?:um |uma )?(?:atendente|humano|pessoa|agente"
        r"|operador)(?: humano| real)?(?: por favor)?$",
        # Italian
        r"\b(?:parl(?:are|o)|chattare|contattare|pass(?:are|ami|atemi|i)|mettermi in contatto"
        r"|metta in contatto)(?: \S+){0,3}? (?:un |una |un')?(?:umano|essere umano|persona|operatore|operatrice"
        r"|qualcuno|agente|addetto|addetta|consulente)\b(?! con\b)",
        r"\b(?:voglio|vorrei|serve|preferisco) (?:un |una |un')?(?:operatore|operatrice|umano|persona"
        r"|agente)(?: reale| umano)?(?: per favore)?$",
        # Arabic
        r"(?:تحدث|تكلم|أكلم|اكلم|كلام|حولني|تحويلي|حولوني|تواصل)(?:\s\S+){0,3}?\s\S{0,3}(?:شخص|إنسان|انسان|موظف"
        r"|بشر|ممثل|مندوب|أحد|احد|خدمة العملاء)",
        # Hindi, in its own script and in Latin letters
        r"(?:इंसान|इन्सान|व्यक्ति|एजेंट|प्रतिनिधि|किसी|कर्मचारी"
        r"|मनुष्य)(?:\s\S+){0,2}?\s?से(?:\s\S+){0,2}?\s(?:बात|बातचीत|संपर्क)",
        r"\b(?:insaa?n|agent|vyakti|aadmi|kisi|staff|manager)(?: \S+){0,2}? se baa?t\b",
    )
)


def asks_for_person(text: str) -> bool:
    """Whether the writer wants to deal with a person instead of the assistant: "can I talk to somebody?", "agent please".

    English, Spanish, French, German, Portuguese, Italian, Arabic and Hindi, by wording alone. It leans to False: a question about
    people ("do you treat people with diabetes?") must still get its answer, and the offer of a person stands beside every reply.
    """
    line = " ".join(words(text))
    return any(pattern.search(line) for pattern in _ASKS_FOR_PERSON)
