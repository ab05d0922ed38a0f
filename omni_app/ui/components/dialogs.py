"""Layers over the page: confirm, dialog, and toasts. No state in here: the page's state says what is open."""

from typing import Any

import reflex as rx

from omni_app.ui.components.basics import Text, button

# Radix draws a title as h1; the page has its own.
_SECOND = {"as": "h2"}


def confirm(
    open_: rx.Var[bool],
    title: Text,
    about: Text | rx.Component,
    keep: str,
    act: str,
    on_keep: Any,
    on_act: Any,
    busy: rx.Var[bool] | None = None,
) -> rx.Component:
    """Ask before something that hurts: `title` names the thing, `about` the effect; `act` (verb + thing) does it, `keep` not."""
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, custom_attrs=_SECOND),
            rx.alert_dialog.description(about, class_name="say"),
            rx.el.div(
                rx.alert_dialog.cancel(button(keep)),
                button(act, tone="danger", on_click=on_act, busy=busy),
                class_name="acts",
            ),
            class_name="dlg",
            on_escape_key_down=on_keep,
        ),
        open=open_,
        on_open_change=on_keep,
    )


def dialog(
    open_: rx.Var[bool],
    title: Text,
    *content: rx.Component,
    on_close: Any,
    about: Text | None = None,
    wide: bool = False,
    stays: bool = False,
) -> rx.Component:
    """A layer with a title; Escape and a click beside it call `on_close` (a handler that takes the new open state).

    `stays`: a click beside it does nothing, for a layer in which somebody writes at length.
    """
    beside = {"on_interact_outside": rx.prevent_default} if stays else {}
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, custom_attrs=_SECOND),
            rx.dialog.description(about, class_name="say") if about is not None else rx.fragment(),
            *content,
            class_name="dlg wide" if wide else "dlg",
            custom_attrs={} if about is not None else {"aria-describedby": ""},
            **beside,
        ),
        open=open_,
        on_open_change=on_close,
    )


def said(text: str) -> rx.event.EventSpec:
    """Toast after something was done: one short sentence, gone after four seconds. Return it from a handler."""
    return rx.toast.success(text, duration=4000)


def told(text: str, detail: str = "") -> rx.event.EventSpec:
    """Toast for trouble: stays until it is closed. Return it from a handler."""
    return rx.toast.error(text, description=detail, duration=60 * 60 * 1000, close_button=True)


def toaster() -> rx.Component:
    """Where toasts appear: bottom right, above the tab bar on small screens."""
    return rx.toast.provider(position="bottom-right", mobile_offset={"bottom": "72px"}, close_button=False, rich_colors=False)
