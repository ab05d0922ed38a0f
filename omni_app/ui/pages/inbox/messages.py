"""The lines of the thread: what customers, the AI, staff and Omni itself wrote, and notes between them."""

import reflex as rx

from omni_app.ui.components import button, icon, icon_button
from omni_app.ui.pages.inbox.carried import above, below, cards, files, reactions
from omni_app.ui.pages.inbox.lines import Line, Piece
from omni_app.ui.pages.inbox.presence_state import PresenceState
from omni_app.ui.pages.inbox.reached import reached, trouble_of_line
from omni_app.ui.pages.inbox.reacting import react_picker, react_trouble
from omni_app.ui.pages.inbox.receipt import receipt_line
from omni_app.ui.pages.inbox.thread_state import ThreadState

HEAD = ThreadState.head


def _text(line: rx.Var[Line]) -> rx.Component:
    # React writes it as text, never as markup; `isolate` keeps direction marks from reaching what stands beside it.
    return rx.cond(line.text != "", rx.el.div(line.text, class_name="b", dir="auto"))


def _customer_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        rx.el.span(HEAD.name, " wrote: ", class_name="sr"),
        above(line),
        _text(line),
        cards(line),
        files(line),
        reactions(line),
        below(line),
        rx.el.div(line.time, react_picker(line), class_name="meta"),
        react_trouble(line),
        class_name="msg",
        custom_attrs={"data-seq": line.seq},
    )


def _ai_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        above(line),
        _text(line),
        cards(line),
        files(line),
        reactions(line),
        below(line),
        rx.el.div(receipt_line(line), rx.el.span(line.time), reached(line), class_name="meta"),
        trouble_of_line(line),
        class_name="msg out ai",
        custom_attrs={"data-seq": line.seq},
    )


def _staff_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        above(line),
        _text(line),
        cards(line),
        files(line),
        reactions(line),
        below(line),
        rx.el.div(rx.el.bdi(line.author), rx.el.span(line.time), reached(line), class_name="meta"),
        trouble_of_line(line),
        class_name="msg out staff",
        custom_attrs={"data-seq": line.seq},
    )


def _system_line(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        icon("arrow_right_left", "xs"),
        rx.el.span(rx.el.bdi(line.text), " · ", line.time),
        class_name="ev",
        custom_attrs={"data-seq": line.seq},
    )


def _piece(piece: rx.Var[Piece]) -> rx.Component:
    return rx.cond(piece.is_mention, rx.el.span(piece.text, class_name="at"), rx.el.span(piece.text))


def _note(line: rx.Var[Line]) -> rx.Component:
    return rx.el.div(
        icon("lock"),
        rx.el.div(
            rx.el.div(
                rx.el.b(rx.el.bdi(line.author), class_name="str"),
                rx.el.span(" note, only your team sees this · ", line.time, class_name="mut"),
            ),
            rx.el.div(rx.foreach(line.pieces, _piece), class_name="words", dir="auto"),
            class_name="grow",
        ),
        rx.cond(line.is_mine, icon_button("trash_2", "Delete this note", "s", on_click=ThreadState.remove_note(line.id))),
        class_name="note",
        custom_attrs={"data-note": line.id},
    )


def _line(line: rx.Var[Line]) -> rx.Component:
    return rx.fragment(
        rx.cond(line.day != "", rx.el.div(line.day, class_name="day")),
        rx.match(
            line.kind,
            ("customer", _customer_line(line)),
            ("ai", _ai_line(line)),
            ("staff", _staff_line(line)),
            ("note", _note(line)),
            _system_line(line),
        ),
        key=line.id,
    )


def _dots() -> rx.Component:
    return rx.el.span(rx.el.i(), rx.el.i(), rx.el.i(), class_name="dots", aria_hidden="true")


def _growing() -> rx.Component:
    """The answer that is being written, or who is writing."""
    stream = rx.el.div(
        rx.el.div(PresenceState.stream, class_name="b", dir="auto"),
        rx.el.div(icon("sparkles", "xs"), "AI writes", class_name="meta"),
        class_name="msg out ai growing",
        aria_live="off",
    )
    # The key makes it a new element with each sign of life: `inbox.css` lets it fade after six seconds without one.
    customer = rx.el.div(_dots(), rx.el.span(HEAD.name, " is writing"), class_name="msg writes", key=PresenceState.tick)
    assistant = rx.el.div(_dots(), rx.el.span("AI writes"), class_name="msg out writes", key=PresenceState.tick)
    return rx.cond(
        PresenceState.stream_id != "",
        stream,
        rx.match(PresenceState.typing, ("customer", customer), ("assistant", assistant), rx.fragment()),
    )


def messages() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(
                ThreadState.has_earlier,
                button(
                    "Show earlier messages",
                    "arrow_up",
                    tone="ghost",
                    size="s",
                    class_name="earlier",
                    on_click=ThreadState.earlier,
                ),
            ),
            rx.foreach(ThreadState.lines, _line),
            _growing(),
            class_name="thread",
            role="log",
            aria_label="Messages",
            tab_index=0,
            custom_attrs={
                "data-thread": ThreadState.conversation_id,
                "data-last": ThreadState.last_seq,
                "data-read": ThreadState.read_seq,
                "data-grown": PresenceState.stream.length() + ThreadState.lines.length(),
            },
        ),
        # `inbox.js` fills and shows it, and clicks the hidden button once what is new was on a visible page.
        rx.el.button(icon("arrow_down", "xs"), rx.el.span(), type="button", class_name="jump", custom_attrs={"data-jump": ""}),
        _hidden("seen", ThreadState.seen),
        _hidden("beat", PresenceState.beat),
        _hidden("writes", PresenceState.write(True)),
        _hidden("rests", PresenceState.write(False)),
        _hidden("leaves", PresenceState.leave),
        class_name="thread-at",
    )


def _hidden(name: str, on_click: rx.EventHandler) -> rx.Component:
    """A button that only `inbox.js` presses."""
    return rx.el.button(
        type="button", hidden=True, tab_index=-1, aria_hidden="true", on_click=on_click, custom_attrs={f"data-{name}": ""}
    )
