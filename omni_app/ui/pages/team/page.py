"""The team page."""

import reflex as rx

from omni_app.ui.components import (
    avatar,
    badge,
    button,
    confirm,
    dialog,
    form_actions,
    form_error,
    icon_button,
    loaded,
    page_header,
    panel,
    select_field,
    table,
    text_field,
)
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.team.state import ROLE_HELP, ROLES, MemberLine, TeamState
from omni_app.ui.shell import page


def _role(member: rx.Var[MemberLine]) -> rx.Component:
    names = rx.match(member.role, *ROLES, member.role)
    choice = rx.el.select(
        *[rx.el.option(text, value=value) for value, text in ROLES],
        value=member.role,
        on_change=lambda role: TeamState.set_role(member.id, role),
        class_name="input quiet",
        aria_label="Role of " + member.name,
    )
    return rx.cond(TeamState.may_change & ~member.is_me, choice, rx.el.span(names))


def _row(member: rx.Var[MemberLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                avatar(member.letters, member.tone),
                rx.el.div(
                    rx.el.span(
                        rx.el.span(member.name, class_name="med trunc"), rx.cond(member.is_me, badge("You")), class_name="row"
                    ),
                    rx.el.span(member.email, class_name="mut t1 trunc"),
                    class_name="two-lines",
                ),
                class_name="row",
                style={"gap": "12px"},
            ),
            class_name="lead",
        ),
        rx.el.td(_role(member)),
        rx.el.td(rx.el.span("since ", class_name="only-small"), member.since, class_name="mut"),
        rx.el.td(
            rx.cond(
                TeamState.may_change & ~member.is_me,
                icon_button("user_minus", "Remove " + member.name, "s", on_click=TeamState.ask_remove(member.id)),
            ),
            class_name="r act",
        ),
    )


def _invite() -> rx.Component:
    return dialog(
        TeamState.invite_open,
        "Invite a colleague",
        rx.el.form(
            form_error(TeamState),
            text_field("name", "Name", TeamState.errors, auto_complete="off", auto_focus=True),
            text_field("email", "E-mail", TeamState.errors, type="email", auto_complete="off"),
            select_field(
                "role",
                "Role",
                ROLES,
                TeamState.errors,
                hint=rx.match(TeamState.invite_role, *ROLE_HELP.items(), ""),
                value=TeamState.invite_role,
                on_change=TeamState.set_invite_role,
            ),
            form_actions(
                button("Cancel", tone="ghost", on_click=TeamState.set_invite_open(False)),
                button("Invite", tone="primary", type="submit", busy=TeamState.busy == "invite"),
            ),
            on_submit=TeamState.invite,
            no_validate=True,
            class_name="form",
        ),
        on_close=TeamState.set_invite_open,
        about="They get a link by e-mail to set their password.",
    )


@page("/team", title="Team", on_load=TeamState.load, nav=NavEntry(group="Set up", label="Team", icon="users", order=40))
def team() -> rx.Component:
    return rx.el.div(
        page_header(
            "Team",
            "Who works here and what each person may do",
            rx.cond(
                TeamState.may_change,
                button("Invite colleague", "user_plus", tone="primary", on_click=TeamState.set_invite_open(True)),
            ),
        ),
        panel(
            loaded(
                TeamState,
                table(["Name", "Role", "Since", ("", "r")], TeamState.members, _row, "Members"),
                "The team could not be loaded",
                TeamState.load,
            )
        ),
        _invite(),
        confirm(
            TeamState.removing_id != "",
            "Remove " + TeamState.removing_name + "?",
            "They are signed out at once and can no longer open this business. What they wrote stays.",
            keep="Keep member",
            act="Remove member",
            on_keep=TeamState.keep,
            on_act=TeamState.remove,
            busy=TeamState.busy == "remove",
        ),
        class_name="page",
    )
