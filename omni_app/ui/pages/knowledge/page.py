"""The knowledge page: what the assistant answers from, and a box to ask it on the side."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    button,
    confirm,
    empty_state,
    icon,
    icon_button,
    loaded,
    page_header,
    pager,
    panel,
    table,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.knowledge.editing import EditorState
from omni_app.ui.pages.knowledge.editor import editor
from omni_app.ui.pages.knowledge.listing import FaqLine, KnowledgeState
from omni_app.ui.pages.knowledge.tabs import knowledge_tabs
from omni_app.ui.pages.knowledge.trying import TryState
from omni_app.ui.pages.knowledge.tryit import try_it
from omni_app.ui.shell import page

MAY_TEACH = ShellState.permissions.contains(Permission.TEACH.value)


def _row(faq: rx.Var[FaqLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                rx.el.button(faq.question, type="button", class_name="med ask", on_click=EditorState.open_faq(faq.id)),
                rx.el.span(faq.answer, class_name="mut trunc"),
                class_name="two-lines",
            ),
            class_name="lead wide",
        ),
        rx.el.td(faq.ways, rx.el.span(" ways to ask", class_name="only-small"), class_name="r"),
        rx.el.td(rx.el.span("changed ", class_name="only-small"), faq.changed, class_name="mut"),
        rx.el.td(
            rx.cond(
                MAY_TEACH,
                rx.el.span(
                    icon_button("pencil", "Edit “" + faq.question + "”", "s", on_click=EditorState.open_faq(faq.id)),
                    icon_button("trash_2", "Delete “" + faq.question + "”", "s", on_click=KnowledgeState.ask_delete(faq.id)),
                ),
            ),
            class_name="r act",
        ),
    )


def _search() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Search FAQs",
                aria_label="Search FAQs",
                auto_complete="off",
                max_length=200,
                default_value=KnowledgeState.search,
                key=KnowledgeState.cleared.to_string(),
                on_change=KnowledgeState.find.debounce(250),
            ),
            class_name="input",
        ),
        rx.el.span(KnowledgeState.total_words, class_name="mut num nowrap", role="status"),
        class_name="finder",
    )


def _nothing() -> rx.Component:
    searched = empty_state(
        "No FAQ matches",
        "Nothing taught holds “" + KnowledgeState.search + "”.",
        "search_x",
        button("Clear search", on_click=KnowledgeState.clear),
        rx.cond(MAY_TEACH, button("Add FAQ", "plus", tone="ghost", on_click=EditorState.open_new(KnowledgeState.search))),
        because_of_filter=True,
    )
    first = empty_state(
        "Teach your assistant",
        rx.cond(
            MAY_TEACH,
            "Write down what people ask and what you answer. The next answer uses it.",
            "Nothing is taught yet. An owner or admin can add questions and answers.",
        ),
        "book_open",
        rx.cond(MAY_TEACH, button("Add FAQ", "plus", tone="primary", on_click=EditorState.open_new(""))),
    )
    return rx.cond(KnowledgeState.search != "", searched, first)


def _list() -> rx.Component:
    return rx.fragment(
        rx.cond((KnowledgeState.total > 0) | (KnowledgeState.search != ""), _search()),
        rx.cond(
            KnowledgeState.lines.length() > 0,
            rx.fragment(
                table(
                    ["Question", ("Ways to ask", "r"), "Changed", ("", "r")],
                    KnowledgeState.lines,
                    _row,
                    "FAQs",
                ),
                rx.cond(
                    KnowledgeState.pages > 1,
                    rx.el.footer(pager(KnowledgeState.page, KnowledgeState.pages, KnowledgeState.go, "Pages of FAQs")),
                ),
            ),
            _nothing(),
        ),
    )


@page(
    "/knowledge",
    title="Knowledge",
    on_load=[KnowledgeState.load, TryState.load, EditorState.load],
    nav=NavEntry(group="Teach", label="Knowledge", icon="book_open", order=10, key="k"),
)
def knowledge() -> rx.Component:
    return rx.el.div(
        page_header(
            "Knowledge",
            "What your assistant answers from",
            rx.cond(
                KnowledgeState.total > 0,
                button("Export CSV", "download", on_click=KnowledgeState.export, class_name="only-wide"),
            ),
            rx.cond(
                MAY_TEACH & ((KnowledgeState.total > 0) | (KnowledgeState.search != "")),
                button("Add FAQ", "plus", tone="primary", on_click=EditorState.open_new("")),
            ),
        ),
        knowledge_tabs("faqs"),
        rx.el.div(
            panel(
                loaded(KnowledgeState, _list(), "FAQs could not be loaded", KnowledgeState.load),
                class_name="c8 faqs",
            ),
            try_it(MAY_TEACH),
            class_name="cols",
        ),
        editor(MAY_TEACH),
        confirm(
            KnowledgeState.deleting_id != "",
            "Delete “" + KnowledgeState.deleting_question + "”",
            "The assistant stops using this answer at once. This cannot be undone.",
            keep="Keep FAQ",
            act="Delete FAQ",
            on_keep=KnowledgeState.keep,
            on_act=KnowledgeState.delete,
            busy=KnowledgeState.busy == "delete",
        ),
        on_mount=[TryState.begin, EditorState.begin],
        class_name="page",
    )
