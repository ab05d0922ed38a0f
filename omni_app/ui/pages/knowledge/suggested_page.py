"""The page of suggested FAQs."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.knowledge.suggestions import DISMISSED, OPEN
from omni_app.ui.account import ShellState
from omni_app.ui.components import badge, button, empty_state, icon_button, loaded, page_header, panel, segmented, table
from omni_app.ui.pages.knowledge.editing import EditorState
from omni_app.ui.pages.knowledge.editor import editor
from omni_app.ui.pages.knowledge.suggested import SuggestedState, SuggestionLine
from omni_app.ui.pages.knowledge.tabs import knowledge_tabs
from omni_app.ui.shell import page

MAY_TEACH = ShellState.permissions.contains(Permission.TEACH.value)


def kind_badge(kind: rx.Var[str]) -> rx.Component:
    return rx.cond(kind == "not_known", badge("Nobody knew", "warn"), badge("Answered by the model", "acc"))


def _row(line: rx.Var[SuggestionLine]) -> rx.Component:
    write = button(
        "Write FAQ", size="s", on_click=EditorState.open_suggestion(line.id), aria_label="Write FAQ “" + line.question + "”"
    )
    aside = icon_button("archive", "Put “" + line.question + "” aside", "s", on_click=SuggestedState.dismiss(line.id))
    back = button(
        "Bring back", size="s", on_click=SuggestedState.restore(line.id), aria_label="Bring back “" + line.question + "”"
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                rx.el.span(line.question, class_name="med wraps"),
                rx.cond(line.answer != "", rx.el.span(line.answer, class_name="mut trunc")),
                rx.cond(line.examples != "", rx.el.span(line.examples, class_name="t1 mut trunc")),
                class_name="two-lines",
            ),
            class_name="lead wide",
        ),
        rx.el.td(kind_badge(line.kind)),
        rx.el.td(line.asked, rx.el.span(" times asked", class_name="only-small"), class_name="r"),
        rx.el.td(line.saving, rx.el.span(" saved a month", class_name="only-small"), class_name="r"),
        rx.el.td(
            rx.cond(MAY_TEACH, rx.cond(SuggestedState.status == OPEN, rx.el.span(write, aside, class_name="row end"), back)),
            class_name="r act",
        ),
    )


def _nothing() -> rx.Component:
    look = rx.cond(
        MAY_TEACH,
        button("Look now", "search", on_click=SuggestedState.look, busy=SuggestedState.busy == "look", tone="primary"),
    )
    return rx.cond(
        SuggestedState.status == OPEN,
        empty_state(
            "Nothing to suggest",
            "What two customers or more ask without an FAQ stands here. Omni looks once a week.",
            "lightbulb",
            look,
        ),
        empty_state("Nothing put aside", "Suggestions you put aside stand here.", "archive"),
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            segmented(
                [(OPEN, "Open"), (DISMISSED, "Put aside")], SuggestedState.status, SuggestedState.show, "Which suggestions"
            ),
            rx.el.span(SuggestedState.total_words, class_name="mut num nowrap", role="status"),
            class_name="finder",
        ),
        rx.cond(
            SuggestedState.lines.length() > 0,
            table(
                ["Question", "Why", ("Asked in 30 days", "r"), ("Saves a month", "r"), ("", "r")],
                SuggestedState.lines,
                _row,
                "Suggested FAQs",
            ),
            _nothing(),
        ),
    )


@page(
    "/knowledge/suggested",
    title="Suggested FAQs",
    on_load=[SuggestedState.load, EditorState.load],
)
def suggested() -> rx.Component:
    return rx.el.div(
        page_header(
            "Knowledge",
            "What customers ask that an FAQ would answer",
            rx.cond(
                MAY_TEACH & (SuggestedState.lines.length() > 0),
                button("Look again", "rotate_cw", on_click=SuggestedState.look, busy=SuggestedState.busy == "look"),
            ),
        ),
        knowledge_tabs("suggested"),
        panel(
            loaded(SuggestedState, _list(), "Suggestions could not be loaded", SuggestedState.load),
            footer=rx.cond(
                SuggestedState.has_model,
                "“Saves a month” is what the model was paid for these answers in 30 days.",
                "Without a language model nothing is paid; the questions nobody knew are worth teaching first.",
            ),
            class_name="suggested",
        ),
        editor(MAY_TEACH),
        on_mount=[EditorState.begin],
        class_name="page",
    )
