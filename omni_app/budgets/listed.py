"""The list prices Omni ships with, in nano-dollars a unit, and how they get into the database.

Services that are bought by the channel are priced by channel (`sms`, `email`, …), whichever adapter carries them; a row with the
adapter's name as model wins over the channel's. Language models: https://openai.com/api/pricing (0.15 $ a million tokens = 150
nano-dollars a token).
"""

from collections.abc import Mapping

from sqlalchemy import text

from omni_app.budgets.prices import ANY_MODEL, PriceList, forget_prices
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id

LIST_PRICES: PriceList = {
    ("openai", "gpt-4o-mini"): {"input_token": 150, "output_token": 600},
    ("openai", "gpt-4o"): {"input_token": 2_500, "output_token": 10_000},
    ("openai", "text-embedding-3-small"): {"input_token": 20},
    ("openai", "text-embedding-3-large"): {"input_token": 130},
    ("openai", "whisper-1"): {"minute": 6_000_000},
    ("openai", "tts-1"): {"minute": 10_000_000},
    ("local", ANY_MODEL): {"answer": 0, "embedding": 0},
    ("voice", ANY_MODEL): {"minute": 20_000_000},
    ("sms", ANY_MODEL): {"segment": 5_000_000},
    ("email", ANY_MODEL): {"mail": 100_000},
    ("whatsapp", ANY_MODEL): {"conversation": 5_000_000},
    ("instagram", ANY_MODEL): {"conversation": 10_000_000},
    ("chat", ANY_MODEL): {"message": 0},
    ("telegram", ANY_MODEL): {"message": 0},
    ("understanding", "sentiment"): {"analysis": 1_000_000},
    ("understanding", "intent"): {"analysis": 1_000_000},
    ("understanding", "language"): {"analysis": 1_000_000},
    ("crm", ANY_MODEL): {"call": 1_000_000},
    ("personalisation", ANY_MODEL): {"use": 2_000_000},
}

UNITS: Mapping[str, str] = {
    "input_token": "a token read",
    "output_token": "a token written",
    "embedding": "a text embedded",
    "answer": "an answer",
    "analysis": "an analysis",
    "minute": "a minute begun",
    "segment": "an SMS segment",
    "mail": "an e-mail",
    "conversation": "a conversation of 24 hours",
    "message": "a message",
    "call": "a call",
    "use": "a use",
}
"""Everything a price may be for, and how it reads."""

_SEED = text(
    """
    insert into prices (id, provider, model, unit, nusd_per_unit, valid_from)
    select s.id, s.provider, s.model, s.unit, s.nusd, :now
    from unnest(cast(:ids as uuid[]), cast(:providers as text[]), cast(:models as text[]), cast(:units as text[]),
      cast(:prices as bigint[])) s(id, provider, model, unit, nusd)
    where not exists (select from prices p where p.provider = s.provider and p.model = s.model and p.unit = s.unit)
    returning id
    """
)


async def seed_prices(db: Db) -> int:
    """Add the list prices that are missing (system transaction); rows that exist are left as they are. Return how many."""
    rows = [(*key, unit, nusd) for key, units in LIST_PRICES.items() for unit, nusd in units.items()]
    values = {
        "ids": [new_id() for _ in rows],
        "providers": [row[0] for row in rows],
        "models": [row[1] for row in rows],
        "units": [row[2] for row in rows],
        "prices": [row[3] for row in rows],
        "now": now(),
    }
    added = len((await db.execute(_SEED, values)).all())
    if added:
        db.after_commit(forget_prices)
    return added
