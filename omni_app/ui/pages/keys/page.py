"""API keys: list, create (the secret is shown once), revoke."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.tenancy.api_keys import KeyRow, create_key, list_keys, revoke_key
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import (
    badge,
    button,
    callout,
    confirm,
    copy_button,
    dialog,
    empty_state,
    form_actions,
    form_error,
    loaded,
    page_header,
    panel,
    said,
    select_field,
    table,
    text_field,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.shell import page
from omni_app.ui.words import on_day, when, zone_of

ROLES = [
    ("admin", "Everything but credit and plan"),
    ("agent", "Read, and answer customers"),
    ("viewer", "Read only"),
    ("owner", "Everything"),
]
LIFETIMES = [("never", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]


@dataclass
class KeyLine:
    id: str
    name: str
    start: str
    may: str
    made: str
    used: str
    ends: str
    status: str


class KeysState(ViewerState, rx.State):
    """The secret of a new key stays here only while its dialog is open."""

    keys: list[KeyLine] = []
    create_open: bool = False
    secret: str = ""
    revoking_id: str = ""
    revoking_name: str = ""

    @loader
    async def load(self) -> None:
        self.secret, self.create_open = "", False
        await self._read()

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            zone = zone_of((await load_business(db)).timezone)
            keys = await list_keys(db)
        self.keys = [
            KeyLine(
                id=str(key.id),
                name=key.name,
                start=f"{key.prefix}…",
                may=_may(key),
                made=on_day(key.created_at, zone),
                used=when(key.last_used_at, zone) or "never",
                ends=on_day(key.expires_at, zone) or "never",
                status=_status(key.revoked_at, key.expires_at),
            )
            for key in keys
        ]

    @handler
    async def set_create_open(self, is_open: bool) -> None:
        self.create_open, self.secret = bool(is_open), ""

    @handler
    async def create(self, form: dict[str, Any]) -> Any:
        self.busy = "create"
        yield
        lifetime = form_text(form, "lifetime")
        if lifetime not in dict(LIFETIMES):
            raise Invalid("Pick when the key ends.", field="lifetime")
        expires_at = None if lifetime == "never" else now() + timedelta(days=int(lifetime))
        calls = _calls(form_text(form, "calls_per_hour"))
        async with viewer_db(self) as db:
            _, secret = await create_key(db, form_text(form, "name"), expires_at, form_text(form, "role"), calls)
        self.secret = secret
        await self._read()

    @handler
    async def ask_revoke(self, key_id: str) -> None:
        key = next((line for line in self.keys if line.id == key_id), None)
        if key is None:
            raise Invalid("This key is not on the list any more.")
        self.revoking_id, self.revoking_name = key.id, key.name

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.revoking_id = ""

    @handler
    async def revoke(self) -> Any:
        self.busy = "revoke"
        yield
        name, key_id = self.revoking_name, parse_id(self.revoking_id, "key")
        self.revoking_id = ""
        async with viewer_db(self) as db:
            await revoke_key(db, key_id)
        await self._read()
        yield said(f"Key “{name}” is revoked")


def _calls(text: str) -> int | None:
    plain = text.replace(",", "").replace(" ", "")
    if not plain:
        return None
    if not plain.isascii() or not plain.isdigit() or len(plain) > 12:
        raise Invalid("Write a whole number, or nothing.", field="calls_per_hour")
    return int(plain)


def _may(key: KeyRow) -> str:
    may = dict(ROLES).get(key.role, key.role)
    return f"{may}, {key.calls_per_hour:,} calls an hour" if key.calls_per_hour else may


def _status(revoked_at: datetime | None, expires_at: datetime | None) -> str:
    if revoked_at is not None:
        return "revoked"
    return "ended" if expires_at is not None and expires_at <= now() else "active"


def _badge(status: rx.Var[str]) -> rx.Component:
    return rx.match(status, ("active", badge("Active", "good")), ("ended", badge("Ended", "warn")), badge("Revoked"))


def _row(key: rx.Var[KeyLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.span(key.name, class_name="med"), class_name="lead"),
        rx.el.td(rx.el.span(key.start, class_name="mono")),
        rx.el.td(key.may),
        rx.el.td(_badge(key.status)),
        rx.el.td(rx.el.span("made ", class_name="only-small"), key.made),
        rx.el.td(rx.el.span("used ", class_name="only-small"), key.used),
        rx.el.td(rx.el.span("ends ", class_name="only-small"), key.ends),
        rx.el.td(
            rx.cond(key.status == "active", button("Revoke", size="s", on_click=KeysState.ask_revoke(key.id))), class_name="r act"
        ),
    )


def _create() -> rx.Component:
    form = rx.el.form(
        form_error(KeysState),
        text_field("name", "Name", KeysState.errors, hint="Where it is used, like “Website booking form”", auto_focus=True),
        select_field("role", "May", ROLES, KeysState.errors),
        text_field(
            "calls_per_hour",
            "Calls an hour",
            KeysState.errors,
            hint="At most so many in any 60 minutes; empty: as many as the plan allows",
            input_mode="numeric",
            auto_complete="off",
        ),
        select_field("lifetime", "Ends", LIFETIMES, KeysState.errors),
        form_actions(
            button("Cancel", tone="ghost", on_click=KeysState.set_create_open(False)),
            button("Create key", tone="primary", type="submit", busy=KeysState.busy == "create"),
        ),
        on_submit=KeysState.create,
        no_validate=True,
        class_name="form",
    )
    made = rx.el.div(
        callout("Copy it now. It is not shown again.", tone="warn", icon_name="triangle_alert"),
        rx.el.code(KeysState.secret, class_name="code", id="new-key"),
        form_actions(
            copy_button(KeysState.secret, "Copy key", ""),
            button("Done", tone="primary", on_click=KeysState.set_create_open(False)),
        ),
        class_name="form",
    )
    return dialog(
        KeysState.create_open,
        rx.cond(KeysState.secret != "", "Your new key", "New API key"),
        rx.cond(KeysState.secret != "", made, form),
        on_close=KeysState.set_create_open,
    )


@page(
    "/keys",
    title="API keys",
    on_load=KeysState.load,
    nav=NavEntry(group="Set up", label="API keys", icon="key_round", order=30, permission=Permission.CONFIGURE),
)
def keys() -> rx.Component:
    content = rx.cond(
        KeysState.keys.length() > 0,
        table(["Name", "Starts with", "May", "Status", "Made", "Last used", "Ends", ("", "r")], KeysState.keys, _row, "API keys"),
        empty_state(
            "Let programs talk to Omni",
            "A key lets your own software send questions and read answers.",
            "key_round",
            button("New key", "plus", tone="primary", on_click=KeysState.set_create_open(True)),
        ),
    )
    return rx.el.div(
        page_header(
            "API keys",
            rx.fragment(
                "What programs use to talk to Omni. ",
                rx.el.a("How to call the API", href="/api/docs", target="_blank", class_name="link"),
            ),
            rx.cond(
                KeysState.keys.length() > 0,
                button("New key", "plus", tone="primary", on_click=KeysState.set_create_open(True)),
            ),
        ),
        panel(loaded(KeysState, content, "Keys could not be loaded", KeysState.load)),
        _create(),
        confirm(
            KeysState.revoking_id != "",
            "Revoke “" + KeysState.revoking_name + "”?",
            "Programs that use it are refused at once. This cannot be undone.",
            keep="Keep key",
            act="Revoke key",
            on_keep=KeysState.keep,
            on_act=KeysState.revoke,
            busy=KeysState.busy == "revoke",
        ),
        class_name="page",
    )
