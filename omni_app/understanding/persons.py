"""Whether somebody wants to deal with a person: by patterns in eight languages, and by what the sentence means."""

import re

from omni_app.infra.text import words
from omni_app.understanding.learned import Vector, likelihood

# Chosen on held-out sentences: of ordinary questions fewer than one in a hundred may lose its answer to a hand-over.
PERSON_AT = 0.8
# Longer messages tell a story; whether one sentence of it asks for a person is for the patterns to say.
MAX_WORDS = 30

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


def asks_for_person(text: str, vector: Vector | None = None) -> bool:
    """Whether the writer wants to deal with a person instead of the assistant: "can I talk to somebody?", "agent please".

    English, Spanish, French, German, Portuguese, Italian, Arabic and Hindi by wording alone; with the MiniLM `vector` of the text
    also sentences no pattern foresaw. It leans to False: a question about people ("do you treat people with diabetes?") must
    still get its answer, and the offer of a person stands beside every reply.
    """
    spoken = words(text)
    line = " ".join(spoken)
    if any(pattern.search(line) for pattern in _ASKS_FOR_PERSON):
        return True
    return vector is not None and 0 < len(spoken) <= MAX_WORDS and likelihood("person", vector) >= PERSON_AT
