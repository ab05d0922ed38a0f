"""How long an answer is kept: by who made it and by what kind of question it answers.

Stored answers are removed when what they were made from changes (`forgetting`), so age is the second line of defence: for what
changes without anybody telling Omni. Opening hours, prices and availability change that way more often than the rest.
"""

from datetime import timedelta

from omni_app.infra.text import words

PROCESS = timedelta(minutes=5)
# In Redis: one hour for what changes, the business's own number of hours (1 to 24) for the rest.
SHARED_CHANGING = timedelta(hours=1)
# In PostgreSQL.
STORED = timedelta(days=7)
STORED_CHANGING = timedelta(days=1)
# What the free brain said because the paid one could not: when that is back, its better answer should be heard soon.
STORED_MAKESHIFT = timedelta(hours=1)


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Words by which a question asks for hours, prices or what is available. In doubt a question counts as changing.
_CHANGING = _set(
    """
    hour hours open opens opened opening close closes closed closing until holiday holidays weekend sunday sundays
    monday saturday saturdays schedule timetable when wait waiting price prices priced pricing cost costs costing fee
    fees charge charges much rate rates quote discount discounts offer offers sale cheap cheaper cheapest expensive
    deal deals promotion available availability stock slot slots free vacancy vacancies left sold book booking hora
    horas horario abierto abren abre cerrado cierra precio precios cuesta cuestan cuánto vale oferta disponible
    disponibilidad cita citas cuándo heure heures horaire horaires ouvert ouvre ouverts fermé ferme prix coûte coûtent
    combien tarif tarifs offre disponible disponibilité quand uhr öffnungszeiten geöffnet offen auf geschlossen
    schließt preis preise kostet kosten wieviel viel angebot verfügbar frei termin termine wann preço preços custa
    custam quanto aberto abrem fechado fecha disponível quando orari orario aperto aperti aprite chiuso prezzo prezzi
    costa costano समय बजे खुला खुले बंद कीमत दाम कितने कितना कितनी उपलब्ध कब السعر سعر بكم كم مفتوح مغلق متاح متوفر
    ساعات متى
    """
)


def is_changing(question: str) -> bool:
    """Whether a question asks for hours, prices or availability."""
    # Languages written without spaces are not taken apart here: their questions count as changing.
    spoken = words(question)
    return any(word in _CHANGING for word in spoken) or len(spoken) <= 1


def shared_time(question: str, shared_hours: int) -> timedelta:
    """How long Redis keeps the answer to `question`."""
    hours = timedelta(hours=shared_hours)
    return min(SHARED_CHANGING, hours) if is_changing(question) else hours


def stored_time(question: str, *, is_model_made: bool) -> timedelta:
    """How long PostgreSQL keeps the answer to `question`.

    The words of the business itself follow every change of it, so they are kept for the full time.
    """
    return STORED_CHANGING if is_model_made and is_changing(question) else STORED
