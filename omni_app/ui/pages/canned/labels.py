"""The labels of the inbox: list, rename and recolour, delete."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from omni_app.conversations.labels import MAX_NAME, PALETTE, LabelView, create_label, delete_label, list_labels, update_label
from omni_app.infra.scope import Permission
from omni_app.ui.access import ViewerState, form_text, handler, loader, parse_id, viewer_db
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    button,
    confirm,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon_button,
    loaded,
    panel,
    said,
    select_field,
    table,
    text_field,
)

COLORS = [(name, name.capitalize()) for name in PALETTE]
MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)
MAY_CONFIGURE = ShellState.permissions.contains(Permission.CONFIGURE.value)


@dataclass
class LabelLine:
    id: str = ""
    name: str = ""
    color: str = "gray"
    conversations: str = "0"


class LabelsState(ViewerState, rx.State):
    """`editing` is the label in the dialog, with an empty id for a new one."""

    labels: list[LabelLine] = []
    editor_open: bool = False
    editing: LabelLine = LabelLine()
    deleting: LabelLine = LabelLine()

    @loader
    async def load(self) -> None:
        await self._read()

    @handler
    async def open_editor(self, label_id: str) -> None:
        self.editing, self.editor_open = self._named(label_id), True

    @handler
    async def set_editor_open(self, is_open: bool) -> None:
        self.editor_open = bool(is_open)

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        name, color = form_text(form, "name"), form_text(form, "color")
        async with viewer_db(self) as db:
            if self.editing.id:
                await update_label(db, parse_id(self.editing.id, "label"), name, color)
            else:
                await create_label(db, name, color)
        self.editor_open = False
        await self._read()
        yield said("Label saved")

    @handler
    async def ask_delete(self, label_id: str) -> None:
        self.deleting = self._named(label_id)

    @handler
    async def keep(self) -> None:
        self.deleting = LabelLine()

    @handler
    async def delete(self) -> Any:
        self.busy = "delete"
        yield
        async with viewer_db(self) as db:
            await delete_label(db, parse_id(self.deleting.id, "label"))
        self.deleting = LabelLine()
        await self._read()
        yield said("Label deleted")

    def _named(self, label_id: str) -> LabelLine:
        return next((line for line in self.get_value("labels") if line.id == label_id), LabelLine())

    async def _read(self) -> None:
        async with viewer_db(self) as db:
            self.labels = [line_of(label) for label in await list_labels(db)]


def line_of(view: LabelView) -> LabelLine:
    return LabelLine(id=str(view.id), name=view.name, color=view.color, conversations=f"{view.conversations:,}")


def _row(line: rx.Var[LabelLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(rx.el.span(class_name="lb " + line.color), rx.el.b(line.name, class_name="med trunc"), class_name="row"),
            class_name="lead",
        ),
        rx.el.td(line.conversations, " ", rx.cond(line.conversations == "1", "conversation", "conversations"), class_name="num"),
        rx.el.td(
            rx.cond(
                MAY_CONFIGURE,
                rx.el.span(
                    icon_button("pencil", "Change " + line.name, "s", on_click=LabelsState.open_editor(line.id)),
                    icon_button("trash_2", "Delete " + line.name, "s", on_click=LabelsState.ask_delete(line.id)),
                    class_name="row to-end",
                ),
            ),
            class_name="act r",
        ),
        key=line.id,
    )


def labels_panel() -> rx.Component:
    new = rx.cond(MAY_REPLY, button("New label", "plus", size="s", on_click=LabelsState.open_editor("")))
    nothing = empty_state("No labels yet", "Labels sort conversations: Billing, Complaint, Insurance.", "tag")
    return panel(
        loaded(
            LabelsState,
            rx.cond(
                LabelsState.labels.length() > 0,
                table(["Label", "Worn by", ("", "r")], LabelsState.labels, _row, "Labels"),
                nothing,
            ),
            "The labels could not be loaded",
            LabelsState.load,
        ),
        title="Labels",
        end=new,
        class_name="below",
    )


def label_dialogs() -> rx.Component:
    editor = dialog(
        LabelsState.editor_open,
        rx.cond(LabelsState.editing.id != "", "Change this label", "New label"),
        rx.el.form(
            form_error(LabelsState),
            text_field("name", "Name", LabelsState.errors, default_value=LabelsState.editing.name, max_length=MAX_NAME),
            select_field("color", "Colour", COLORS, LabelsState.errors, default_value=LabelsState.editing.color),
            form_actions(
                button("Discard", on_click=LabelsState.set_editor_open(False)),
                button("Save label", tone="primary", type="submit", busy=LabelsState.busy == "save"),
            ),
            on_submit=LabelsState.save,
            no_validate=True,
            class_name="form",
            key=LabelsState.editing.id,
        ),
        on_close=LabelsState.set_editor_open,
    )
    remove = confirm(
        LabelsState.deleting.id != "",
        "Delete the label “" + LabelsState.deleting.name + "”?",
        "It comes off " + LabelsState.deleting.conversations + " conversations. The conversations stay.",
        "Keep label",
        "Delete label",
        LabelsState.keep,
        LabelsState.delete,
        busy=LabelsState.busy == "delete",
    )
    return rx.fragment(editor, remove)
