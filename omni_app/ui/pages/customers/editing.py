"""Change a customer's details: unsaved changes are guarded, a change by somebody else is shown."""

import json
from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.customers.editing import MAX_ATTRIBUTES, change_customer
from omni_app.customers.profiles import CustomerView, load_customer
from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.pages.customers.profile_state import CustomerState
from omni_app.ui.pages.customers.showing import Pair, attribute_text

_LABELS = {"name": "Name", "language": "Language", "timezone": "Time zone", "birthday": "Birthday"}


@dataclass
class Row:
    """One attribute in the form: its inputs are called `k-<key>` and `v-<key>` and keep what is typed in the browser."""

    key: int
    name_field: str
    value_field: str
    name: str
    value: str


def value_of(text: str) -> Any:
    """What somebody typed as an attribute: a number, true and false are what they look like, all else is text.

    Numbers that would read differently afterwards (a phone number, 007) stay text.
    """
    if text in ("true", "false", "yes", "no"):
        return text in ("true", "yes")
    try:
        number = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return number if is_number and len(text) <= 16 and str(number) == text else text


class EditState(ViewerState, rx.State):
    is_open: bool = False
    customer_name: str = ""
    name: str = ""
    language: str = ""
    timezone: str = ""
    birthday: str = ""
    rows: list[Row] = []
    form: int = 0
    """Grows when the form starts over, so that its fields take the new values."""
    is_changed: bool = False
    asks_discard: bool = False
    theirs: list[Pair] = []
    """What somebody else saved meanwhile, where it differs from what was read here first."""

    _editing: str = ""
    _version: int = 0
    _read_values: dict[str, str] = {}
    _kept: dict[str, Any] = {}
    _next_key: int = 0

    @handler
    async def open_for(self, customer_id: str) -> None:
        (await current_viewer(self)).scope().require(Permission.REPLY)
        await self._open(customer_id)

    async def _open(self, customer_id: str) -> None:
        async with viewer_db(self) as db:
            view = await load_customer(db, parse_id(customer_id, "customer"))
        self._editing, self._version = str(view.id), view.version
        self._read_values, self._kept = _values(view), dict(view.attributes)
        self.customer_name = view.name
        self.name, self.language, self.timezone, self.birthday = (self._read_values[field] for field in _LABELS)
        self.rows = []
        for name, value in view.attributes.items():
            self._add(name, attribute_text(value) if value is not None else "")
        self.is_changed, self.asks_discard, self.theirs = False, False, []
        self.errors, self.form_error = {}, ""
        self.form += 1
        self.is_open = True

    def _add(self, name: str = "", value: str = "") -> None:
        key = self._next_key
        self._next_key += 1
        self.rows.append(Row(key, f"k-{key}", f"v-{key}", name, value))

    @handler
    async def mark_changed(self, _text: str = "") -> None:
        self.is_changed = True

    @handler
    async def add_row(self) -> None:
        if len(self.rows) >= MAX_ATTRIBUTES:
            raise Invalid(f"A customer has at most {MAX_ATTRIBUTES} attributes.", "attributes")
        self._add()

    @handler
    async def remove_row(self, key: int) -> None:
        self.rows = [row for row in self.rows if row.key != key]
        self.is_changed = True

    @handler
    async def set_open(self, is_open: bool) -> None:
        """Close, unless something would be lost: then ask."""
        if is_open:
            return
        if self.is_changed:
            self.asks_discard = True
        else:
            self.is_open = False

    @handler
    async def go_on(self, is_open: bool = False) -> None:
        self.asks_discard = False

    @handler
    async def discard(self) -> None:
        self.asks_discard = self.is_changed = self.is_open = False

    @handler
    async def use_theirs(self) -> None:
        await self._open(self._editing)

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        changes: dict[str, Any] = {field: form_text(form, field) for field in _LABELS}
        changes["attributes"] = self._attributes(form)
        customer_id = parse_id(self._editing, "customer")
        try:
            async with viewer_db(self) as db:
                await change_customer(db, customer_id, version=self._version, **changes)
        except Conflict as error:
            await self._compare()
            raise Invalid(str(error), "conflict") from error
        except Invalid as error:
            raise Invalid(str(error), fields=[self._placed(item, form) for item in error.fields]) from error
        self.is_open = self.is_changed = False
        yield said("Customer saved")
        yield CustomerState.load

    def _attributes(self, form: dict[str, Any]) -> dict[str, Any]:
        """The rows that have a name or a value; a row nobody touched keeps its value with its type."""
        found: dict[str, Any] = {}
        for row in self.rows:
            name, text = form_text(form, row.name_field), form_text(form, row.value_field)
            if not name and not text:
                continue
            if not name:
                raise Invalid("Give it a name.", row.name_field)
            if name in found:
                raise Invalid("This name is there twice.", row.name_field)
            is_same = name == row.name and text == row.value and name in self._kept
            found[name] = self._kept[name] if is_same else value_of(text)
        return found

    def _placed(self, item: FieldError, form: dict[str, Any]) -> FieldError:
        """The domain names an attribute by its name; the form knows its rows by key."""
        name = item.field.removeprefix("attributes.")
        row = next((row for row in self.rows if form_text(form, row.name_field) == name), None)
        return item if row is None or name == item.field else FieldError(field=row.value_field, message=item.message)

    async def _compare(self) -> None:
        """Show what somebody else saved; the next save goes over it."""
        try:
            async with viewer_db(self) as db:
                view = await load_customer(db, parse_id(self._editing, "customer"))
        except NotFound:
            self.theirs = []
            return
        now, before = _values(view), self._read_values
        changed = [Pair(label, now[field] or "empty") for field, label in _LABELS.items() if now[field] != before[field]]
        if dict(view.attributes) != self._kept:
            words = ", ".join(f"{name}: {attribute_text(value)}" for name, value in view.attributes.items())
            changed.append(Pair("Attributes", words or "none"))
        self.theirs = changed or [Pair("Customer", "tags, proof or consent")]
        self._version = view.version


def _values(view: CustomerView) -> dict[str, str]:
    birthday = view.birthday.isoformat() if view.birthday else ""
    return {"name": view.name, "language": view.language, "timezone": view.timezone, "birthday": birthday}
