"""Connecting an account: the guide, the form, and saving, which leads to the connection's own page."""

from typing import Any

import reflex as rx

from omni_app.channels.connections import create_connection
from omni_app.channels.registry import load_adapter
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.pages.channels.draft import ChannelDraftState
from omni_app.ui.pages.channels.fields import SettingField, setting_fields, typed_networks, typed_settings
from omni_app.ui.pages.channels.showing import StepLine, step_lines


class ConnectState(ViewerState, rx.State):
    kind: str = ""
    channel: str = "chat"
    title: str = ""
    summary: str = ""
    steps: list[StepLine] = []
    name: str = ""
    fields: list[SettingField] = []
    more_fields: list[SettingField] = []
    networks: str = ""
    has_webhooks: bool = False
    opens_more: bool = False
    form: int = 0
    """Grows when the form must begin anew."""

    @loader
    async def load(self) -> None:
        wanted = str(self.channel_kind)
        async with viewer_db(self) as db:
            db.scope.require(Permission.CONFIGURE)
        adapter = load_adapter(wanted)
        draft = await self.get_state(ChannelDraftState)
        # A connection that comes back loads the page again; what is typed in the meantime must stay.
        if self.loaded and self.kind == wanted and draft.is_changed:
            return
        self.kind, self.channel, self.title, self.summary = adapter.kind, adapter.channel, adapter.title, adapter.summary
        self.steps = step_lines(adapter)
        fields = setting_fields(adapter)
        self.fields = [one for one in fields if not one.is_advanced]
        self.more_fields = [one for one in fields if one.is_advanced]
        self.name, self.networks, self.has_webhooks = adapter.title, "", bool(adapter.webhooks)
        self.opens_more, self.form = False, self.form + 1
        self.errors, self.form_error = {}, ""

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        adapter = load_adapter(self.kind)
        try:
            async with viewer_db(self) as db:
                connection_id = await create_connection(
                    db, adapter.kind, form_text(form, "name"), typed_settings(adapter, form), allowed_ips=typed_networks(form)
                )
        except Invalid as error:
            self.opens_more = self.opens_more or is_among(error, self.more_fields)
            raise
        (await self.get_state(ChannelDraftState)).is_changed = False
        yield
        yield rx.redirect(f"/channels/{connection_id}")


def is_among(error: Invalid, folded: list[SettingField]) -> bool:
    """Whether something is wrong in a field that is folded away."""
    names = {one.name for one in folded} | {"allowed_ips"}
    return any(one.field in names for one in error.fields)
