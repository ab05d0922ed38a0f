"""When stored answers are served, and whether common questions are asked ahead every night."""

from typing import Any

import reflex as rx

from omni_app.cache.rules import CacheRules, load_cache_rules, set_cache_rules
from omni_app.infra.errors import FieldError, Invalid
from omni_app.infra.money import dollars
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.cache.warming import dollars_of

MODES = [
    ("learned", "Same words or same meaning"),
    ("fixed", "Same words or a fixed likeness"),
    ("exact", "Same words only"),
]


class RulesState(ViewerState, rx.State):
    is_on: bool = True
    mode: str = "learned"
    probability: str = ""
    cosine: str = ""
    hours: str = ""
    warms_nightly: bool = False
    night_limit: str = ""
    form: int = 0
    """Grows when the form starts over, so that its fields take the stored values."""
    is_changed: bool = False

    @loader
    async def load(self) -> None:
        await watch(self, RulesState.on_live, ("cache",), every=1.0)
        if not self.is_changed:
            await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        if not self.is_changed:
            await self._read()

    @handler
    async def begin(self) -> None:
        """The form has appeared empty of changes: what is left over from a visit before is not in its fields."""
        if self.is_changed:
            await self._read()

    @handler
    async def toggle_on(self) -> None:
        self.is_on, self.is_changed = not self.is_on, True

    @handler
    async def toggle_night(self) -> None:
        self.warms_nightly, self.is_changed = not self.warms_nightly, True

    @handler
    async def pick_mode(self, mode: str) -> None:
        self.mode = mode if mode in dict(MODES) else "learned"
        self.is_changed = True

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def undo(self) -> None:
        await self._read()

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        async with viewer_db(self) as db:
            known = await load_cache_rules(db)
            rules = self._typed(form, known)
            await set_cache_rules(db, rules)
        await self._read()
        yield said("Settings saved. The next message obeys them.")

    def _typed(self, form: dict[str, Any], known: CacheRules) -> CacheRules:
        problems: list[FieldError] = []

        def number(name: str, kept: float, shown: bool, whole: bool = False) -> Any:
            if not shown:
                return kept
            try:
                return int(form_text(form, name)) if whole else float(form_text(form, name).replace(",", "."))
            except ValueError:
                problems.append(FieldError(field=name, message="Write a number."))
                return kept

        limit = known.warming_limit_nusd
        if self.warms_nightly:
            try:
                limit = dollars_of(form_text(form, "warming_limit_nusd"), "warming_limit_nusd")
            except Invalid as error:
                problems += error.fields
        rules = CacheRules(
            is_on=self.is_on,
            mode=self.mode,
            fixed_cosine=number("fixed_cosine", known.fixed_cosine, self.mode == "fixed"),
            min_probability=number("min_probability", known.min_probability, self.mode == "learned"),
            shared_hours=number("shared_hours", known.shared_hours, True, whole=True),
            warms_nightly=self.warms_nightly,
            warming_limit_nusd=limit,
        )
        if problems:
            raise Invalid("Some settings cannot be saved.", fields=problems)
        return rules

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            rules = await load_cache_rules(db)
        self.is_on, self.mode = rules.is_on, rules.mode
        self.probability, self.cosine, self.hours = (
            f"{rules.min_probability:g}",
            f"{rules.fixed_cosine:g}",
            f"{rules.shared_hours}",
        )
        self.warms_nightly = rules.warms_nightly
        self.night_limit = f"{dollars(rules.warming_limit_nusd):.2f}"
        self.is_changed, self.form = False, self.form + 1
