"""The price table and the dialogs that change it."""

from typing import Any

import reflex as rx

from omni_app.budgets.listed import UNITS
from omni_app.budgets.price_list import end_price, history, list_prices, set_price
from omni_app.infra.clock import now
from omni_app.infra.errors import FieldError, Invalid
from omni_app.insights.costs import load_zone
from omni_app.insights.typical import load_typical_answer
from omni_app.ui.access import ViewerState, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.prices.showing import (
    PriceLine,
    TypicalLine,
    VersionLine,
    field_value,
    model_words,
    price_line,
    price_words,
    read_field,
    read_moment,
    typical_lines,
    typical_words,
    version_lines,
)


class PricesState(ViewerState, rx.State):
    lines: list[PriceLine] = []
    planned: list[PriceLine] = []
    search: str = ""
    typical: list[TypicalLine] = []
    typical_about: str = ""

    editing: str = ""
    """new, or the key of the price that is changed; empty while the dialog is closed."""
    edit_title: str = ""
    edit_value: str = ""
    edit_unit: str = "segment"
    edit_of: str = ""

    history_key: str = ""
    history_title: str = ""
    versions: list[VersionLine] = []

    @rx.var
    def shown(self) -> list[PriceLine]:
        wanted = self.search.strip().lower()
        return [
            line
            for line in [*self.lines, *self.planned]
            if not wanted or wanted in f"{line.model} {line.unit} {line.note}".lower()
        ]

    @loader
    async def load(self) -> None:
        await watch(self, PricesState.on_live, ("budget",), every=2.0)
        self.editing = self.history_key = ""
        await self._read()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = await load_zone(db)
            prices, usual = await list_prices(db), await load_typical_answer(db)
            versions = await history(db, *_key(self.history_key)) if self.history_key else []
        self.lines = [price_line(price, zone) for price in prices if not price.is_planned]
        self.planned = [price_line(price, zone) for price in prices if price.is_planned]
        self.typical, self.typical_about = typical_lines(prices, usual), typical_words(usual)
        self.versions = version_lines(versions, zone, now())

    @handler
    async def find(self, text: str) -> None:
        self.search = text[:100] if isinstance(text, str) else ""

    @handler
    async def start_new(self) -> None:
        self.editing, self.edit_title, self.edit_value = "new", "Add an own price", ""
        self.edit_unit = "segment"
        self.edit_of = price_words(1, self.edit_unit)[1]

    @handler
    async def start_change(self, key: str) -> None:
        provider, model, unit = _key(key)
        async with viewer_db(self) as db:
            prices = await list_prices(db)
        current = next((p for p in prices if (p.provider, p.model, p.unit) == (provider, model, unit) and not p.is_planned), None)
        self.editing, self.edit_unit = key, unit
        self.edit_title = f"Own price for {model_words(provider, model)}"
        self.edit_value = field_value(current.nusd_per_unit, unit) if current else ""
        self.edit_of = price_words(1, unit)[1]

    @handler
    async def set_unit(self, unit: str) -> None:
        self.edit_unit = unit if unit in UNITS else "segment"
        self.edit_of = price_words(1, self.edit_unit)[1]

    @handler
    async def close_edit(self, is_open: bool = False) -> None:
        self.editing = ""

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "price"
        yield
        if self.editing == "new":
            provider, model, unit = form_text(form, "provider"), form_text(form, "model") or "*", form_text(form, "unit")
        else:
            provider, model, unit = _key(self.editing)
        async with viewer_db(self) as db:
            zone = await load_zone(db)
            wrong: list[FieldError] = []
            values: dict[str, Any] = {}
            for name, reader in (
                ("nusd_per_unit", lambda: read_field(form_text(form, "price"), unit)),
                ("valid_from", lambda: read_moment(form_text(form, "valid_from"), "valid_from", zone)),
                ("valid_until", lambda: read_moment(form_text(form, "valid_until"), "valid_until", zone, is_last_day=True)),
            ):
                try:
                    values[name] = reader()
                except Invalid as error:
                    wrong.extend(error.fields)
            if wrong:
                raise Invalid("The price was not saved.", fields=wrong)
            if values["valid_from"] is not None and values["valid_from"].date() == now().astimezone(zone).date():
                values["valid_from"] = None  # from today on means from now on
            made = await set_price(db, provider, model, unit, note=form_text(form, "note"), **values)
        self.editing = ""
        await self._read()
        yield said("The price is planned" if made.is_planned else "The price holds from the next call on")

    @handler
    async def show_history(self, key: str) -> None:
        provider, model, unit = _key(key)
        self.history_key = key
        self.history_title = f"{model_words(provider, model)}, {UNITS.get(unit, unit)}"
        await self._read()

    @handler
    async def close_history(self, is_open: bool = False) -> None:
        self.history_key = ""

    @handler
    async def end(self, price_id: str) -> Any:
        """End an own price now, or take a planned one back."""
        wanted = parse_id(price_id, "price")
        async with viewer_db(self) as db:
            versions = await history(db, *_key(self.history_key))
            version = next((one for one in versions if one.id == wanted), None)
            planned = version is not None and version.is_planned
            try:
                await end_price(db, wanted, version.valid_from if version is not None and planned else now())
            except Invalid as error:
                # There is no field to stand under here: the reason is said as a whole.
                raise Invalid(str(error)) from error
        await self._read()
        return said("The planned price is taken back" if planned else "The price has ended; the list price holds again")


def _key(key: str) -> tuple[str, str, str]:
    parts = str(key).split("|")
    if len(parts) != 3 or parts[2] not in UNITS:
        raise Invalid("This price is not on the list any more.")
    return parts[0], parts[1], parts[2]
