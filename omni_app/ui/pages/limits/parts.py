"""The lists of the page: signs of abuse with their evidence, and what limits refused."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    badge,
    button,
    channel_icon,
    confirm,
    empty_state,
    key_figure,
    key_figures,
    pager,
    panel,
    segmented,
    table,
)
from omni_app.ui.pages.limits.showing import KINDS, PERIODS, STATES, EventLine, LimitLine, RefusalLine
from omni_app.ui.pages.limits.state import AbuseState

MAY_JUDGE = ShellState.permissions.contains(Permission.REPLY.value)


def figures() -> rx.Component:
    return key_figures(
        key_figure("Signs of abuse", AbuseState.seen, note=AbuseState.seen_note),
        key_figure("Held back now", AbuseState.held, note="slowed down or blocked"),
        key_figure("False alarms", AbuseState.wrong, note=AbuseState.wrong_note),
        key_figure("Refused by limits", AbuseState.refused, note=AbuseState.refused_note),
    )


def period() -> rx.Component:
    return segmented([(value, text) for value, text in PERIODS.items()], AbuseState.period, AbuseState.set_period, "Period")


def _select(label: str, value: rx.Var[str], on_pick: Any, *options: tuple[str, str]) -> rx.Component:
    choices = [rx.el.option(text, value=key) for key, text in options]
    return rx.el.select(*choices, value=value, on_change=on_pick, class_name="input", aria_label=label)


def _finder() -> rx.Component:
    return rx.el.div(
        _select("Kind of sign", AbuseState.kind, AbuseState.set_kind, ("", "Every kind"), *KINDS.items()),
        _select("Which signs", AbuseState.state, AbuseState.set_state, *STATES.items()),
        rx.el.span(AbuseState.total_words, class_name="mut num nowrap end", role="status"),
        class_name="finder",
    )


def _who(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(line.channel != "", channel_icon(line.channel, "s")),
            rx.el.a(rx.el.bdi(line.name), href="/customers/" + line.customer_id, class_name="med who-link trunc"),
            rx.cond(line.is_blocked, badge("Blocked for good", "bad", "ban")),
            class_name="row",
        ),
        rx.el.div(
            "Trust ",
            line.trust,
            rx.cond(
                line.conversation_id != "",
                rx.fragment(
                    " · ", rx.el.a("Conversation", href="/inbox?conversation=" + line.conversation_id, class_name="link")
                ),
            ),
            class_name="mut t1",
        ),
        class_name="two-lines",
    )


def _evidence(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.div(
        rx.el.div(badge(line.kind), rx.el.span(line.about), class_name="row"),
        rx.cond(line.quote != "", rx.el.div(rx.el.bdi("“" + line.quote + "”"), class_name="mut t1 seen-text")),
        class_name="two-lines",
    )


def _action(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.match(
                line.tone,
                ("bad", badge(line.action, "bad", "ban")),
                ("warn", badge(line.action, "warn", "timer")),
                badge(line.action),
            ),
            class_name="row",
        ),
        rx.el.span(rx.cond(line.until != "", line.until + " · ", ""), line.at, class_name="mut t1"),
        class_name="two-lines",
    )


def _acts(line: rx.Var[EventLine]) -> rx.Component:
    judge = rx.fragment(
        rx.cond(
            line.verdict != "right",
            button("Right", size="s", on_click=AbuseState.judge(line.id, "right"), aria_label="Right: " + line.name),
        ),
        rx.cond(
            line.verdict != "wrong",
            button("Wrong", size="s", on_click=AbuseState.judge(line.id, "wrong"), aria_label="Wrong: " + line.name),
        ),
        rx.cond(
            line.is_held,
            button("Lift", size="s", on_click=AbuseState.let_go(line.id), aria_label="Lift: " + line.name),
        ),
        rx.cond(
            ~line.is_blocked & (line.tone != ""),
            button("Block", tone="ghost", size="s", on_click=AbuseState.ask_block(line.id), aria_label="Block: " + line.name),
        ),
    )
    return rx.el.div(
        rx.cond(line.judged != "", rx.el.span(line.judged, class_name="mut t1 nowrap")),
        rx.cond(MAY_JUDGE, judge),
        class_name="row acts-of",
    )


def _event(line: rx.Var[EventLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(_who(line), class_name="lead"),
        rx.el.td(_evidence(line), class_name="wide"),
        rx.el.td(_action(line)),
        rx.el.td(_acts(line), class_name="act"),
        key=line.id,
    )


def _no_events() -> rx.Component:
    return rx.cond(
        AbuseState.is_narrowed,
        empty_state(
            "No sign matches",
            "Nothing of this kind was seen in this period.",
            "search_x",
            button("Clear filters", on_click=AbuseState.clear),
            because_of_filter=True,
        ),
        empty_state(
            "Nothing looked like abuse",
            "Floods, gibberish, endless repeats and known addresses appear here with their evidence.",
            "shield_check",
        ),
    )


def events() -> rx.Component:
    return panel(
        rx.cond((AbuseState.total > 0) | AbuseState.is_narrowed, _finder()),
        rx.cond(
            AbuseState.events.length() > 0,
            table(["Customer", "What was seen", "What followed", ("", "act")], AbuseState.events, _event, "Signs of abuse"),
            _no_events(),
        ),
        rx.cond(
            AbuseState.pages > 1,
            rx.el.footer(pager(AbuseState.page, AbuseState.pages, AbuseState.go, "Pages of signs")),
        ),
        title="Signs of abuse",
        class_name="c12 abuse",
    )


def _limit(line: rx.Var[LimitLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(line.name), rx.el.span(line.refused, class_name="num med"), class_name="row between"),
        rx.el.span(rx.el.i(style={"width": line.share + "%"}), class_name="share", aria_hidden="true"),
        rx.el.span(line.subjects, class_name="mut t1"),
    )


def _refusal(line: rx.Var[RefusalLine]) -> rx.Component:
    who = rx.cond(
        line.href != "",
        rx.el.a(rx.el.bdi(line.who), href=line.href, class_name="med who-link trunc"),
        rx.el.span(line.who, class_name="trunc"),
    )
    about = rx.el.span(line.about, class_name="mut t1")
    return rx.el.tr(
        rx.el.td(who, class_name="lead"),
        rx.el.td(rx.el.div(rx.el.span(line.limit), about, class_name="two-lines")),
        rx.el.td(line.times, rx.el.span(" times", class_name="only-small"), class_name="r num"),
        rx.el.td(line.at, class_name="mut nowrap"),
        key=line.id,
    )


def _which_limit() -> rx.Component:
    picker = rx.el.select(
        rx.el.option("Every limit", value=""),
        rx.foreach(AbuseState.by_limit, lambda line: rx.el.option(line.name, value=line.key)),
        value=AbuseState.limit,
        on_change=AbuseState.set_limit,
        class_name="input",
        aria_label="Which limit",
    )
    return rx.el.div(picker, class_name="finder")


def refusals() -> rx.Component:
    return rx.fragment(
        panel(
            rx.cond(
                AbuseState.by_limit.length() > 0,
                rx.el.ul(rx.foreach(AbuseState.by_limit, _limit), class_name="shares"),
                rx.el.p("Nobody met a limit in this period.", class_name="mut"),
            ),
            title="Refused, by limit",
            padded=True,
            class_name="c4",
        ),
        panel(
            rx.cond(AbuseState.by_limit.length() > 1, _which_limit()),
            rx.cond(
                AbuseState.refusals.length() > 0,
                table(["Who", "Limit", ("Times", "r"), "Last"], AbuseState.refusals, _refusal, "Refusals"),
                empty_state("Nothing was refused", "Who meets a limit appears here, by the hour.", "gauge"),
            ),
            rx.cond(
                AbuseState.refusals_pages > 1,
                rx.el.footer(
                    pager(AbuseState.refusals_page, AbuseState.refusals_pages, AbuseState.go_refusals, "Pages of refusals")
                ),
            ),
            title="What was refused",
            class_name="c8 abuse",
        ),
    )


def block_dialog() -> rx.Component:
    return confirm(
        AbuseState.blocking != "",
        "Block " + AbuseState.blocking_name + "?",
        "Their messages are refused on every channel until somebody unblocks them. The conversation stays.",
        keep="Do not block",
        act="Block customer",
        on_keep=AbuseState.keep,
        on_act=AbuseState.block,
    )
