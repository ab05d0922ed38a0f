"""The box that asks the assistant on the side, beside FAQs and beside documents."""

import reflex as rx

from omni_app.ui.components import badge, button, link, panel
from omni_app.ui.pages.knowledge.editing import EditorState
from omni_app.ui.pages.knowledge.trying import PassageLine, TryState


def _meter(percent: rx.Var[str], needed: rx.Var[str], is_on: rx.Var[bool]) -> rx.Component:
    return rx.el.div(
        rx.el.i(style={"width": percent + "%"}, class_name=rx.cond(is_on, "on", "")),
        rx.el.b(style={"insetInlineStart": needed + "%"}),
        class_name="sure",
        aria_hidden="true",
    )


def _passage(line: rx.Var[PassageLine]) -> rx.Component:
    return rx.el.div(
        _meter(line.percent, TryState.passage_needed, line.is_sure),
        rx.el.p("Passage: ", link(line.title, line.href), class_name="t1"),
        rx.el.p(line.percent, "% sure. It quotes from ", TryState.passage_needed, "% on.", class_name="t1 mut num"),
    )


def _verdict(may_teach: rx.Var[bool]) -> rx.Component:
    faq = rx.el.div(
        _meter(TryState.percent, TryState.needed, TryState.is_sure),
        rx.el.p(
            rx.cond(TryState.source == "faq", "From ", "Closest FAQ: "),
            rx.el.button(TryState.faq_question, type="button", class_name="link", on_click=EditorState.open_faq(TryState.faq_id)),
            class_name="t1",
        ),
        rx.el.p(TryState.percent, "% sure. It answers from ", TryState.needed, "% on.", class_name="t1 mut num"),
    )
    is_answered = (TryState.source == "faq") | (TryState.source == "passage") | TryState.is_sure
    return rx.el.div(
        rx.el.p(TryState.asked, class_name="said"),
        rx.el.p(TryState.answer, class_name="heard"),
        rx.match(
            TryState.source,
            ("faq", badge("Answers from an FAQ", "good", "circle_check")),
            ("passage", badge("Quotes a document", "good", "text_quote")),
            ("person", badge("Hands over to your team", "info", "user_round")),
            ("model", badge("A language model words the answer", "acc", "sparkles")),
            rx.cond(
                (TryState.faq_id != "") | (TryState.passages.length() > 0),
                badge("Not sure: offers a person", "warn", "circle_help"),
                badge("Says so by itself"),
            ),
        ),
        rx.cond(
            TryState.source == "model",
            rx.el.p(
                "It answers from the closest FAQs and passages. Asking it costs money, so it is not asked here.",
                class_name="t1 mut",
            ),
        ),
        rx.cond(TryState.source == "passage", rx.foreach(TryState.passages, _passage)),
        rx.cond(TryState.faq_id != "", faq),
        rx.cond(TryState.source != "passage", rx.foreach(TryState.passages, _passage)),
        rx.cond(
            may_teach & ~is_answered & (TryState.source != "person"),
            rx.el.div(
                button("Write answer", "pencil", size="s", on_click=EditorState.open_new(TryState.asked)), class_name="row"
            ),
        ),
        class_name="trial",
        role="status",
    )


def try_it(may_teach: rx.Var[bool]) -> rx.Component:
    """The panel at the side."""
    return panel(
        rx.el.form(
            rx.el.div(
                rx.el.input(
                    name="text",
                    class_name="input",
                    aria_label="A question, as a customer would write it",
                    placeholder="Ask as a customer would",
                    auto_complete="off",
                    max_length=8000,
                ),
                button("Ask", type="submit", busy=TryState.busy == "ask"),
                class_name="row",
            ),
            rx.cond(TryState.errors["text"], rx.el.p(TryState.errors["text"], class_name="t1 bad", role="alert")),
            on_submit=TryState.ask,
            no_validate=True,
        ),
        rx.cond(
            TryState.source != "",
            _verdict(may_teach),
            rx.el.p("Nobody else sees this. No message is sent and nothing is charged.", class_name="t1 mut"),
        ),
        title="Try it",
        padded=True,
        class_name="c4 tryit",
    )
