"""The panels of the overview."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    avatar,
    button,
    button_link,
    channel_icon,
    channel_name,
    empty_state,
    icon,
    key_figure,
    meter,
    panel,
)
from omni_app.ui.pages.overview.showing import Bar, FigureLine, Part, SourceLine, TableLine, Tick
from omni_app.ui.pages.overview.state import ChannelLine, OverviewState, QuestionLine, WaitLine

IN_PERIOD = rx.match(OverviewState.period, ("today", "today"), ("week", "last 7 days"), "last 30 days")


def may(permission: Permission) -> rx.Var[bool]:
    return ShellState.permissions.contains(permission.value)


def _figure(line: rx.Var[FigureLine]) -> rx.Component:
    note = rx.fragment(rx.el.span(line.note), rx.cond(line.more != "", rx.el.span(line.more, class_name="more-note")))
    return key_figure(line.label, line.value, line.unit, note)


def figures() -> rx.Component:
    return rx.el.dl(rx.foreach(OverviewState.figures, _figure), class_name="kpis n4", aria_label="Key figures")


def _part(part: rx.Var[Part]) -> rx.Component:
    return rx.el.i(style={"height": part.height}, class_name="k-" + part.kind)


def _bar(bar: rx.Var[Bar]) -> rx.Component:
    return rx.el.div(rx.foreach(bar.parts, _part), rx.el.span(bar.label, class_name="xl"), class_name="bar-col", title=bar.title)


def _tick(tick: rx.Var[Tick]) -> rx.Component:
    return rx.fragment(
        rx.el.i(class_name="gl", style={"top": tick.top}), rx.el.span(tick.label, class_name="yl", style={"top": tick.top})
    )


def _source(line: rx.Var[SourceLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.i(class_name="sq k-" + line.kind),
            line.label,
            rx.cond(line.note != "", rx.el.span(line.note, class_name="t1 mut under")),
        ),
        rx.el.td(line.answers),
        rx.el.td(line.percent, class_name="mut"),
    )


def _numbers() -> rx.Component:
    """The table behind the chart."""

    def row(line: rx.Var[TableLine]) -> rx.Component:
        return rx.el.tr(rx.el.th(line.label, scope="row"), rx.foreach(line.cells, lambda cell: rx.el.td(cell, class_name="r")))

    return rx.el.details(
        rx.el.summary("Show as a table", class_name="link"),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(rx.cond(OverviewState.period == "today", "Hour", "Day"), scope="col"),
                        rx.foreach(OverviewState.heads, lambda head: rx.el.th(head, scope="col", class_name="r")),
                    )
                ),
                rx.el.tbody(rx.foreach(OverviewState.lines, row)),
                class_name="table",
                aria_label="Answers by source",
            ),
            class_name="scroll",
        ),
        class_name="numbers",
    )


def answers() -> rx.Component:
    per = rx.match(OverviewState.period, ("today", "per hour, today"), ("week", "per day, last 7 days"), "per day, last 30 days")
    return panel(
        rx.el.div(
            rx.el.div(
                rx.foreach(OverviewState.ticks, _tick),
                rx.el.div(rx.foreach(OverviewState.bars, _bar), class_name="bar-cols"),
                class_name=rx.cond(OverviewState.period == "month", "chart bars dense", "chart bars"),
                role="img",
                aria_label=OverviewState.sentence,
            ),
            rx.el.table(
                rx.el.tbody(
                    rx.foreach(OverviewState.sources, _source),
                    rx.el.tr(rx.el.td("All answers"), rx.el.td(OverviewState.total), rx.el.td(), class_name="med"),
                ),
                aria_label="Answers by source",
            ),
            class_name="src",
        ),
        _numbers(),
        title="Answers by source",
        about=per,
        footer=rx.cond(OverviewState.chart_note != "", OverviewState.chart_note, OverviewState.sentence),
        class_name="c8 at-answers",
    )


def budget() -> rx.Component:
    return panel(
        rx.el.div(
            rx.el.span(
                rx.el.span(OverviewState.spent, class_name="big num"),
                rx.el.span(" of ", OverviewState.limit, class_name="mut"),
            ),
            rx.el.span(OverviewState.percent, class_name="mut num"),
            class_name="row between",
            style={"alignItems": "baseline"},
        ),
        meter(
            "Spend this month",
            OverviewState.spent,
            OverviewState.limit,
            OverviewState.spent_percent,
            OverviewState.reserved_percent,
            rx.cond(ShellState.status == "paused", "var(--bad)", ""),
        ),
        rx.el.dl(
            rx.el.dt("Left this month"),
            rx.el.dd(OverviewState.left),
            rx.el.dt("Held for answers under way"),
            rx.el.dd(OverviewState.held),
            rx.el.dt("Starts over"),
            rx.el.dd(OverviewState.renews),
            class_name="budget-facts",
        ),
        title="Spend and budget",
        end=rx.el.span(OverviewState.month, class_name="mut"),
        footer=rx.fragment(
            rx.match(
                ShellState.status,
                ("paused", "Paid answers are paused; cache and FAQ answer on. "),
                ("down", "The model's provider does not answer; cache and FAQ answer on. "),
                "Spending stops at the budget. ",
            ),
            rx.el.a("See costs", href="/costs", class_name="link", style={"minHeight": "0"}),
        ),
        padded=True,
        class_name="c4 at-budget",
    )


def _wait(line: rx.Var[WaitLine]) -> rx.Component:
    href = "/inbox?conversation=" + line.id
    action = rx.cond(
        (line.assignee == "") & may(Permission.REPLY),
        button("Take", size="s", on_click=OverviewState.take(line.id), aria_label="Take the conversation with " + line.name),
        button_link("Open", href, size="s"),
    )
    return rx.el.li(
        avatar(line.letters, line.tone, channel=line.channel),
        rx.el.div(
            rx.el.div(
                rx.el.a(line.name, href=href, class_name="who-link trunc"),
                rx.cond(line.assignee != "", rx.el.span("with ", line.assignee, class_name="t1 mut nowrap")),
                class_name="nm",
            ),
            rx.el.div(line.text, class_name="mut trunc"),
            class_name="grow",
        ),
        rx.el.span(icon("timer", "s"), line.waited, class_name="sla", title="How long this customer waits"),
        action,
    )


def waiting() -> rx.Component:
    return panel(
        rx.cond(
            OverviewState.waiting_count > 0,
            rx.el.ul(rx.foreach(OverviewState.waiting, _wait), class_name="wait"),
            empty_state("Nobody waits", "When somebody asks for a person, they stand here.", "coffee"),
        ),
        rx.cond(OverviewState.waiting_more != "", rx.el.footer(OverviewState.waiting_more)),
        title="Waiting for a person",
        about=rx.cond(OverviewState.waiting_count > 0, OverviewState.waiting_count.to_string(), ""),
        end=button_link(rx.fragment("Open inbox", icon("arrow_right", "s")), "/inbox", tone="ghost", size="s"),
        class_name="c8 at-waiting",
    )


def _channel(line: rx.Var[ChannelLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(channel_icon(line.kind), aria_hidden="true"),
        rx.el.td(channel_name(line.kind)),
        rx.el.td(line.conversations, class_name="num"),
    )


def channels() -> rx.Component:
    return panel(
        rx.cond(
            OverviewState.channels.length() > 0,
            rx.el.table(
                rx.el.tbody(rx.foreach(OverviewState.channels, _channel)), class_name="chl", aria_label="Conversations by channel"
            ),
            rx.el.p("No conversation ", IN_PERIOD, ".", class_name="mut quiet-note"),
        ),
        title="Channels",
        end=rx.el.span("conversations ", IN_PERIOD, class_name="mut"),
        class_name="c4 at-channels",
    )


def _question(line: rx.Var[QuestionLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.div(line.text, class_name="asked-text"), rx.el.div(line.note, class_name="t1 mut"), class_name="grow"),
        rx.cond(may(Permission.TEACH), button_link("Write answer", line.href, size="s")),
    )


def questions() -> rx.Component:
    return panel(
        rx.cond(
            OverviewState.questions.length() > 0,
            rx.el.ul(rx.foreach(OverviewState.questions, _question), class_name="gap"),
            empty_state("Every question had an answer", "What the assistant is not sure about stands here.", "circle_check"),
        ),
        title="Questions without an answer",
        about="last 7 days",
        end=rx.cond(
            OverviewState.questions_more != "",
            button(OverviewState.questions_more, tone="ghost", size="s", on_click=OverviewState.show_all_questions),
        ),
        footer="An answer you write is used from the next message on.",
        class_name="c12 at-questions",
    )


def _step(
    is_done: rx.Var[bool],
    title: str,
    about: str | rx.Var[str],
    action: str,
    href: str,
    permission: Permission,
    main: bool = False,
) -> rx.Component:
    return rx.el.li(
        rx.cond(is_done, icon("circle_check", "l", "good"), rx.el.span(class_name="ring")),
        rx.el.span(title, rx.el.br(), rx.el.span(about, class_name="t1 mut"), class_name=rx.cond(is_done, "done", "")),
        rx.cond(
            is_done,
            rx.el.span("done", class_name="t1 mut"),
            rx.cond(may(permission), button_link(action, href, tone="primary" if main else "outline", size="s")),
        ),
    )


def get_ready() -> rx.Component:
    has_faqs = OverviewState.faqs > 0
    return panel(
        rx.el.ul(
            _step(
                has_faqs,
                "Teach what people ask",
                rx.cond(has_faqs, OverviewState.faqs_words, "Questions with your answers"),
                "Add FAQs",
                "/knowledge",
                Permission.TEACH,
                main=True,
            ),
            _step(
                OverviewState.has_conversations,
                "Try it",
                "Ask as a customer would and see what they read",
                "Ask a question",
                "/knowledge",
                Permission.VIEW,
            ),
            _step(
                OverviewState.has_chat,
                "Put the chat on your website",
                "One line of code",
                "Get code",
                "/chat-setup",
                Permission.CONFIGURE,
            ),
            _step(
                OverviewState.has_colleagues,
                "Invite your colleagues",
                "They take over when a person is needed",
                "Invite",
                "/team",
                Permission.ADMINISTER,
            ),
            class_name="check",
        ),
        title="Get ready",
        end=rx.el.span(OverviewState.steps_done, " of 4", class_name="mut num"),
        class_name="c8",
    )
