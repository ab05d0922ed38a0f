"""The canned answers: list, editor, delete."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.conversations.canned import (
    MAX_TEXT,
    VARIABLES,
    CannedView,
    create_canned,
    delete_canned,
    list_canned,
    load_canned,
    render,
    update_canned,
    values_of,
)
from omni_app.infra.errors import Conflict
from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, current_viewer, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    button,
    callout,
    confirm,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon_button,
    loaded,
    panel,
    said,
    table,
    text_area_field,
    text_field,
)

EXAMPLE_CUSTOMER = "Sofia Marin"
EXAMPLE_SUBJECT = "the deposit"
MAY_TEACH = ShellState.permissions.contains(Permission.TEACH.value)


@dataclass
class AnswerLine:
    """One canned answer; `preview` shows it with an example customer."""

    id: str = ""
    shortcut: str = ""
    title: str = ""
    text: str = ""
    preview: str = ""
    version: int = 1


class AnswersState(ViewerState, rx.State):
    """`editing` is the answer in the editor, with an empty id for a new one."""

    answers: list[AnswerLine] = []
    search: str = ""
    editor_open: bool = False
    editing: AnswerLine = AnswerLine()
    changed: str = ""
    """What somebody else made of the answer while this editor was open; empty when nobody did."""
    deleting: AnswerLine = AnswerLine()

    @rx.var
    def shown(self) -> list[AnswerLine]:
        typed = self.search.strip().lstrip("/").casefold()
        return [line for line in self.answers if typed in f"{line.shortcut} {line.title} {line.text}".casefold()]

    @loader
    async def load(self) -> None:
        await self._read()

    @handler
    async def find(self, search: str) -> None:
        self.search = str(search)[:200]

    @handler
    async def open_editor(self, answer_id: str) -> None:
        found = next((line for line in self.get_value("answers") if line.id == answer_id), None)
        self.editing, self.changed, self.editor_open = found or AnswerLine(), "", True

    @handler
    async def set_editor_open(self, is_open: bool) -> None:
        self.editor_open = bool(is_open)

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        """Create the answer or change it; when somebody changed it meanwhile, show what it says now."""
        self.busy = "save"
        yield
        shortcut, title, text = (form_text(form, name) for name in ("shortcut", "title", "text"))
        editing = self.get_value("editing")
        try:
            async with viewer_db(self) as db:
                if editing.id:
                    canned_id = parse_id(editing.id, "canned answer")
                    await update_canned(db, canned_id, editing.version, shortcut, title, text)
                else:
                    await create_canned(db, shortcut, title, text)
        except Conflict as error:
            async with viewer_db(self) as db:
                now = await load_canned(db, parse_id(editing.id, "canned answer"))
            # The next save is on top of what stands there now: the person has seen it.
            editing.version = now.version
            self.editing, self.changed, self.form_error = editing, now.text, str(error)
            return
        self.editor_open = False
        await self._read()
        yield said("Answer saved")

    @handler
    async def ask_delete(self, answer_id: str) -> None:
        found = next((line for line in self.get_value("answers") if line.id == answer_id), None)
        self.deleting = found or AnswerLine()

    @handler
    async def keep(self) -> None:
        self.deleting = AnswerLine()

    @handler
    async def delete(self) -> Any:
        self.busy = "delete"
        yield
        async with viewer_db(self) as db:
            await delete_canned(db, parse_id(self.deleting.id, "canned answer"))
        self.deleting = AnswerLine()
        await self._read()
        yield said("Answer deleted")

    async def _read(self) -> None:
        agent = (await current_viewer(self)).name
        async with viewer_db(self) as db:
            found = await list_canned(db)
            business = (await load_business(db)).name
        values = values_of(EXAMPLE_CUSTOMER, agent, business, EXAMPLE_SUBJECT)
        self.answers = [line_of(item, values) for item in found]


def line_of(view: CannedView, values: dict[str, str]) -> AnswerLine:
    return AnswerLine(
        id=str(view.id),
        shortcut=view.shortcut,
        title=view.title,
        text=view.text,
        preview=render(view.text, values),
        version=view.version,
    )


def _row(line: rx.Var[AnswerLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.div(rx.el.b(line.title, class_name="med trunc"), class_name="cap"), class_name="lead"),
        rx.el.td(rx.el.span("/" + line.shortcut, class_name="mono")),
        rx.el.td(rx.el.div(line.preview, class_name="trunc cap wide", title=line.preview, dir="auto")),
        rx.el.td(
            rx.cond(
                MAY_TEACH,
                rx.el.span(
                    icon_button("pencil", "Change " + line.title, "s", on_click=AnswersState.open_editor(line.id)),
                    icon_button("trash_2", "Delete " + line.title, "s", on_click=AnswersState.ask_delete(line.id)),
                    class_name="row to-end",
                ),
            ),
            class_name="act r",
        ),
        key=line.id,
    )


def new_answer_button(tone: str = "primary") -> rx.Component:
    return rx.cond(MAY_TEACH, button("New answer", "plus", tone=tone, on_click=AnswersState.open_editor("")))


def answers_panel() -> rx.Component:
    search = rx.el.input(
        type="search",
        class_name="input",
        placeholder="Find an answer",
        aria_label="Find an answer",
        on_change=AnswersState.find.debounce(200),
    )
    nothing = empty_state(
        "No answers kept yet",
        "Write down what your team says often. In the inbox, / inserts it with the customer's name.",
        "zap",
        new_answer_button("outline"),
    )
    rows = rx.cond(
        AnswersState.shown.length() > 0,
        table(["Title", "Shortcut", "Reads like", ("", "r")], AnswersState.shown, _row, "Canned answers"),
        empty_state("No answer matches", "Try fewer letters.", "search", because_of_filter=True),
    )
    return panel(
        loaded(
            AnswersState,
            rx.cond(AnswersState.answers.length() > 0, rows, nothing),
            "The answers could not be loaded",
            AnswersState.load,
        ),
        title="Canned answers",
        end=search,
    )


def _variables() -> rx.Component:
    return rx.el.p(
        "Filled in when it is inserted: ",
        *[rx.el.code(f"{{{{{name}}}}} ", class_name="mono") for name in VARIABLES],
        class_name="mut t1",
    )


def answer_dialogs() -> rx.Component:
    editor = dialog(
        AnswersState.editor_open,
        rx.cond(AnswersState.editing.id != "", "Change this answer", "New answer"),
        rx.el.form(
            form_error(AnswersState),
            rx.cond(
                AnswersState.changed != "",
                callout(rx.el.b("It says now: ", class_name="med"), AnswersState.changed, tone="warn", icon_name="history"),
            ),
            rx.el.div(
                text_field(
                    "shortcut",
                    "Shortcut",
                    AnswersState.errors,
                    hint="Letters, digits, - and _",
                    unit="/",
                    default_value=AnswersState.editing.shortcut,
                ),
                text_field("title", "Title", AnswersState.errors, default_value=AnswersState.editing.title),
                class_name="two",
            ),
            text_area_field(
                "text", "Answer", AnswersState.errors, rows=6, default_value=AnswersState.editing.text, max_length=MAX_TEXT
            ),
            _variables(),
            form_actions(
                button("Discard", on_click=AnswersState.set_editor_open(False)),
                button("Save answer", tone="primary", type="submit", busy=AnswersState.busy == "save"),
            ),
            on_submit=AnswersState.save,
            no_validate=True,
            class_name="form",
            key=AnswersState.editing.id,
        ),
        on_close=AnswersState.set_editor_open,
        wide=True,
    )
    remove = confirm(
        AnswersState.deleting.id != "",
        "Delete “" + AnswersState.deleting.title + "”?",
        "What was sent with it stays. The shortcut is free again.",
        "Keep answer",
        "Delete answer",
        AnswersState.keep,
        AnswersState.delete,
        busy=AnswersState.busy == "delete",
    )
    return rx.fragment(editor, remove)
