"""The panels of stored answers and of suggested FAQs on the cache page."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.components import (
    badge,
    button,
    button_link,
    confirm,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon,
    icon_button,
    pager,
    panel,
    table,
    text_field,
)
from omni_app.ui.pages.cache.entries import EntriesState
from omni_app.ui.pages.cache.parts import may
from omni_app.ui.pages.cache.showing import EntryLine
from omni_app.ui.pages.knowledge.suggested import SuggestedState, SuggestionLine

MAY_CLEAR = may(Permission.TEACH) | may(Permission.CONFIGURE)


def _entry(line: rx.Var[EntryLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                rx.el.span(line.question, class_name="med trunc"),
                rx.el.span(rx.cond(line.about != "", line.about, line.answer), class_name="mut trunc"),
                class_name="two-lines",
            ),
            class_name="lead wide",
        ),
        rx.el.td(badge(line.kind)),
        rx.el.td(rx.el.span("stored ", class_name="only-small"), line.made, class_name="mut", title="Until " + line.until),
        rx.el.td(line.served, rx.el.span(" times served", class_name="only-small"), class_name="r"),
        rx.el.td(rx.el.span("saves ", class_name="only-small"), line.saves, class_name="r"),
        rx.el.td(
            rx.cond(
                MAY_CLEAR,
                icon_button("trash_2", "Remove “" + line.question + "”", "s", on_click=EntriesState.ask_one(line.id)),
            ),
            class_name="r act",
        ),
    )


def _finder() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Search stored answers",
                aria_label="Search stored answers",
                auto_complete="off",
                max_length=200,
                default_value=EntriesState.search,
                key=EntriesState.cleared.to_string(),
                on_change=EntriesState.find.debounce(250),
            ),
            class_name="input",
        ),
        rx.el.span(EntriesState.total_words, class_name="mut num nowrap", role="status"),
        class_name="finder",
    )


def _nothing() -> rx.Component:
    return rx.cond(
        EntriesState.search != "",
        empty_state(
            "No stored answer matches",
            "Nothing stored holds “" + EntriesState.search + "”.",
            "search_x",
            button("Clear search", on_click=EntriesState.clear_search),
            because_of_filter=True,
        ),
        empty_state(
            "Nothing is stored yet",
            "Answers that everybody may hear are stored as customers ask.",
            "database",
        ),
    )


def entries() -> rx.Component:
    clear = rx.cond(
        MAY_CLEAR & (EntriesState.total > 0),
        rx.el.div(
            button("Clear by pattern", size="s", on_click=EntriesState.ask_pattern),
            button("Clear all", "trash_2", size="s", on_click=EntriesState.ask_all),
            class_name="row",
        ),
    )
    return panel(
        rx.cond((EntriesState.total > 0) | (EntriesState.search != ""), _finder()),
        rx.cond(
            EntriesState.lines.length() > 0,
            rx.fragment(
                table(
                    ["Question", "Kind", "Stored", ("Served", "r"), ("Saves each", "r"), ("", "r")],
                    EntriesState.lines,
                    _entry,
                    "Stored answers",
                ),
                rx.cond(
                    EntriesState.pages > 1,
                    rx.el.footer(pager(EntriesState.page, EntriesState.pages, EntriesState.go, "Pages of stored answers")),
                ),
            ),
            _nothing(),
        ),
        title="Stored answers",
        end=clear,
        class_name="c8 stored",
    )


def dialogs() -> rx.Component:
    form = rx.el.form(
        form_error(EntriesState),
        text_field(
            "pattern",
            "Questions that hold",
            EntriesState.errors,
            hint="* stands for anything: *parking*, how much*",
            auto_complete="off",
            auto_focus=True,
            max_length=200,
        ),
        form_actions(
            button("Cancel", tone="ghost", on_click=EntriesState.keep(False)),
            button("Remove answers", tone="primary", type="submit", busy=EntriesState.busy == "pattern"),
        ),
        key=EntriesState.form.to_string(),
        on_submit=EntriesState.remove_pattern,
        no_validate=True,
        class_name="form",
    )
    is_all = EntriesState.asks == "all"
    return rx.fragment(
        dialog(EntriesState.asks == "pattern", "Clear by pattern", form, on_close=EntriesState.keep),
        confirm(
            (EntriesState.asks == "one") | is_all,
            rx.cond(is_all, "Clear all stored answers", "Remove “" + EntriesState.asked_question + "”"),
            rx.cond(
                is_all,
                "Each question is answered anew the next time it is asked, and paid for again.",
                "The next customer who asks this is answered anew.",
            ),
            keep="Keep",
            act="Remove",
            on_keep=EntriesState.keep,
            on_act=EntriesState.remove,
            busy=EntriesState.busy == "remove",
        ),
    )


def suggestions() -> rx.Component:
    def row(line: rx.Var[SuggestionLine]) -> rx.Component:
        about = rx.cond(
            line.saving != "$0", "asked " + line.asked + " times · saves " + line.saving, "asked " + line.asked + " times"
        )
        return rx.el.li(
            rx.el.div(
                rx.el.div(line.question, class_name="asked-text"), rx.el.div(about, class_name="t1 mut"), class_name="grow"
            ),
            rx.cond(
                may(Permission.TEACH),
                button_link(
                    "Write FAQ",
                    "/knowledge/suggested?suggestion=" + line.id,
                    size="s",
                    aria_label="Write FAQ “" + line.question + "”",
                ),
            ),
        )

    return panel(
        rx.cond(
            SuggestedState.lines.length() > 0,
            rx.el.ul(rx.foreach(SuggestedState.lines[:5], row), class_name="gap"),
            empty_state("Nothing to suggest", "What many ask without an FAQ stands here.", "lightbulb"),
        ),
        title="FAQs worth writing",
        end=button_link("See all", "/knowledge/suggested", tone="ghost", size="s"),
        footer="In 30 days. An FAQ answers free of charge.",
        class_name="c4",
    )
