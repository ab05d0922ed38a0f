"""The panels of the cache page: figures, tiers, warming, settings."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    button,
    empty_state,
    form_actions,
    form_error,
    key_figure,
    meter,
    panel,
    select_field,
    table,
    text_field,
)
from omni_app.ui.components.charts import chart, numbers
from omni_app.ui.components.leaving import unsaved
from omni_app.ui.pages.cache.settings import MODES, RulesState
from omni_app.ui.pages.cache.showing import SERIES, FigureLine, TierLine
from omni_app.ui.pages.cache.state import CacheState
from omni_app.ui.pages.cache.warming import WarmState

OVER = rx.match(CacheState.period, ("today", "today"), ("week", "last 7 days"), "last 30 days")


def may(permission: Permission) -> rx.Var[bool]:
    return ShellState.permissions.contains(permission.value)


def figures() -> rx.Component:
    def figure(line: rx.Var[FigureLine]) -> rx.Component:
        return key_figure(line.label, line.value, "", line.note)

    return rx.el.dl(rx.foreach(CacheState.figures, figure), class_name="kpis n4", aria_label="Key figures")


def hits() -> rx.Component:
    drawn = rx.fragment(
        rx.el.div(
            chart(CacheState.figure, CacheState.sentence),
            rx.el.span(
                *[
                    rx.el.span(rx.el.i(class_name="sq", style={"background": color}), name)
                    for name, color in (*SERIES.items(), ("Not from the cache", "var(--slate-8)"))
                ],
                class_name="legend",
            ),
            numbers("Day", CacheState.heads, CacheState.lines, "Answers from the cache by day"),
            class_name="body",
        ),
        rx.el.footer(CacheState.sentence),
    )
    return panel(
        rx.cond(
            CacheState.has_answers,
            drawn,
            empty_state("Nothing was asked yet", "As soon as customers write, their answers are counted here.", "chart_column"),
        ),
        title="Answers by day",
        about=OVER,
        class_name="c8",
    )


def _figure(value: rx.Var[str], before: str = "", after: str = "") -> rx.Component:
    """A cell of figures; on small screens, where no head says what it is, with its words, and left out while there is none."""
    words = rx.fragment(rx.el.span(before, class_name="only-small"), value, rx.el.span(after, class_name="only-small"))
    return rx.el.td(words, class_name=rx.cond(value == "–", "r none", "r"))


def _tier(line: rx.Var[TierLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.i(class_name="sq " + line.tone),
            " ",
            rx.el.span(line.name, class_name="med"),
            rx.el.span(line.about, class_name="t1 mut under"),
            class_name="lead",
        ),
        _figure(line.answers, after=" answers"),
        _figure(line.share),
        _figure(line.p50, before="half within "),
        _figure(line.p95, before="95% within "),
        _figure(line.saved, after=" saved"),
        _figure(line.wrong, after=" marked wrong"),
    )


def tiers() -> rx.Component:
    heads: list[str | tuple[str, str]] = [
        "Answered from",
        ("Answers", "r"),
        ("Share", "r"),
        ("Half within", "r"),
        ("95% within", "r"),
        ("Saved", "r"),
        ("Marked wrong", "r"),
    ]
    return panel(
        table(heads, CacheState.tiers, _tier, "Answers by tier"),
        title="Where answers came from",
        about=OVER,
        footer=CacheState.worth,
        class_name="c8 tiers",
    )


def _run() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(WarmState.progress, class_name="med num"),
            rx.el.span(WarmState.spent, class_name="mut num"),
            class_name="row between",
        ),
        meter("Questions asked ahead", WarmState.progress, "all", WarmState.percent),
        rx.cond(may(Permission.ADMINISTER), button("Stop", "square", on_click=WarmState.stop, size="s")),
        class_name="form",
        role="status",
    )


def _plan() -> rx.Component:
    form = rx.el.form(
        form_error(WarmState),
        text_field(
            "limit",
            "Spend at most",
            WarmState.errors,
            unit="$",
            default_value=WarmState.proposal,
            auto_complete="off",
            input_mode="decimal",
            max_length=12,
        ),
        form_actions(
            button("Warm cache", "flame", tone="primary", type="submit", busy=WarmState.busy == "start"),
        ),
        key=WarmState.form.to_string(),
        on_submit=WarmState.start,
        no_validate=True,
        class_name="form",
    )
    return rx.el.div(
        rx.el.p(WarmState.plan, class_name="med"),
        rx.cond(
            WarmState.questions.length() > 0,
            rx.el.ul(
                rx.foreach(WarmState.questions, lambda text: rx.el.li(text, class_name="trunc")),
                rx.cond(WarmState.more != "", rx.el.li(WarmState.more)),
                class_name="mut ahead",
            ),
        ),
        rx.cond(WarmState.can_start & may(Permission.ADMINISTER), form),
        rx.cond(
            WarmState.can_start & ~may(Permission.ADMINISTER),
            rx.el.p("An owner or admin can start it.", class_name="mut"),
        ),
        rx.cond(WarmState.left_out != "", rx.el.p(WarmState.left_out, class_name="t1 mut")),
        class_name="form",
    )


def warming() -> rx.Component:
    return panel(
        rx.cond(WarmState.is_running, _run(), _plan()),
        title="Ask ahead",
        about="before customers do",
        footer=rx.cond(WarmState.is_running | (WarmState.last == ""), "Answers everybody may hear are stored.", WarmState.last),
        padded=True,
        class_name="c4",
    )


def _switch(label: str, about: str, is_on: rx.Var[bool], on_click: rx.event.EventHandler) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.div(label, class_name="label"), rx.el.div(about, class_name="hint"), class_name="grow"),
        rx.el.button(
            type="button",
            class_name="sw",
            role="switch",
            aria_checked=is_on,
            aria_label=label,
            on_click=on_click,
            disabled=~may(Permission.CONFIGURE),
        ),
        class_name="row between",
    )


def _number(name: str, label: str, value: rx.Var[str], hint: str, unit: str | None = None) -> rx.Component:
    return text_field(
        name,
        label,
        RulesState.errors,
        hint=hint,
        unit=unit,
        default_value=value,
        auto_complete="off",
        input_mode="decimal",
        max_length=12,
        disabled=~may(Permission.CONFIGURE),
        on_change=RulesState.mark_changed.throttle(1000),
    )


def settings() -> rx.Component:
    form = rx.el.form(
        form_error(RulesState),
        _switch("Serve stored answers", "Off: every question is answered anew", RulesState.is_on, RulesState.toggle_on),
        select_field(
            "mode",
            "Serve for",
            MODES,
            RulesState.errors,
            value=RulesState.mode,
            on_change=RulesState.pick_mode,
            disabled=~may(Permission.CONFIGURE),
        ),
        rx.cond(
            RulesState.mode == "learned",
            _number(
                "min_probability", "How sure, at least", RulesState.probability, "0.5 to 1; higher means fewer mistakes and hits"
            ),
        ),
        rx.cond(
            RulesState.mode == "fixed",
            _number("fixed_cosine", "How alike, at least", RulesState.cosine, "Likeness of the two questions, 0.5 to 1"),
        ),
        _number("shared_hours", "Keep close by, hours", RulesState.hours, "1 to 24; opening hours, prices and stock: one"),
        _switch("Ask ahead every night", "Between 3 and 6 where you are", RulesState.warms_nightly, RulesState.toggle_night),
        rx.cond(
            RulesState.warms_nightly,
            _number("warming_limit_nusd", "Spend at most a night", RulesState.night_limit, "It ends there", unit="$"),
        ),
        rx.cond(
            RulesState.is_changed,
            form_actions(
                button("Undo", tone="ghost", on_click=RulesState.undo),
                button("Save settings", type="submit", busy=RulesState.busy == "save"),
            ),
        ),
        key=RulesState.form.to_string(),
        on_submit=RulesState.save,
        on_mount=RulesState.begin,
        no_validate=True,
        class_name="form",
        custom_attrs=unsaved(RulesState.is_changed),
    )
    return panel(form, title="Settings", padded=True, class_name="c4")
