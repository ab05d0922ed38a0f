"""What a customer's page shows of others who may be the same person, and the dialog in which two are joined."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import button, callout, dialog, form_actions, form_error, link, text_area_field, text_field
from omni_app.ui.pages.customers.join_state import Candidate, JoinState
from omni_app.ui.pages.customers.profile_state import CustomerState
from omni_app.ui.pages.customers.showing import MergeLine, SuggestionLine

WHO = CustomerState.who
MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)


def suggestions() -> rx.Component:
    """Others who may be the same person, each with the evidence and both decisions."""

    def suggestion(line: rx.Var[SuggestionLine]) -> rx.Component:
        return callout(
            rx.el.div(
                rx.el.div(
                    rx.el.p("Maybe the same person: ", link(rx.el.bdi(line.name), "/customers/" + line.customer_id)),
                    rx.el.p(rx.el.bdi(line.evidence), " ", line.about, class_name="t1"),
                    class_name="grow",
                ),
                rx.cond(
                    MAY_REPLY,
                    rx.el.div(
                        button(
                            "Two people",
                            size="s",
                            aria_label=line.name + " is somebody else",
                            on_click=JoinState.dismiss(line.id),
                        ),
                        button(
                            "Join",
                            size="s",
                            tone="primary",
                            aria_label="Join with " + line.name,
                            on_click=JoinState.open_suggested(WHO.id, WHO.name, line.id),
                        ),
                        class_name="row",
                    ),
                ),
                class_name="row wrap",
            ),
            icon_name="users",
            style={"marginBottom": "16px"},
        )

    return rx.fragment(rx.foreach(CustomerState.suggestions, suggestion))


def merged(line: rx.Var[MergeLine]) -> rx.Component:
    """Somebody who was joined into this customer, with the way back."""
    return rx.el.li(
        rx.el.div(rx.el.bdi(line.name), rx.el.span(line.about, class_name="mut t1"), class_name="two-lines grow"),
        rx.cond(
            MAY_REPLY,
            button("Undo", size="s", aria_label="Undo the join with " + line.name, on_click=CustomerState.ask_undo(line.id)),
        ),
    )


def join_dialog() -> rx.Component:
    """Search the other one, choose, say how it is known, join."""

    def candidate(one: rx.Var[Candidate]) -> rx.Component:
        return rx.el.li(
            rx.el.div(rx.el.bdi(one.name), rx.el.span(one.about, class_name="mut t1"), class_name="two-lines grow"),
            button(
                rx.cond(JoinState.chosen_id == one.id, "Chosen", "Choose"),
                size="s",
                aria_label="Choose " + one.name,
                on_click=JoinState.choose(one.id),
            ),
        )

    search = rx.el.form(
        text_field(
            "search",
            "Who else are they",
            JoinState.errors,
            hint="A name, an address, or the last four digits of a number",
            auto_complete="off",
            beside=button("Find", size="s", type="submit", busy=JoinState.busy == "find"),
        ),
        key="join-search-" + JoinState.form.to_string(),
        on_submit=JoinState.find,
        no_validate=True,
    )
    found = rx.cond(
        JoinState.found.length() > 0,
        rx.el.ul(rx.foreach(JoinState.found, candidate), class_name="ids tall", aria_label="Found"),
        rx.cond(JoinState.is_searched, rx.el.p("Nobody else is found by that.", class_name="mut", role="status")),
    )
    join = rx.el.form(
        form_error(JoinState),
        rx.cond(
            JoinState.suggestion_id == "",
            text_area_field(
                "reason", "How do you know", JoinState.errors, hint="Kept with the join, like: they told us on the phone", rows=2
            ),
            rx.el.p(rx.el.bdi(JoinState.evidence), class_name="told"),
        ),
        rx.cond(
            JoinState.differs,
            callout(
                "Both have proven addresses that differ, so they are more likely two people.",
                tone="warn",
                icon_name="triangle_alert",
            ),
        ),
        form_actions(
            button("Cancel", tone="ghost", on_click=JoinState.set_open(False)),
            button("Join customers", tone="primary", type="submit", busy=JoinState.busy == "join"),
        ),
        key="join-" + JoinState.form.to_string() + JoinState.chosen_id,
        on_submit=JoinState.join,
        no_validate=True,
        class_name="form",
    )
    return dialog(
        JoinState.is_open,
        rx.cond(
            JoinState.chosen_id != "",
            "Join " + JoinState.chosen_name + " into " + JoinState.into_name,
            "Join another customer into " + JoinState.into_name,
        ),
        rx.cond(JoinState.suggestion_id == "", rx.fragment(search, found)),
        rx.cond(JoinState.chosen_id != "", join),
        on_close=JoinState.set_open,
        about="Addresses, conversations, notes and what the assistant remembers become one. You can undo it here.",
    )
