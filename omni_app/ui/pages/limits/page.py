"""The page `/limits`: how much one customer may ask, what was refused, and what looked like abuse."""

import reflex as rx

from omni_app.ui.components import loaded, page_header
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.limits import form, parts
from omni_app.ui.pages.limits.rules import RulesState
from omni_app.ui.pages.limits.state import AbuseState
from omni_app.ui.shell import page


@page(
    "/limits",
    title="Limits and abuse",
    on_load=[AbuseState.load, RulesState.load],
    nav=NavEntry(group="Set up", label="Limits and abuse", icon="gauge", order=20),
)
def limits() -> rx.Component:
    lists = rx.fragment(parts.figures(), rx.el.div(parts.events(), parts.refusals(), class_name="cols"))
    return rx.el.div(
        page_header("Limits and abuse", "How much one customer may ask, and what happens when it is too much", parts.period()),
        loaded(AbuseState, lists, "Signs of abuse could not be loaded", AbuseState.load),
        loaded(RulesState, form.rules_form(), "Limits could not be loaded", RulesState.load),
        parts.block_dialog(),
        class_name="page",
    )
