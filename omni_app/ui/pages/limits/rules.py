"""How much a customer may ask, and when something is taken for abuse: the form and what becomes of it."""

from dataclasses import asdict, dataclass
from typing import Any

import reflex as rx

from omni_app.infra.errors import FieldError, Invalid
from omni_app.limits.abuse_rules import load_abuse_rules, set_abuse_rules
from omni_app.limits.rules import load_limit_rules, set_limit_rules
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.components import said


@dataclass(frozen=True, slots=True)
class Field:
    """One number of the form. `unit` stands behind it."""

    name: str
    label: str
    hint: str
    unit: str = ""


LIMIT_FIELDS = (
    Field("daily_messages", "Messages a customer may send in 24 hours", "Verified and trusted customers", "messages"),
    Field("new_daily_messages", "Messages of somebody new", "Not verified, and trusted less than 50", "messages"),
    Field("cooldown_seconds", "Pause between two messages", "0 means none", "seconds"),
    Field(
        "visitor_messages_per_hour", "Messages from one network address", "All unverified visitors there, in an hour", "messages"
    ),
    Field("unknown_address_messages_per_hour", "Messages from unknown addresses", "All of them together, in an hour", "messages"),
    Field("daily_calls", "Calls a customer may make in 24 hours", "0 means none", "calls"),
    Field("daily_call_minutes", "Time on the phone in 24 hours", "A running call ends with it", "minutes"),
)
SIGN_FIELDS = (
    Field("rapid_messages", "More messages at once than", "By one customer", "messages"),
    Field("rapid_seconds", "Counted over", "What “at once” means", "seconds"),
    Field(
        "gibberish_share",
        "More noise in a message than",
        "Signs that are no letters, in any script; figures and emoji do not count",
        "%",
    ),
    Field("repeats", "The same question asked", "First the assistant offers a person; nobody is blocked for it", "times"),
)
LADDER_FIELDS = (
    Field("throttle_after", "Slow down at sign number", "Those before are only noted"),
    Field("memory_hours", "Signs are counted over", "Older ones are forgotten", "hours"),
    Field("throttle_seconds", "Slowed down: one message every", "", "seconds"),
    Field("throttle_minutes", "Slowed down for", "Then everything is as before", "minutes"),
    Field("block_after", "Block at sign number", "Never while one of your team answers"),
    Field("block_hours", "Blocked for", "Twice as long each time within 30 days", "hours"),
)
_ABUSE_NAMES = tuple(field.name for field in (*SIGN_FIELDS, *LADDER_FIELDS))


def read_numbers(form: object) -> dict[str, int | float]:
    """The numbers of the form by name; a share is typed in percent. Raise `Invalid` that names each field without a number."""
    wrong: list[FieldError] = []
    numbers: dict[str, int | float] = {}
    for name in (*(field.name for field in LIMIT_FIELDS), *_ABUSE_NAMES):
        written = form_text(form, name).replace(",", "").removesuffix("%").strip()
        try:
            numbers[name] = int(written) / 100 if name == "gibberish_share" else int(written)
        except ValueError:
            wrong.append(FieldError(field=name, message="Write a whole number."))
    if wrong:
        raise Invalid("The limits were not saved.", fields=wrong)
    return numbers


class RulesState(ViewerState, rx.State):
    values: dict[str, str] = {}
    is_on: bool = True
    form: int = 0
    """Grows when the form starts over, so that its fields take the stored values."""
    is_changed: bool = False

    @loader
    async def load(self) -> None:
        await self._read()

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def toggle(self) -> None:
        self.is_on, self.is_changed = not self.is_on, True

    @handler
    async def discard(self) -> None:
        await self._read()

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        numbers = read_numbers(form)
        abuse = {name: numbers.pop(name) for name in _ABUSE_NAMES}
        wrong: list[FieldError] = []
        async with viewer_db(self) as db:
            # Both halves are tried, so that every wrong field is told at once; raising takes back what was written.
            for change in (set_limit_rules(db, **numbers), set_abuse_rules(db, is_on=self.is_on, **abuse)):
                try:
                    await change
                except Invalid as error:
                    wrong += error.fields
            if wrong:
                raise Invalid("The limits were not saved.", fields=wrong)
        await self._read()
        yield said("Limits saved")

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            limits, abuse = asdict(await load_limit_rules(db)), asdict(await load_abuse_rules(db))
        values = {**limits, **abuse, "gibberish_share": round(100 * abuse["gibberish_share"])}
        names = [*(field.name for field in LIMIT_FIELDS), *_ABUSE_NAMES]
        self.values = {name: str(values[name]) for name in names}
        self.is_on, self.is_changed = abuse["is_on"], False
        self.form += 1
