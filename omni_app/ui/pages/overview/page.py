"""Overview: what to do first, until there is something to show."""

import reflex as rx

from omni_app.ui.account import ShellState
from omni_app.ui.components import button_link, page_header, panel
from omni_app.ui.navigation import NavEntry
from omni_app.ui.shell import page


def _step(title: str, about: str, action: str, href: str, main: bool = False) -> rx.Component:
    return rx.el.li(
        rx.el.span(class_name="ring"),
        rx.el.span(title, rx.el.br(), rx.el.span(about, class_name="t1 mut")),
        button_link(action, href, tone="primary" if main else "outline", size="s"),
    )


@page("/", title="Overview", nav=NavEntry(group="", label="Overview", icon="house", order=1, key="o", tab=1))
def overview() -> rx.Component:
    return rx.el.div(
        page_header("Overview", ShellState.business_name),
        panel(
            rx.el.ul(
                _step("Put the chat on your website", "One line of code", "Get code", "/chat-setup", main=True),
                _step("Set a monthly budget", "Spending can never pass it", "Set budget", "/limits"),
                _step("Invite your colleagues", "They get a link by e-mail", "Invite", "/team"),
                class_name="check",
            ),
            title="Get ready",
        ),
        class_name="page",
    )
