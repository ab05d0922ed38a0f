"""The page of one document: what it says, how it stands, and what can be done with it."""

import reflex as rx

from omni_app.knowledge.documents import MAX_TITLE
from omni_app.ui.components import (
    button,
    button_link,
    callout,
    confirm,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon,
    link,
    loaded,
    pager,
    panel,
    text_field,
)
from omni_app.ui.pages.knowledge.adding import AddState
from omni_app.ui.pages.knowledge.document import DocumentState
from omni_app.ui.pages.knowledge.documents_page import MAY_TEACH, add_dialog, kind_icon, status_of
from omni_app.ui.pages.knowledge.showing import Piece
from omni_app.ui.shell import page


def _piece(piece: rx.Var[Piece]) -> rx.Component:
    text = rx.fragment(piece.before, rx.cond(piece.marked != "", rx.el.mark(piece.marked)), piece.after)
    return rx.fragment(
        rx.cond(piece.label != "", rx.el.p(piece.label, class_name="leaf t1 mut num")),
        rx.cond(piece.form == "h", rx.el.h2(text), rx.el.p(text)),
    )


def _notes() -> rx.Component:
    return rx.fragment(
        rx.cond(
            DocumentState.is_gone,
            callout("Somebody else deleted this document. What you see here is gone.", tone="warn", icon_name="triangle_alert"),
        ),
        rx.cond(
            DocumentState.line.status == "failed",
            callout(
                rx.el.p(DocumentState.line.problem),
                rx.cond(DocumentState.line.is_serving, rx.el.p("The text before it still answers.")),
                rx.cond(
                    MAY_TEACH,
                    rx.el.div(
                        button("Try again", "rotate_cw", size="s", on_click=DocumentState.retry),
                        button("Replace file", "replace", size="s", on_click=AddState.open_replace(DocumentState.line.id)),
                        class_name="row",
                    ),
                ),
                tone="bad",
                icon_name="circle_x",
                role="alert",
            ),
        ),
    )


def _text() -> rx.Component:
    waiting = empty_state(
        "Nothing to show yet",
        rx.cond(DocumentState.line.status == "failed", "Nothing could be read from it.", "It is being read. This page follows."),
        "file_text",
    )
    return rx.cond(
        DocumentState.pieces.length() > 0,
        rx.fragment(
            rx.el.article(rx.foreach(DocumentState.pieces, _piece), class_name="doctext", dir="auto"),
            rx.cond(
                DocumentState.parts > 1,
                rx.el.footer(pager(DocumentState.part, DocumentState.parts, DocumentState.go, "Parts of the text")),
            ),
        ),
        waiting,
    )


def _fact(label: str, *value: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.fragment(rx.el.dt(label), rx.el.dd(*value))


def _side() -> rx.Component:
    line = DocumentState.line
    return panel(
        rx.el.dl(
            _fact("State", status_of(line)),
            _fact("Kind", rx.el.span(kind_icon(line.kind), line.about, class_name="row")),
            _fact("Cut into", DocumentState.passages),
            _fact("Used in", DocumentState.uses),
            rx.cond(DocumentState.added != "", _fact("Added by", DocumentState.added)),
            _fact("Changed", line.changed),
            class_name="facts",
        ),
        rx.cond(
            MAY_TEACH,
            rx.el.div(
                button("Rename", "pencil", on_click=DocumentState.ask_rename),
                button("Replace", "replace", on_click=AddState.open_replace(line.id)),
                button("Delete", "trash_2", on_click=DocumentState.ask_delete),
                class_name="row wraps",
            ),
        ),
        title="About it",
        padded=True,
        class_name="c4",
    )


def _rename() -> rx.Component:
    return dialog(
        DocumentState.is_renaming,
        "Rename document",
        rx.el.form(
            form_error(DocumentState),
            text_field(
                "title",
                "Title",
                DocumentState.errors,
                hint="Customers see it as the source of an answer",
                default_value=DocumentState.line.title,
                max_length=MAX_TITLE + 1,
                auto_complete="off",
                auto_focus=True,
            ),
            form_actions(
                button("Cancel", tone="ghost", on_click=DocumentState.set_renaming(False)),
                button("Save title", tone="primary", type="submit"),
            ),
            key=DocumentState.form.to_string(),
            on_submit=DocumentState.rename,
            no_validate=True,
            class_name="form",
        ),
        on_close=DocumentState.set_renaming,
    )


@page("/knowledge/documents/[document_id]", title="Document", on_load=DocumentState.load)
def document() -> rx.Component:
    shown = rx.fragment(
        _notes(),
        rx.el.div(panel(_text(), class_name="c8"), _side(), class_name="cols"),
    )
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.p(link(rx.fragment(icon("arrow_left", "s"), "Documents"), "/knowledge/documents"), class_name="back"),
                rx.el.h1(rx.cond(DocumentState.loaded & (DocumentState.problem == ""), DocumentState.line.title, "Document")),
            ),
            class_name="head",
        ),
        loaded(DocumentState, shown, "This document could not be opened", DocumentState.load),
        rx.cond(
            DocumentState.problem != "",
            rx.el.div(button_link("All documents", "/knowledge/documents", "arrow_left"), class_name="row"),
        ),
        add_dialog(),
        _rename(),
        confirm(
            DocumentState.is_deleting,
            "Delete “" + DocumentState.line.title + "”",
            "The assistant stops quoting it at once. Its text, passages and file are removed. This cannot be undone.",
            keep="Keep document",
            act="Delete document",
            on_keep=DocumentState.keep,
            on_act=DocumentState.delete,
            busy=DocumentState.busy == "delete",
        ),
        on_mount=AddState.set_open(False),
        class_name="page",
    )
