"""How angry a message is: fixed expressions in nine languages, shouting, and what the sentence means."""

import re

from omni_app.infra.text import words
from omni_app.understanding.learned import Vector, likelihood

# From here on a person should take over. A patient's pain ("my tooth is killing me") stays far below.
ANGRY_AT = 0.8
MAX_WORDS = 60

_STRONG = 0.9
_WEAK = 0.55
_SHOUTING = 0.2
_MARKS = 0.15


def _any_of(listed: str) -> re.Pattern[str]:
    """Expressions, one a line (a line that begins with | goes on), in the form of `words`; each must stand as whole words."""
    lines = [line.strip() for line in re.sub(r"\n\s*\|", "|", listed.strip()).splitlines()]
    return re.compile(r"(?:^|\s)(?:" + "|".join(lines) + r")(?=\s|$)")


_INSULTS = _any_of(
    r"""
    you(?: are|'re| people are| guys are| all are)?(?: all| just| so| completely| totally| a bunch of| fucking)* (?:idiots?
      |morons?|liars?|thieves|crooks?|scammers?|incompetent|pathetic|useless|assholes?|disgusting)
    (?:fuck|screw) (?:you|off|this)
    go to hell
    (?:is|what) (?:complete |total |absolute |such )?(?:bullshit|horseshit)
    what the (?:hell|fuck|heck) (?:is|are|was|do|did)(?: wrong)?.*
    (?:absolutely |totally |completely |simply )?(?:unacceptable|outrageous)
    shame on (?:you|all of you)
    how dare you
    i (?:will|am going to|'ll) sue (?:you|your)
    (?:i'm|i am|we are|we're) (?:so |really |absolutely |extremely |very )?(?:furious|outraged|livid|enraged|fed up|disgusted)
    (?:i'm|i am) (?:so |really |extremely |very )?(?:angry|mad) (?:at|with|about) (?:you|your|this|how|what)
    worst (?:\S+ )?(?:service|company|experience|clinic|shop|store|restaurant|support)
    (?:you|your company) (?:stole|ripped me off|cheated|lied to|scammed)(?: \S+)?
    total rip ?off
    (?:esto |es )+(?:inaceptable|una vergüenza|indignante|una estafa|una mierda)
    (?:(?:ustedes |vosotros )?(?:son|sois) )(?:unos |un |todos )*(?:ladrones|inútiles|incompetentes|estafadores
      |mentirosos|idiotas|sinvergüenzas)
    qué (?:vergüenza|asco|estafa|robo)
    estoy (?:hart[oa]|furios[oa]|indignad[oa])(?: de| con|$).*
    (?:c'est |est )(?:inadmissible|inacceptable|scandaleux|une honte|honteux|une arnaque|n'importe quoi)
    vous êtes (?:tous |vraiment |complètement )?(?:nuls?|des voleurs|des menteurs|incompétents?|des incapables|des escrocs)
    j'en ai (?:marre|assez|ras le bol)(?: de| que|$).*
    je suis (?:furieux|furieuse|scandalisée?|hors de moi)
    (?:das ist |ist )?(?:eine |echt eine |ja eine |so eine )(?:frechheit|unverschämtheit|schande|sauerei|zumutung)
    (?:das ist |ist )(?:absolut |völlig )?(?:inakzeptabel|unverschämt|das letzte)
    (?:ihr seid|sie sind) (?:alle |doch |total |völlig |nur )*(?:unfähig|betrüger|lügner|idioten|diebe|inkompetent)
    ich (?:bin|hab|habe) (?:so |echt |total |richtig )?(?:stinksauer|wütend|die nase voll|die schnauze voll)
    (?:isso |isto |é )+(?:um absurdo|inaceitável|uma vergonha|um roubo|uma palhaçada)
    (?:vocês são|são) (?:uns |todos )*(?:incompetentes|ladrões|mentirosos|idiotas|inúteis|golpistas)
    estou (?:furios[oa]|indignad[oa]|de saco cheio|farto|farta)(?: \S+)*
    (?:è |e' )(?:inaccettabile|una vergogna|vergognoso|uno scandalo|una truffa|uno schifo)
    (?:siete|voi siete) (?:dei |tutti |solo )*(?:ladri|incompetenti|incapaci|bugiardi|idioti|truffatori)
    sono (?:furios[oa]|stufo|stufa|indignat[oa])(?: di| con|$).*
    (?:هذا |هذه )?(?:غير مقبول|غير مقبولة|فضيحة|عيب عليكم|احتيال|نصب)
    (?:أنتم|انتم) (?:لصوص|كاذبون|كذابون|نصابين|نصابون|فاشلون)
    (?:यह |ये )?(?:बिल्कुल )?(?:बकवास|धोखा|धोखाधड़ी|बर्दाश्त नहीं)(?: है)?
    (?:तुम|आप) (?:लोग |सब )*(?:चोर|झूठे|निकम्मे|बेकार)(?: हो| हैं)?
    (?:это )?(?:возмутительно|безобразие|неприемлемо|позор|обман|издевательство)
    (?:вы )(?:все |просто )*(?:воры|мошенники|идиоты|лжецы|некомпетентны)
    """
)
_GRUMBLES = _any_of(
    r"""
    ridiculous
    unbelievable
    pathetic
    disgraceful
    disappointing
    stupid (?:bot|machine|answer|system)
    useless
    waste of (?:time|money)
    rude
    scam
    rip ?off
    damn
    wtf
    nobody (?:cares|answers|is answering)
    not (?:okay|ok|acceptable)
    vergüenza
    fatal
    pésimo servicio
    nul
    honteux
    unmöglich
    péssimo
    vergogna
    """
)
_LETTERS = re.compile(r"[^\W\d_]")


def anger(text: str, vector: Vector | None = None) -> float:
    """How likely the writer is angry at the business or the assistant, 0–1; `ANGRY_AT` calls for a person.

    English, Spanish, French, German, Portuguese, Italian, Arabic, Hindi and Russian by expressions alone; with the MiniLM
    `vector` of the text also English no expression foresaw. Capitals and exclamation marks make anger worse, never make it.
    """
    spoken = words(text)
    line = " ".join(spoken)
    level = _STRONG if _INSULTS.search(line) else _WEAK if _GRUMBLES.search(line) else 0.0
    if vector is not None and 0 < len(spoken) <= MAX_WORDS:
        level = max(level, likelihood("anger", vector))
    if level >= 0.5:
        letters = _LETTERS.findall(text)
        if len(letters) >= 8 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters):
            level += _SHOUTING
        if re.search(r"[!?]{2}", text):
            level += _MARKS
    return min(level, 1.0)
