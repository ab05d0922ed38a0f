"""The line under an answer, and the layer it opens: how this answer was made."""

import reflex as rx

from omni_app.ui.components import button, callout, copy_button, icon, icon_button
from omni_app.ui.pages.inbox.lines import Line
from omni_app.ui.pages.inbox.receipt_shapes import Source, Step
from omni_app.ui.pages.inbox.receipt_state import ReceiptState

SHOWN = ReceiptState.receipt


def _fact(label: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(value))


def _source(source: rx.Var[Source]) -> rx.Component:
    return rx.el.li(
        rx.el.span(source.number, class_name="n"),
        rx.el.div(
            rx.el.div(
                rx.cond(
                    source.href != "",
                    rx.el.a(rx.el.bdi(source.title), href=source.href, class_name="grow trunc link", title=source.title),
                    rx.el.bdi(source.title, class_name="grow trunc", title=source.title),
                ),
                rx.el.span(source.match, class_name="t1 mut num nowrap"),
                class_name="row",
            ),
            rx.cond(source.quote != "", rx.el.p(source.quote, class_name="quoted", dir="auto")),
            class_name="grow",
        ),
    )


def _step(step: rx.Var[Step]) -> rx.Component:
    return rx.fragment(
        rx.el.span(step.name),
        rx.el.span(rx.el.i(style={"insetInlineStart": step.start, "width": step.width}), class_name="t"),
        rx.el.span(step.time),
    )


def _prompt() -> rx.Component:
    return rx.cond(
        SHOWN.prompt != "",
        rx.el.details(
            rx.el.summary("Exact prompt"),
            rx.el.pre(SHOWN.prompt, dir="auto", tab_index=0),
            copy_button(SHOWN.prompt, "Copy prompt"),
        ),
        rx.el.p("No model was asked, so there is no prompt.", class_name="mut t1"),
    )


def _wrong_here() -> rx.Component:
    return button(
        "Wrong here",
        "ban",
        size="s",
        class_name="gap",
        title="The cache never gives this answer to this question again",
        on_click=ReceiptState.mark_wrong,
    )


def _cached() -> rx.Component:
    """Where an answer from the cache came from, and the way to say that it does not belong here."""
    return rx.el.section(
        rx.el.h4("From the cache"),
        rx.cond(
            SHOWN.same_as != "",
            rx.el.p("Taken for the same as: ", rx.el.q(SHOWN.same_as, dir="auto"), class_name="quoted"),
            rx.el.p("The same words were answered before.", class_name="mut"),
        ),
        rx.cond(SHOWN.saved != "", rx.el.p("Saved ", rx.el.b(SHOWN.saved, class_name="num"), ": no model was asked.")),
        rx.cond(
            SHOWN.wrong != "",
            callout(SHOWN.wrong, tone="warn gap", icon_name="ban"),
            rx.cond(ReceiptState.may_mark, _wrong_here()),
        ),
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.el.header(
            rx.el.h3("How this answer was made"),
            rx.el.span(rx.popover.close(icon_button("x", "Close", "s")), class_name="end"),
        ),
        rx.el.section(
            rx.el.dl(
                _fact("Model", SHOWN.model),
                _fact("Tokens", SHOWN.tokens),
                _fact("Time", SHOWN.time),
                _fact("Cost", SHOWN.cost),
                _fact("Source", SHOWN.source),
                _fact("Confidence", SHOWN.confidence),
                _fact("Knowledge", SHOWN.knowledge),
                _fact("At", SHOWN.at),
                class_name="facts pairs",
            ),
            rx.cond(SHOWN.note != "", callout(SHOWN.note, tone="warn gap", icon_name="triangle_alert")),
        ),
        rx.cond(SHOWN.is_cached, _cached()),
        rx.cond(
            SHOWN.sources.length() > 0,
            rx.el.section(rx.el.h4("Sources"), rx.el.ul(rx.foreach(SHOWN.sources, _source), class_name="srcs")),
        ),
        rx.el.section(rx.el.h4("Steps"), rx.el.div(rx.foreach(SHOWN.steps, _step), class_name="steps")),
        rx.el.section(_prompt()),
    )


def receipt_line(line: rx.Var[Line]) -> rx.Component:
    """ "AI · 2 sources · $0.0082"; a click shows the receipt."""
    label = rx.fragment(icon("sparkles", "xs"), rx.el.span(line.made))
    is_open = ReceiptState.open_id == line.receipt_id
    opener = rx.popover.root(
        rx.popover.trigger(rx.el.button(label, type="button", class_name="rc", title="How this answer was made")),
        rx.popover.content(
            _content(),
            class_name="receipt pop",
            aria_label="How this answer was made",
            side="bottom",
            align="end",
            collision_padding=12,
        ),
        open=is_open,
        on_open_change=lambda opened: ReceiptState.show(line.receipt_id, opened),
    )
    return rx.cond(line.receipt_id != "", opener, rx.el.span(label, class_name="rc"))
