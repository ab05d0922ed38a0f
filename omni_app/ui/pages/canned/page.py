"""The page: canned answers, and the labels beside them."""

import reflex as rx

from omni_app.ui.components import page_header
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.canned.answers import AnswersState, answer_dialogs, answers_panel, new_answer_button
from omni_app.ui.pages.canned.labels import LabelsState, label_dialogs, labels_panel
from omni_app.ui.shell import page


@page(
    "/canned",
    title="Canned answers and labels",
    on_load=[AnswersState.load, LabelsState.load],
    nav=NavEntry(group="Teach", label="Canned answers & labels", icon="zap", order=40),
)
def canned() -> rx.Component:
    return rx.el.div(
        page_header(
            "Canned answers and labels",
            rx.fragment("What your team says often, inserted in the inbox with ", rx.el.kbd("/"), "; and words that sort it."),
            new_answer_button(),
        ),
        answers_panel(),
        labels_panel(),
        answer_dialogs(),
        label_dialogs(),
        class_name="page",
    )
