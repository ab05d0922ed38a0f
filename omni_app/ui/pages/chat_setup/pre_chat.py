"""The form before the first message: whether, what is asked, and whether it must be filled in."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business, update_business
from omni_app.tenancy.widget_look import PRE_CHAT_FIELDS, complete_pre_chat
from omni_app.ui.access import ViewerState, handler, loader, viewer_db
from omni_app.ui.components import button, form_actions, form_error, icon, loaded, panel, said
from omni_app.ui.components.forms import error_line
from omni_app.ui.components.leaving import WATCHED

_LABELS = {"name": "Name", "email": "E-mail", "phone": "Phone number"}


def is_on(form: object, name: str) -> bool:
    """Whether a check box of a submitted form was ticked."""
    return isinstance(form, dict) and form.get(name) in ("on", "true", True)


class PreChatState(ViewerState, rx.State):
    enabled: bool = False
    required: bool = False
    fields: list[str] = []
    stamp: int = 0
    """Grows with each save, so that the boxes show what is stored."""

    @loader
    async def load(self) -> None:
        async with viewer_db(self) as db:
            db.scope.require(Permission.CONFIGURE)
            self._show((await load_business(db)).pre_chat)

    def _show(self, stored: dict[str, Any]) -> None:
        form = complete_pre_chat(stored)
        self.enabled, self.required, self.fields = form["enabled"], form["required"], form["fields"]
        self.stamp += 1

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        fields = [name for name in PRE_CHAT_FIELDS if is_on(form, f"ask_{name}")]
        wanted = {"enabled": is_on(form, "enabled"), "required": is_on(form, "required"), "fields": fields}
        async with viewer_db(self) as db:
            business = await update_business(db, pre_chat=wanted)
        self._show(business.pre_chat)
        yield said("Form saved")


def _box(name: str, label: str, checked: rx.Var[bool], hint: str = "") -> rx.Component:
    words = [rx.el.span(label), rx.el.span(hint, class_name="hint")] if hint else [rx.el.span(label)]
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            class_name="cb",
            name=name,
            default_checked=checked,
            key=f"{name}-{PreChatState.stamp}",
            style={"marginTop": "2px", "flex": "none"},
        ),
        rx.el.span(*words, style={"display": "grid", "gap": "1px"}),
        class_name="row",
        style={"gap": "9px", "alignItems": "flex-start"},
    )


def pre_chat_panel() -> rx.Component:
    """What visitors are asked before they write."""
    form = rx.el.form(
        form_error(PreChatState),
        _box("enabled", "Ask before the chat starts", PreChatState.enabled, "Off: visitors write at once, which most prefer"),
        rx.el.fieldset(
            rx.el.legend("What to ask", class_name="label", style={"marginBottom": "8px"}),
            *[_box(f"ask_{name}", _LABELS[name], PreChatState.fields.contains(name)) for name in PRE_CHAT_FIELDS],
            rx.cond(
                PreChatState.errors["pre_chat.fields"],
                error_line(PreChatState.errors["pre_chat.fields"], "e-pre_chat.fields"),
            ),
            style={"display": "grid", "gap": "8px"},
            custom_attrs={"aria-describedby": "e-pre_chat.fields"},
        ),
        _box("required", "Must be filled in", PreChatState.required, "Otherwise visitors may skip it"),
        rx.el.p(
            icon("info", "s"),
            rx.el.span(
                "What people type is a claim: your team sees it, and nothing of a known customer is shown until it is proven."
            ),
            class_name="mut t1 row",
            style={"alignItems": "flex-start", "gap": "8px"},
        ),
        form_actions(button("Save form", type="submit", busy=PreChatState.busy == "save")),
        on_submit=PreChatState.save,
        no_validate=True,
        class_name="form",
        custom_attrs=WATCHED,
    )
    return panel(
        loaded(PreChatState, form, "The form could not be loaded", PreChatState.load),
        title="Form before the chat",
        class_name="c5",
    )
