"""Surfaces and figures: page header, panel, key figures, meter, tables. No state in here."""

from typing import Any

import reflex as rx

from omni_app.ui.components.basics import Text, icon_button
from omni_app.ui.components.icons import icon


def page_header(title: Text, about: Text | rx.Component | None = None, *actions: rx.Component) -> rx.Component:
    """The page's one `h1`, a line about it, and its actions at the end (at most one of them primary)."""
    return rx.el.div(
        rx.el.div(rx.el.h1(title), rx.el.p(about) if about is not None else rx.fragment()),
        *([rx.el.div(*actions, class_name="row end")] if actions else []),
        class_name="head",
    )


def panel(
    *content: rx.Component,
    title: Text | None = None,
    about: Text | None = None,
    end: rx.Component | None = None,
    footer: Text | rx.Component | None = None,
    padded: bool = False,
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A framed surface. Never put a panel into a panel; `padded` gives the content the panel's side padding."""
    parts: list[rx.Component] = []
    if title is not None or end is not None:
        parts.append(
            rx.el.header(
                rx.el.h2(title) if title is not None else rx.fragment(),
                rx.el.span(about, class_name="mut") if about is not None else rx.fragment(),
                rx.el.div(end, class_name="end row") if end is not None else rx.fragment(),
            )
        )
    parts.extend([rx.el.div(*content, class_name="body")] if padded else content)
    if footer is not None:
        parts.append(rx.el.footer(footer))
    return rx.el.section(*parts, class_name=f"panel {class_name}".strip(), **props)


def key_figure(
    label: Text, value: Text, unit: Text = "", note: Text | rx.Component = "", graph: rx.Component | None = None
) -> rx.Component:
    """One number that stands free of boxes: what it is, the number, its unit, and what it compares with."""
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(rx.el.b(value, rx.el.small(unit)), graph if graph is not None else rx.fragment(), class_name="v"),
        rx.el.dd(note, class_name="n"),
        class_name="kpi",
    )


def key_figures(*figures: rx.Component, label: str = "Key figures") -> rx.Component:
    """A row of two to five `key_figure`."""
    return rx.el.dl(*figures, class_name=f"kpis n{len(figures)}", aria_label=label)


def meter(label: Text, now: Text, limit: Text, percent: Text, reserved_percent: Text = "0", tone: Text = "") -> rx.Component:
    """A bar that fills up: `percent` spent, then `reserved_percent` hatched; both are numbers 0–100 as text."""
    return rx.el.div(
        rx.el.i(
            class_name="fc",
            style={"insetInlineStart": rx.Var.create(percent) + "%", "width": rx.Var.create(reserved_percent) + "%"},
        ),
        rx.el.i(class_name="spent", style={"width": rx.Var.create(percent) + "%", "background": tone}),
        class_name="bm",
        aria_label=label,
        # Reflex's list of roles lacks "meter".
        custom_attrs={
            "role": "meter",
            "aria-valuenow": percent,
            "aria-valuemin": "0",
            "aria-valuemax": "100",
            "aria-valuetext": rx.Var.create(now) + " of " + rx.Var.create(limit),
        },
    )


def table(
    columns: list[str | tuple[str, str]],
    rows: rx.Var[list[Any]] | list[Any],
    row: Any,
    label: str,
) -> rx.Component:
    """A table of 40 px rows. `columns` are heads, or (head, class) with class "r" for figures; `row(item)` returns `rx.el.tr`.

    On small screens each row folds into lines: give the first cell the class `lead`, the cell with the buttons `act`.
    """
    heads = []
    for column in columns:
        text, class_name = (column, "") if isinstance(column, str) else column
        content: Text | rx.Component = text or rx.el.span("Actions", class_name="sr")
        heads.append(rx.el.th(content, scope="col", class_name=class_name))
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*heads)),
            rx.el.tbody(rx.foreach(rows, row)),
            class_name="table folds",
            aria_label=label,
        ),
        class_name="scroll",
    )


def pager(page: rx.Var[int], pages: rx.Var[int], on_page: Any, what: str = "Pages") -> rx.Component:
    """Previous and next under a list; nothing when there is one page. `on_page(number)` loads that page, from 1."""
    return rx.cond(
        pages > 1,
        rx.el.nav(
            rx.el.span(f"Page {page} of {pages}", class_name="mut t1 num"),
            icon_button("chevron_left", "Previous page", "s", on_click=on_page(page - 1), disabled=page <= 1),
            icon_button("chevron_right", "Next page", "s", on_click=on_page(page + 1), disabled=page >= pages),
            class_name="row",
            aria_label=what,
            style={"justifyContent": "flex-end"},
        ),
    )


def callout(
    *content: Text | rx.Component, tone: str = "info", icon_name: str = "info", class_name: str = "", **props: Any
) -> rx.Component:
    """A tinted note inside a page; `tone` info, good, warn, bad, acc."""
    return rx.el.div(
        icon(icon_name), rx.el.div(*content, class_name="grow"), class_name=f"callout {tone} {class_name}".strip(), **props
    )
