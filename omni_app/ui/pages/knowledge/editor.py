"""The dialog in which an FAQ is written, or only read by those who may not teach."""

import reflex as rx

from omni_app.ui.components import (
    button,
    callout,
    confirm,
    dialog,
    form_actions,
    form_error,
    icon_button,
    text_area_field,
    text_field,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.knowledge.editing import EditorState, Row

# Taken at once, so that what is pasted next does not wait for the server.
_TAKE_MORE = """(() => {
  const box = document.getElementById("f-more"), text = box.value;
  box.value = "";
  box.focus();
  return text;
})()"""


def _clash() -> rx.Component:
    changed = callout(
        rx.el.b("Somebody else changed this FAQ ", class_name="med"),
        rx.el.span("(", EditorState.their_time, "). What you typed is kept. Their version:"),
        rx.el.blockquote(
            rx.el.b(EditorState.their_question, class_name="med"),
            rx.el.p(EditorState.their_answer),
            rx.el.ul(rx.foreach(EditorState.their_phrasings, lambda text: rx.el.li(text)), class_name="mut"),
            class_name="theirs",
        ),
        rx.el.div(button("Take their version", size="s", on_click=EditorState.use_theirs), class_name="row"),
        tone="warn",
        icon_name="triangle_alert",
        role="alert",
    )
    deleted = callout(
        rx.el.b("Somebody else deleted this FAQ. ", class_name="med"),
        "What you typed is kept. Save it as a new FAQ, or close this.",
        tone="warn",
        icon_name="triangle_alert",
        role="alert",
    )
    return rx.match(EditorState.clash, ("changed", changed), ("deleted", deleted), rx.fragment())


def _phrasing(row: rx.Var[Row]) -> rx.Component:
    wrong = EditorState.errors[row.name]
    return rx.el.li(
        rx.el.div(
            rx.el.input(
                name=row.name,
                default_value=row.text,
                class_name="input",
                aria_label="Way to ask",
                max_length=501,
                auto_complete="off",
                on_change=EditorState.mark_changed.throttle(1000),
                custom_attrs={"aria-invalid": rx.cond(wrong, "true", "false")},
            ),
            icon_button("x", "Remove “" + row.text + "”", on_click=EditorState.remove_row(row.key)),
            class_name="row",
        ),
        rx.cond(wrong, error_line(wrong, "e-" + row.name)),
        key=row.key.to_string(),
    )


def _phrasings() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Other ways to ask", class_name="label"),
        rx.cond(EditorState.rows.length() > 0, rx.el.ul(rx.foreach(EditorState.rows, _phrasing), class_name="ways")),
        rx.el.div(
            rx.el.textarea(
                id="f-more",
                name="more",
                rows="2",
                class_name="input",
                placeholder="Add more, one a line. Paste as many as you like.",
                aria_label="More ways to ask, one a line",
                on_change=EditorState.mark_changed.throttle(1000),
            ),
            button("Add", on_click=rx.call_script(_TAKE_MORE, callback=EditorState.add_rows)),
            class_name="row more",
        ),
        rx.cond(
            EditorState.errors["phrasings"],
            error_line(EditorState.errors["phrasings"], "e-phrasings"),
            rx.el.span("Three to six different wordings make the answer easy to find.", class_name="hint"),
        ),
        class_name="field",
    )


def _form() -> rx.Component:
    return rx.el.form(
        form_error(EditorState),
        _clash(),
        text_field(
            "question",
            "Question",
            EditorState.errors,
            hint="As customers ask it",
            default_value=EditorState.question,
            auto_complete="off",
            auto_focus=True,
            on_change=EditorState.mark_changed.throttle(1000),
        ),
        text_area_field(
            "answer",
            "Answer",
            EditorState.errors,
            hint="Said word for word when the assistant answers from this FAQ",
            rows=5,
            default_value=EditorState.answer,
            on_change=EditorState.mark_changed.throttle(1000),
        ),
        _phrasings(),
        form_actions(
            button("Cancel", tone="ghost", on_click=EditorState.set_open(False)),
            button(
                rx.match(EditorState.clash, ("changed", "Save over theirs"), ("deleted", "Save as new FAQ"), "Save FAQ"),
                tone="primary",
                type="submit",
                busy=EditorState.busy == "save",
            ),
        ),
        key=EditorState.form.to_string(),
        on_submit=EditorState.save,
        no_validate=True,
        class_name="form",
        custom_attrs=unsaved(EditorState.is_changed),
    )


def _reader() -> rx.Component:
    return rx.el.div(
        rx.el.p(EditorState.answer, class_name="told"),
        rx.cond(
            EditorState.rows.length() > 0,
            rx.el.div(
                rx.el.h3("Other ways to ask", class_name="label"),
                rx.el.ul(rx.foreach(EditorState.rows, lambda row: rx.el.li(row.text)), class_name="mut"),
            ),
        ),
        form_actions(button("Close", on_click=EditorState.set_open(False))),
        class_name="form",
    )


def editor(may_teach: rx.Var[bool]) -> rx.Component:
    """The dialog, and the question it asks before typed text is lost."""
    title = rx.cond(may_teach, rx.cond(EditorState.faq_id != "", "Edit FAQ", "New FAQ"), EditorState.question)
    return rx.fragment(
        dialog(
            EditorState.is_open,
            title,
            rx.cond(may_teach, _form(), _reader()),
            on_close=EditorState.set_open,
            wide=True,
        ),
        confirm(
            EditorState.asks_discard,
            "Discard your changes?",
            "What you typed is not saved.",
            keep="Keep writing",
            act="Discard changes",
            on_keep=EditorState.go_on,
            on_act=EditorState.discard,
        ),
    )
