"""The page `/customers/<id>`: head with actions, figures, history and notes on the left, what is known on the right."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    avatar,
    badge,
    bone,
    button,
    button_link,
    callout,
    channel_icon,
    confirm,
    empty_state,
    icon,
    icon_button,
    key_figure,
    link,
    loaded,
    pager,
    panel,
    skeleton_rows,
)
from omni_app.ui.components.forms import error_line
from omni_app.ui.pages.customers.editing import EditState
from omni_app.ui.pages.customers.editor import editor
from omni_app.ui.pages.customers.join_state import JoinState
from omni_app.ui.pages.customers.joining import join_dialog, merged, suggestions
from omni_app.ui.pages.customers.profile_dialogs import block_dialog, erase_dialog, verify_dialog
from omni_app.ui.pages.customers.profile_state import CustomerState
from omni_app.ui.pages.customers.profile_trust import held_back, trust
from omni_app.ui.pages.customers.showing import ConsentLine, NoteLine, Pair, PointLine, TalkLine, TrailLine
from omni_app.ui.shell import page

WHO = CustomerState.who
MAY_REPLY = ShellState.permissions.contains(Permission.REPLY.value)
MAY_ADMINISTER = ShellState.permissions.contains(Permission.ADMINISTER.value)


def _actions() -> rx.Component:
    more = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(icon("ellipsis"), type="button", class_name="btn outline", aria_label="More about this customer")
        ),
        rx.dropdown_menu.content(
            rx.cond(
                WHO.is_verified,
                rx.dropdown_menu.item("Take verification back", on_select=CustomerState.unverify),
                rx.dropdown_menu.item("Verify customer", on_select=CustomerState.ask_verify("")),
            ),
            rx.dropdown_menu.item("Join with another", on_select=JoinState.open_for(WHO.id, WHO.name)),
            rx.cond(
                WHO.is_blocked,
                rx.dropdown_menu.item("Unblock customer", on_select=CustomerState.unblock),
                rx.dropdown_menu.item("Block customer", on_select=CustomerState.set_block_open(True)),
            ),
            rx.cond(
                MAY_ADMINISTER,
                rx.fragment(
                    rx.dropdown_menu.separator(),
                    rx.dropdown_menu.item("Export all data", on_select=CustomerState.export),
                    rx.dropdown_menu.item("Erase customer", class_name="erase-item", on_select=CustomerState.ask_erase),
                ),
            ),
        ),
    )
    return rx.cond(
        MAY_REPLY,
        rx.el.div(
            button("Edit details", "pencil", on_click=EditState.open_for(WHO.id)),
            more,
            class_name="row end",
        ),
    )


def _head() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(link(rx.fragment(icon("arrow_left", "s"), "Customers"), "/customers"), class_name="back"),
            rx.el.div(
                rx.cond(CustomerState.loaded, avatar(WHO.letters, WHO.tone, "l")),
                rx.el.div(
                    rx.el.h1(rx.el.bdi(rx.cond(CustomerState.loaded & (WHO.name != ""), WHO.name, "Customer"))),
                    rx.cond(
                        CustomerState.loaded,
                        rx.el.div(
                            rx.el.span("Customer since ", WHO.since, class_name="mut"),
                            rx.cond(WHO.is_verified, badge("Verified", "good", "badge_check")),
                            rx.cond(WHO.is_blocked, badge("Blocked", "bad", "ban")),
                            class_name="row wrap",
                        ),
                    ),
                    class_name="grow",
                ),
                class_name="row who-head",
            ),
            class_name="grow",
        ),
        rx.cond(CustomerState.loaded & (CustomerState.problem == "") & ~CustomerState.is_gone, _actions()),
        class_name="head",
    )


def _figure(pair: rx.Var[Pair]) -> rx.Component:
    return key_figure(pair.label, pair.text, note=pair.key)


def _talk(line: rx.Var[TalkLine]) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            channel_icon(line.channel),
            rx.el.div(
                rx.el.div(
                    rx.el.bdi(line.subject, class_name="med trunc"),
                    badge(line.status, "line"),
                    class_name="row",
                ),
                rx.el.p(rx.el.bdi(line.about), class_name="mut about"),
                class_name="grow",
            ),
            rx.el.span(line.at, class_name="mut t1 nowrap"),
            href="/inbox?conversation=" + line.id,
        )
    )


def _history() -> rx.Component:
    return panel(
        rx.cond(
            CustomerState.talks.length() > 0,
            rx.el.ul(rx.foreach(CustomerState.talks, _talk), class_name="talks"),
            rx.el.p("No conversation yet.", class_name="mut pad"),
        ),
        rx.cond(
            CustomerState.talks_pages > 1,
            rx.el.footer(pager(CustomerState.talks_page, CustomerState.talks_pages, CustomerState.go, "Pages of conversations")),
        ),
        title="Conversations",
    )


def _note(line: rx.Var[NoteLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(rx.el.bdi(line.author), class_name="med"),
            rx.el.span(line.at, class_name="mut t1"),
            rx.cond(
                line.may_remove & MAY_REPLY,
                rx.el.span(
                    icon_button("trash_2", "Remove the note of " + line.author, "s", on_click=CustomerState.remove_note(line.id)),
                    class_name="end",
                ),
            ),
            class_name="row",
        ),
        rx.el.p(rx.el.bdi(line.text), class_name="told"),
    )


def _notes() -> rx.Component:
    write = rx.el.form(
        rx.el.textarea(
            id="f-note",
            name="note",
            rows="2",
            class_name="input",
            placeholder="Write a note for your team",
            aria_label="A note for your team",
            max_length=4000,
            custom_attrs={"aria-describedby": "e-note"},
        ),
        rx.cond(CustomerState.errors["note"], error_line(CustomerState.errors["note"], "e-note")),
        rx.el.div(button("Add note", type="submit", size="s", busy=CustomerState.busy == "note"), class_name="row"),
        key="note-" + CustomerState.form.to_string(),
        on_submit=CustomerState.add_note,
        no_validate=True,
        class_name="note-form",
    )
    return panel(
        rx.cond(MAY_REPLY, write),
        rx.cond(
            CustomerState.notes.length() > 0,
            rx.el.ul(rx.foreach(CustomerState.notes, _note), class_name="people-notes"),
            rx.el.p("No notes yet. Only your team sees them.", class_name="mut"),
        ),
        title="Notes",
        padded=True,
    )


def _trail() -> rx.Component:
    def entry(line: rx.Var[TrailLine]) -> rx.Component:
        return rx.el.li(
            rx.el.bdi(line.what, class_name="grow"),
            rx.cond(line.who != "", rx.el.bdi(line.who, class_name="mut t1")),
            rx.el.span(line.at, class_name="mut t1 nowrap"),
            class_name="row",
        )

    return panel(rx.el.ul(rx.foreach(CustomerState.trail, entry), class_name="trail"), title="What happened", padded=True)


def _point(line: rx.Var[PointLine]) -> rx.Component:
    return rx.el.li(
        channel_icon(line.channel),
        rx.el.div(
            rx.el.bdi(line.value, class_name="trunc num", title=line.value),
            rx.el.span(line.how, class_name=rx.cond(line.is_proven, "mut t1", "warn t1")),
            class_name="two-lines grow",
        ),
        rx.cond(
            line.is_proven,
            badge("Proven", "good", "badge_check"),
            rx.cond(
                line.may_prove & MAY_REPLY,
                button("Verify", size="s", aria_label="Verify " + line.value, on_click=CustomerState.ask_verify(line.id)),
                badge("Claimed", "warn"),
            ),
        ),
    )


def _pair(pair: rx.Var[Pair]) -> rx.Component:
    return rx.fragment(rx.el.dt(rx.el.bdi(pair.label)), rx.el.dd(rx.el.bdi(pair.text)))


def _tags() -> rx.Component:
    def tag(name: rx.Var[str]) -> rx.Component:
        remove = rx.el.button(
            icon("x", "xs"), type="button", aria_label="Remove tag " + name, on_click=CustomerState.remove_tag(name)
        )
        return rx.el.li(badge(rx.fragment(rx.el.bdi(name), rx.cond(MAY_REPLY, remove))))

    add = rx.el.form(
        rx.el.input(
            id="f-tag",
            name="tag",
            class_name="input",
            placeholder="Add a tag",
            aria_label="Add a tag",
            auto_complete="off",
            max_length=400,
            custom_attrs={"aria-describedby": "e-tag"},
        ),
        rx.cond(CustomerState.errors["tag"], error_line(CustomerState.errors["tag"], "e-tag")),
        key="tag-" + CustomerState.form.to_string(),
        on_submit=CustomerState.add_tag,
        no_validate=True,
    )
    return rx.el.section(
        rx.el.h3("Tags"),
        rx.cond(CustomerState.tags.length() > 0, rx.el.ul(rx.foreach(CustomerState.tags, tag), class_name="row wrap tag-list")),
        rx.cond(MAY_REPLY, add, rx.cond(CustomerState.tags.length() == 0, rx.el.p("None", class_name="mut"))),
    )


def _consent(line: rx.Var[ConsentLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(line.label), rx.el.span(line.about, class_name="mut t1"), class_name="two-lines grow"),
        rx.el.button(
            type="button",
            role="switch",
            class_name="sw",
            aria_label=line.label,
            disabled=~MAY_REPLY,
            custom_attrs={"aria-checked": rx.cond(line.given, "true", "false")},
            on_click=CustomerState.set_consent(line.purpose, ~line.given),
        ),
    )


def _known() -> rx.Component:
    return panel(
        rx.el.section(
            rx.el.h3("Reached on"),
            rx.el.ul(rx.foreach(CustomerState.points, _point), class_name="ids tall"),
        ),
        rx.el.section(
            rx.el.h3("Details"),
            rx.el.dl(rx.foreach(CustomerState.details, _pair), class_name="kv"),
        ),
        trust(),
        rx.cond(
            CustomerState.attributes.length() > 0,
            rx.el.section(
                rx.el.h3("Attributes"),
                rx.el.dl(rx.foreach(CustomerState.attributes, _pair), class_name="kv"),
            ),
        ),
        _tags(),
        rx.el.section(rx.el.h3("Agreed to"), rx.el.ul(rx.foreach(CustomerState.consents, _consent), class_name="ids tall")),
        rx.cond(
            CustomerState.merges.length() > 0,
            rx.el.section(
                rx.el.h3("Joined from"),
                rx.el.ul(
                    rx.foreach(CustomerState.merges, merged),
                    class_name="ids tall",
                ),
            ),
        ),
        class_name="prof known",
    )


def _skeleton() -> rx.Component:
    figure = rx.el.div(bone("96px"), rx.el.div(bone("72px", "26px"), class_name="v"), bone("120px"), class_name="kpi")
    return rx.el.div(
        rx.el.div(*[figure] * 5, class_name="kpis n5"),
        rx.el.div(
            rx.el.section(rx.el.header(bone("110px", "14px")), skeleton_rows(5), class_name="panel c8"),
            rx.el.section(rx.el.header(bone("90px", "14px")), skeleton_rows(4), class_name="panel c4"),
            class_name="cols",
        ),
        class_name="loading",
        aria_busy="true",
        aria_label="Loading",
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.cond(
            WHO.is_blocked,
            callout(
                rx.el.b("Blocked. ", class_name="med"),
                rx.el.bdi(WHO.block_reason),
                tone="bad",
                icon_name="ban",
                style={"marginBottom": "16px"},
            ),
        ),
        held_back(),
        suggestions(),
        rx.el.dl(rx.foreach(CustomerState.figures, _figure), class_name="kpis n5", aria_label="Key figures"),
        rx.el.div(
            rx.el.div(_history(), _notes(), _trail(), class_name="c8 stack people-main"),
            rx.el.div(_known(), class_name="c4"),
            class_name="cols",
        ),
    )


@page("/customers/[customer_id]", title="Customer", on_load=CustomerState.load)
def customer() -> rx.Component:
    gone = empty_state(
        "This customer is gone",
        "Somebody erased them, with everything they said.",
        "user_x",
        button_link("All customers", "/customers", "arrow_left"),
        because_of_filter=True,
    )
    return rx.el.div(
        _head(),
        rx.cond(
            CustomerState.is_gone,
            gone,
            loaded(CustomerState, _content(), "This customer could not be opened", CustomerState.load, _skeleton()),
        ),
        rx.cond(
            CustomerState.problem != "",
            rx.el.div(button_link("All customers", "/customers", "arrow_left"), class_name="row center after"),
        ),
        editor(),
        verify_dialog(),
        block_dialog(),
        erase_dialog(),
        join_dialog(),
        confirm(
            CustomerState.undoing_id != "",
            "Undo the join with " + CustomerState.undoing_name + "?",
            "They become two customers again. Each gets back their addresses, conversations and notes.",
            keep="Keep joined",
            act="Undo join",
            on_keep=CustomerState.keep_joined,
            on_act=CustomerState.undo,
            busy=CustomerState.busy == "undo",
        ),
        class_name="page",
    )
