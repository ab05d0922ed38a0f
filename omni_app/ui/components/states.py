"""What people see when there is nothing yet, something is loading, or something went wrong. No state in here."""

from typing import Any

import reflex as rx

from omni_app.ui.components.basics import Text, button
from omni_app.ui.components.icons import icon


def empty_state(
    title: Text, about: Text, icon_name: str, *actions: rx.Component, because_of_filter: bool = False
) -> rx.Component:
    """Nothing there: what it is for and the next step; or, when a filter hides everything, the way back."""
    return rx.el.div(
        rx.el.span(icon(icon_name, "l"), class_name="ic n" if because_of_filter else "ic"),
        rx.el.h2(title),
        rx.el.p(about),
        rx.el.div(*actions, class_name="row") if actions else rx.fragment(),
        class_name="empty",
    )


def error_state(title: Text, about: Text, on_retry: Any, request_id: rx.Var[str] | str = "") -> rx.Component:
    """It went wrong: what happened, what is safe, try again, and the request id for whoever helps."""
    return rx.el.div(
        rx.el.span(icon("cloud_off", "l"), class_name="ic b"),
        rx.el.h2(title),
        rx.el.p(about),
        rx.el.div(button("Try again", "rotate_cw", on_click=on_retry), class_name="row"),
        rx.cond(
            request_id != "",
            rx.el.span(
                "Request ",
                rx.el.span(request_id, class_name="mono"),
                " ",
                rx.el.button("Copy", type="button", class_name="link", custom_attrs={"data-copy": request_id}),
                class_name="t1 mut",
                style={"marginTop": "12px"},
            ),
        ),
        class_name="empty",
        role="alert",
    )


_WIDTHS = [("78%", "64%", "52%"), ("70%", "48%", "52%"), ("62%", "80%", "66%"), ("86%", "56%", "40%"), ("70%", "72%", "58%")]


def bone(width: str = "100%", height: str = "10px", round_: bool = False) -> rx.Component:
    """One grey piece of a skeleton."""
    return rx.el.span(class_name="sk", style={"width": width, "height": height, "borderRadius": "99px" if round_ else ""})


def skeleton_rows(rows: int = 5) -> rx.Component:
    """The shape of a list that is on its way; appears only after 200 ms."""
    return rx.el.div(
        *[
            rx.el.div(bone("32px", "32px", True), *[bone(width) for width in _WIDTHS[index % 5]], bone(), class_name="skrow")
            for index in range(rows)
        ],
        class_name="loading",
        aria_busy="true",
        aria_label="Loading",
    )


def skeleton_page() -> rx.Component:
    """The shape of any page: header and one list."""
    return rx.el.div(
        rx.el.div(bone("180px", "22px"), class_name="head"),
        rx.el.div(rx.el.header(bone("110px", "14px")), skeleton_rows(), class_name="panel"),
        class_name="page loading",
        aria_busy="true",
        aria_label="Loading",
    )


def loaded(state: Any, content: rx.Component, title: Text, on_retry: Any, skeleton: rx.Component | None = None) -> rx.Component:
    """`content` once the page's data is there; a skeleton before; `error_state` when loading failed.

    `state` is a `ViewerState`: its handlers marked `@loader` keep `loaded`, `problem` and `problem_request`.
    """
    return rx.cond(
        state.problem != "",
        error_state(title, state.problem, on_retry, state.problem_request),
        rx.cond(state.loaded, content, skeleton if skeleton is not None else skeleton_rows()),
    )
