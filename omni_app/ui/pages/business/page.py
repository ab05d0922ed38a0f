"""The page `/business`: the form at the start, the widget's preview at the end."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import bone, callout, loaded, page_header
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.business.form import business_form
from omni_app.ui.pages.business.preview import preview
from omni_app.ui.pages.business.state import BusinessState
from omni_app.ui.shell import page

MAY_CHANGE = ShellState.permissions.contains(Permission.CONFIGURE.value)


def _skeleton() -> rx.Component:
    def block(fields: int) -> rx.Component:
        lines = [rx.el.div(bone("90px"), bone("100%", "32px"), class_name="field") for _ in range(fields)]
        return rx.el.section(
            rx.el.header(bone("110px", "14px")),
            rx.el.div(rx.el.div(*lines, class_name="two"), class_name="body"),
            class_name="panel",
        )

    return rx.el.div(
        rx.el.div(block(4), block(2), block(6), class_name="biz-form"),
        rx.el.div(bone("100%", "420px"), class_name="biz-preview"),
        class_name="biz loading",
        aria_busy="true",
        aria_label="Loading",
    )


@page(
    "/business",
    title="Business",
    on_load=BusinessState.load,
    nav=NavEntry(group="Set up", label="Business", icon="store", order=5),
)
def business() -> rx.Component:
    content = rx.el.div(business_form(MAY_CHANGE), preview(), class_name="biz")
    return rx.el.div(
        page_header("Business", "Who you are, when you are open, and what the assistant says first"),
        rx.cond(
            ~MAY_CHANGE,
            callout("Only an owner or an admin can change this.", icon_name="lock", style={"marginBottom": "16px"}),
        ),
        loaded(BusinessState, content, "The business could not be loaded", BusinessState.load, _skeleton()),
        class_name="page",
    )
