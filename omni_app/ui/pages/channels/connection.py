"""One connection: its light, its settings, a test, a message to try it, and its removal."""

from typing import Any

import reflex as rx

from omni_app.channels.checking import check_connection
from omni_app.channels.connections import (
    ConnectionView,
    load_connection,
    remove_connection,
    switch_connection,
    update_connection,
)
from omni_app.channels.lights import Light, load_lights
from omni_app.channels.registry import load_adapter
from omni_app.channels.templates import list_templates
from omni_app.channels.tried import load_tried
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.live import watch
from omni_app.ui.pages.channels.connecting import is_among
from omni_app.ui.pages.channels.draft import ChannelDraftState
from omni_app.ui.pages.channels.fields import SettingField, setting_fields, typed_networks, typed_settings
from omni_app.ui.pages.channels.showing import (
    ConnectionLine,
    StepLine,
    TemplateLine,
    connection_line,
    paste_lines,
    receiver_hint,
    receiver_words,
    step_lines,
    template_line,
)
from omni_app.ui.pages.channels.trying import TryOutState
from omni_app.ui.words import zone_of

TABS = ("settings", "templates", "events")


class ConnectionState(ViewerState, rx.State):
    line: ConnectionLine = ConnectionLine()
    tab: str = "settings"
    is_gone: bool = False
    steps: list[StepLine] = []
    pasting: list[StepLine] = []
    has_templates: bool = False
    templates: list[TemplateLine] = []

    name: str = ""
    fields: list[SettingField] = []
    more_fields: list[SettingField] = []
    networks: str = ""
    has_webhooks: bool = False
    opens_more: bool = False
    form: int = 0

    outcome: str = ""
    """What the last test on this page said; `is_outcome_good` whether that was well."""
    is_outcome_good: bool = False
    to_label: str = ""
    to_example: str = ""
    to_hint: str = ""
    is_removing: bool = False

    _version: int = 0
    _shown: tuple[Any, ...] = ()

    @loader
    async def load(self) -> None:
        await watch(self, ConnectionState.on_live, ("channel",), every=1.0)
        if self.line.id != str(self.channel_id):
            self._forget()
        wanted = str(self.router.url.query_parameters.get("tab", ""))
        self.tab = wanted if wanted in TABS else self.tab
        self.is_gone = self.is_removing = False
        await self._read()

    def _forget(self) -> None:
        """Forget what belongs to the connection shown before."""
        self.tab, self.outcome, self._shown = "settings", "", ()
        self.errors, self.form_error, self.opens_more = {}, "", False

    @handler
    async def on_live(self, note: dict) -> None:
        if note.get("ids", {}).get("connection_id") in (self.line.id, None):
            try:
                await self._read()
            except NotFound:
                # Somebody removed what is on the screen: say so there.
                self.is_gone = True

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            view = await load_connection(db, parse_id(self.channel_id, "connection"))
            zone = zone_of((await load_business(db)).timezone)
            light = (await load_lights(db)).get(view.id)
            adapter = load_adapter(view.kind)
            templates = await list_templates(db, view.id) if adapter.capabilities.has_templates else []
            tried = await load_tried(db, view.id)
        (await self.get_state(TryOutState))._show(tried)
        self._show(view, light, zone)
        self.has_templates = adapter.capabilities.has_templates
        self.templates = [template_line(one) for one in templates]
        await self._fill(view)

    def _show(self, view: ConnectionView, light: Light | None, zone: Any) -> None:
        adapter = load_adapter(view.kind)
        self.line = connection_line(view, light, zone)
        self.steps, self.pasting = step_lines(adapter, is_saved=True), paste_lines(adapter, view.webhooks, view.made)
        self.has_webhooks = bool(view.webhooks)
        self.to_label, self.to_example = receiver_words(view.channel)
        self.to_hint = receiver_hint(adapter)

    async def _fill(self, view: ConnectionView) -> None:
        """Put the saved values into the form, unless somebody types there just now."""
        adapter = load_adapter(view.kind)
        fields = setting_fields(adapter, view.values, view.has)
        networks = "\n".join(view.allowed_ips)
        shown = (view.id, view.name, networks, fields)
        if shown == self._shown:
            self._version = view.version
            return
        if self._shown and (await self.get_state(ChannelDraftState)).is_changed:
            # What they save over must be seen first: the version they started from stays.
            return
        self._shown, self._version = shown, view.version
        self.name, self.networks = view.name, networks
        self.fields = [one for one in fields if not one.is_advanced]
        self.more_fields = [one for one in fields if one.is_advanced]
        self.form += 1

    @handler
    async def pick(self, tab: str) -> None:
        self.tab = tab if tab in TABS else "settings"

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        adapter = load_adapter(self.line.kind)
        try:
            async with viewer_db(self) as db:
                await update_connection(
                    db,
                    parse_id(self.channel_id, "connection"),
                    form_text(form, "name"),
                    typed_settings(adapter, form),
                    self._version,
                    allowed_ips=typed_networks(form) if self.has_webhooks else None,
                )
        except Invalid as error:
            self.opens_more = self.opens_more or is_among(error, self.more_fields)
            raise
        except Conflict:
            # Saving again is a decision made with this in mind; what is typed stays in the form.
            async with viewer_db(self) as db:
                self._version = (await load_connection(db, parse_id(self.channel_id, "connection"))).version
            raise
        (await self.get_state(ChannelDraftState)).is_changed = False
        self.outcome, self._shown = "", ()
        await self._read()
        yield said("Settings saved" if self.line.light != "untested" else "Saved. Test the connection now")

    @handler
    async def check(self) -> Any:
        self.busy, self.outcome = "check", ""
        yield
        scope = (await current_viewer(self)).scope()
        result = await check_connection(scope, parse_id(self.channel_id, "connection"))
        self.outcome, self.is_outcome_good = result.text, result.is_ok
        await self._read()

    @handler
    async def switch(self, is_on: bool) -> Any:
        self.busy = "switch"
        yield
        async with viewer_db(self) as db:
            await switch_connection(db, parse_id(self.channel_id, "connection"), bool(is_on))
        await self._read()
        yield said("Switched on. What waited goes on now" if is_on else "Switched off. What comes in is kept")

    @handler
    async def ask_remove(self) -> None:
        self.is_removing = True

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.is_removing = False

    @handler
    async def remove(self) -> Any:
        self.busy = "remove"
        yield
        name = self.line.name
        async with viewer_db(self) as db:
            await remove_connection(db, parse_id(self.channel_id, "connection"))
        self.is_removing = False
        (await self.get_state(ChannelDraftState)).is_changed = False
        yield said(f"“{name}” is removed")
        yield rx.redirect("/channels")
