"""What the page of the business knows: the saved values, and beside them what is typed and not saved yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import reflex as rx

from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from omni_app.tenancy.businesses import BusinessView, load_business, update_business
from omni_app.tenancy.widget_look import DEFAULT_COLORS
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.account import ShellState
from omni_app.ui.components import initials, said
from omni_app.ui.pages.business import profile
from omni_app.ui.pages.business.colors import LEAST, contrast, is_color, ratio_words, readable_on
from omni_app.ui.pages.business.profile import Day, Opening
from omni_app.ui.words import zone_of

_FIRST_TIMES = ("09:00", "17:00")
_MOST_OPENINGS = 2
_SHOWN_AT_MOST = 300


class DraftState(ViewerState, rx.State):
    """What the person has typed so far. A state of its own, so that typing leaves the messages under the fields alone."""

    is_changed: bool = False
    days: list[Day] = []
    special: list[Day] = []
    """Dates with hours of their own."""
    name: str = ""
    letters: str = ""
    greeting: str = ""
    questions: list[str] = []
    primary: str = DEFAULT_COLORS["primary"]
    on_primary: str = DEFAULT_COLORS["on_primary"]
    accent: str = DEFAULT_COLORS["accent"]
    on_accent: str = "#ffffff"
    ratio: str = ""
    is_hard_to_read: bool = False
    readable: str = "#ffffff"
    texts: dict[str, int] = dict.fromkeys(DEFAULT_COLORS, 0)
    """Colour -> a number that grows when its text field must take the colour anew; `pickers` is the same for the picker."""
    pickers: dict[str, int] = dict.fromkeys(DEFAULT_COLORS, 0)

    _next_key: int = 0

    def _start(self, values: Mapping[str, Any]) -> None:
        """Begin with what is saved."""
        self.is_changed = False
        self.days = self._days(values["opening_hours"])
        self.special = [self._special(day, times) for day, times in values["opening_hours"].items() if day not in profile.DAYS]
        self.name, self.letters = values["name"], initials(values["name"])
        self.greeting = values["greeting"]
        self.questions = list(values["suggestions"]) + [""] * (profile.QUESTIONS - len(values["suggestions"]))
        self.primary, self.on_primary, self.accent = (values["colors"][name] for name in DEFAULT_COLORS)
        self._judge()

    def _days(self, hours: Mapping[str, Sequence[Sequence[str]]]) -> list[Day]:
        before = {day.key: day for day in self.days}
        result = []
        for key, name in profile.DAYS.items():
            times = [(profile.time_shown(opens), profile.time_shown(closes)) for opens, closes in hours[key]]
            known = before.get(key)
            # Inputs that show the right times already stay as they are, with the focus in them.
            if known is not None and times and [(item.opens, item.closes) for item in known.openings] == times:
                openings = known.openings
            else:
                openings = [self._opening(key, opens, closes) for opens, closes in times]
            result.append(Day(key=key, name=name, field=f"opening_hours.{key}", is_open=bool(times), openings=openings))
        return result

    def _special(self, day: str, times: Sequence[Sequence[str]]) -> Day:
        self._next_key += 1
        key = f"date-{self._next_key}"
        openings = [self._opening(key, profile.time_shown(opens), profile.time_shown(closes)) for opens, closes in times]
        return Day(
            key=key,
            name=day or "The new date",
            field=f"opening_hours.{key}",
            is_open=bool(times),
            openings=openings,
            date=day,
            date_name=f"{key}-day",
        )

    def _opening(self, day: str, opens: str, closes: str) -> Opening:
        self._next_key += 1
        names = [f"{day}-{self._next_key}-{which}" for which in ("opens", "closes")]
        return Opening(key=self._next_key, opens=opens, closes=closes, opens_name=names[0], closes_name=names[1])

    def _judge(self) -> None:
        ratio = contrast(self.primary, self.on_primary)
        self.ratio, self.is_hard_to_read = ratio_words(ratio), ratio < LEAST
        self.readable, self.on_accent = readable_on(self.primary), readable_on(self.accent)

    def _replace(self, key: object, **new: Any) -> None:
        self.days = [replace(day, **new) if day.key == key else day for day in self.days]
        self.special = [replace(day, **new) if day.key == key else day for day in self.special]
        self.is_changed = True

    def _every_day(self) -> list[Day]:
        return [*self.days, *self.special]

    @handler
    async def begin(self) -> None:
        """The form has appeared empty of changes: a mark that is left over from before the page was loaded anew is wrong."""
        if self.is_changed:
            await (await self.get_state(BusinessState))._read()

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def show(self, what: str, text: str) -> None:
        """Show in the preview what is being typed."""
        self.is_changed = True
        text = str(text)[:_SHOWN_AT_MOST]
        if what == "name":
            self.name, self.letters = text, initials(text)
        elif what == "greeting":
            self.greeting = text

    @handler
    async def show_question(self, place: int, text: str) -> None:
        self.is_changed = True
        self.questions = [str(text)[:80] if at == place else question for at, question in enumerate(self.questions)]

    @handler
    async def show_color(self, which: str, text: str) -> None:
        """A colour is typed: the preview and the picker follow once it is one."""
        self.is_changed = True
        if which in DEFAULT_COLORS and is_color(color := str(text).strip().lower()):
            setattr(self, which, color)
            self.pickers[which] += 1
            self._judge()

    @handler
    async def pick_color(self, which: str, color: str) -> None:
        """A colour is picked: the text field takes it."""
        self._take(which, color)

    @handler
    async def use_readable(self) -> None:
        self._take("on_primary", self.readable)
        self.pickers["on_primary"] += 1

    def _take(self, which: str, color: str) -> None:
        if which in DEFAULT_COLORS and is_color(color):
            self.is_changed = True
            setattr(self, which, color.lower())
            self.texts[which] += 1
            self._judge()

    @handler
    async def add_special(self) -> None:
        """One more date, closed until somebody opens it."""
        self.special = [*self.special, self._special("", [])]
        self.is_changed = True

    @handler
    async def remove_special(self, key: str) -> None:
        self.special = [day for day in self.special if day.key != key]
        self.is_changed = True

    @handler
    async def toggle_day(self, key: str) -> None:
        day = next((day for day in self._every_day() if day.key == key), None)
        if day is not None:
            openings = day.openings or [self._opening(day.key, *_FIRST_TIMES)]
            self._replace(key, is_open=not day.is_open, openings=openings)

    @handler
    async def add_opening(self, key: str) -> None:
        day = next((day for day in self._every_day() if day.key == key), None)
        if day is not None and len(day.openings) < _MOST_OPENINGS:
            self._replace(key, openings=[*day.openings, self._opening(day.key, "", "")])

    @handler
    async def remove_opening(self, key: int) -> None:
        for day in self._every_day():
            if len(day.openings) > 1:
                self._keep_openings(day, [opening for opening in day.openings if opening.key != key])

    def _keep_openings(self, day: Day, openings: list[Opening]) -> None:
        if len(openings) < len(day.openings):
            self._replace(day.key, openings=openings)

    @handler
    async def set_time(self, key: int, which: str, clock: str) -> None:
        """Follow a time that is typed, for copying it and for a day that is closed and opened again."""
        if which not in ("opens", "closes"):
            return
        for day in self._every_day():
            if any(opening.key == key for opening in day.openings):
                new = {which: str(clock)[:5]}
                self._replace(day.key, openings=[replace(item, **new) if item.key == key else item for item in day.openings])

    @handler
    async def copy_monday(self) -> None:
        monday = self.days[0]
        for day in self.days[1:5]:
            openings = [self._opening(day.key, opening.opens, opening.closes) for opening in monday.openings]
            self._replace(day.key, is_open=monday.is_open, openings=openings)

    @handler
    async def discard(self) -> None:
        business = await self.get_state(BusinessState)
        business.form += 1
        business.errors, business.form_error = {}, ""
        await business._read()


def _today(business: BusinessView) -> date:
    return now().astimezone(zone_of(business.timezone)).date()


class BusinessState(ViewerState, rx.State):
    """The saved profile, and the messages of the last attempt to save."""

    form: int = 0
    """Grows when the fields must take the saved values anew."""
    name: str = ""
    industry: str = ""
    timezone: str = ""
    locale: str = ""
    locales: list[tuple[str, str]] = []
    contact: dict[str, str] = dict.fromkeys(profile.CONTACT, "")
    greeting: str = ""
    questions: list[str] = [""] * profile.QUESTIONS
    rules: str = ""

    _shown: dict[str, Any] = {}

    @loader
    async def load(self) -> None:
        # A connection that comes back loads the page again; what is typed in the meantime must stay.
        draft = await self.get_state(DraftState)
        if not (self.loaded and draft.is_changed):
            await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            business = await load_business(db)
        if self._shown and self._shown != profile.shown(business, _today(business)):
            self.form += 1
        await self._take(business)

    async def _take(self, business: BusinessView) -> None:
        values = self._shown = profile.shown(business, _today(business))
        self.name, self.industry, self.timezone = values["name"], values["industry"], values["timezone"]
        self.locale, self.locales = values["locale"], profile.languages(values["locale"])
        self.contact, self.greeting, self.rules = values["contact"], values["greeting"], values["rules"]
        draft = await self.get_state(DraftState)
        draft._start(values)
        self.questions = draft.questions

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        draft = await self.get_state(DraftState)
        new = profile.typed(form, draft.days, draft.special)
        fields = {form_text(form, day.date_name): day.field for day in draft.special}
        dates = profile.wrong_dates(form, draft.special)
        async with viewer_db(self) as db:
            changes = profile.changes(new, self._shown, (await load_business(db)).contact)
            wrong = profile.wrong_contact(new["contact"]) if "contact" in changes else ()
            hours = changes.get("opening_hours", {})
            if problems := dates or profile.wrong_hours(hours, fields):
                wrong = (*wrong, *problems)
                changes.pop("opening_hours", None)
            try:
                business = await update_business(db, **changes)
            except Invalid as error:
                raise Invalid("The changes were not saved.", fields=[*error.fields, *wrong]) from error
            if wrong:
                # Leaving the block by an error takes back what was right in the other fields.
                raise Invalid("The changes were not saved.", fields=wrong)
        await self._take(business)
        yield said("Saved")
        if "name" in changes:
            # The bar at the top shows the name too.
            yield ShellState.load()
