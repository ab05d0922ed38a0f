"""The frame around every page: top bar, sidebar, tab bar, strips; and `page`, by which a module adds its page."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from omni_app.infra.scope import Permission
from omni_app.ui.account import ShellState, account_menu, business_mark, help_dialog, status_pill
from omni_app.ui.components import error_state, icon, skeleton_page
from omni_app.ui.leaving import leave_question
from omni_app.ui.navigation import NavEntry, grouped_entries, register_entry, tab_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    route: str
    title: str
    body: Callable[[], rx.Component]
    on_load: list[Any]
    bare: bool
    rail: bool
    full: bool


_pages: list[_Page] = []


def page(
    route: str,
    *,
    title: str,
    on_load: Any = None,
    nav: NavEntry | None = None,
    bare: bool = False,
    rail: bool = False,
    full: bool = False,
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Add a page. `bare`: no shell, open to strangers. `rail`: the sidebar stays collapsed. `full`: the page fills the window."""
    loaders = [] if on_load is None else list(on_load) if isinstance(on_load, list) else [on_load]

    def add(body: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        if nav is not None:
            register_entry(route, nav)
        _pages.append(_Page(route=route, title=title, body=body, on_load=loaders, bare=bare, rail=rail, full=full))
        return body

    return add


def _is_current(route: str, here: str) -> bool:
    return route == here or (route != "/" and here.startswith(route + "/"))


def _waiting_count(entry: NavEntry) -> rx.Component:
    if not entry.counts_waiting:
        return rx.fragment()
    return rx.cond(
        ShellState.waiting > 0,
        rx.el.span(ShellState.waiting, class_name="count hot", title="waiting for a person"),
    )


def _nav_link(route: str, entry: NavEntry, here: str) -> rx.Component:
    attributes = {"aria-current": "page"} if _is_current(route, here) else {}
    if entry.key:
        attributes["data-key"] = entry.key
    line = rx.el.a(
        icon(entry.icon),
        rx.el.span(entry.label),
        _waiting_count(entry),
        href=route,
        class_name="nav",
        title=entry.label,
        custom_attrs=attributes,
    )
    return rx.cond(ShellState.permissions.contains(entry.permission.value), line)


def _nav_groups(here: str) -> list[rx.Component]:
    parts: list[rx.Component] = []
    for group, entries in grouped_entries():
        if group:
            parts.append(rx.el.h2(group))
        parts.extend(_nav_link(route, entry, here) for route, entry in entries)
    return parts


def _sidebar(here: str) -> rx.Component:
    foot = rx.el.div(
        rx.el.button(
            icon("circle_help"),
            rx.el.span("Help and shortcuts"),
            type="button",
            class_name="nav",
            title="Help and shortcuts",
            custom_attrs={"data-help": ""},
            on_click=ShellState.set_help_open(True),
        ),
        rx.el.button(
            icon("panel_left_close"),
            rx.el.span("Collapse"),
            type="button",
            class_name="nav fold",
            title="Collapse or widen the sidebar",
            custom_attrs={"data-fold": ""},
        ),
        class_name="foot",
    )
    return rx.el.nav(rx.el.div(*_nav_groups(here), foot, class_name="in"), class_name="sidebar", aria_label="Main")


def _tab(route: str, entry: NavEntry, here: str) -> rx.Component:
    attributes = {"aria-current": "page"} if _is_current(route, here) else {}
    return rx.el.a(icon(entry.icon), entry.label, _waiting_count(entry), href=route, custom_attrs=attributes)


def _more(here: str) -> rx.Component:
    """Everything that has no tab of its own, as a sheet."""
    return rx.dialog.root(
        rx.dialog.trigger(rx.el.button(icon("menu"), "More", type="button")),
        rx.dialog.content(
            rx.dialog.title("Go to", custom_attrs={"as": "h2"}),
            rx.dialog.close(rx.el.div(*_nav_groups(here), class_name="sheet")),
            class_name="dlg",
            custom_attrs={"aria-describedby": ""},
        ),
    )


def _tab_bar(here: str) -> rx.Component:
    tabs = [_tab(route, entry, here) for route, entry in tab_entries()]
    style = {"gridTemplateColumns": f"repeat({len(tabs) + 1},1fr)"}
    return rx.el.nav(*tabs, _more(here), class_name="tabbar", aria_label="Main, small screens", style=style)


def _top_bar() -> rx.Component:
    return rx.el.header(
        business_mark(),
        rx.el.span(class_name="end only-wide"),
        status_pill(has_connection_errors),
        account_menu(),
        class_name="topbar",
    )


def _strip(
    tone: str, icon_name: str, title: str | rx.Var[str], detail: str | rx.Var[str], *actions: rx.Component, late: bool = False
) -> rx.Component:
    return rx.el.div(
        icon(icon_name),
        rx.el.span(rx.el.b(title, class_name="med"), " ", detail, class_name="grow"),
        *actions,
        class_name=f"strip {tone}{' late' if late else ''}",
        role="status",
    )


def _hanging() -> rx.Component:
    """Shown by `omni.js` while the connection stands but a store behind it does not answer."""
    return rx.cond(
        ~has_connection_errors,
        rx.el.div(
            _strip("info", "hourglass", "Omni does not answer just now.", "What you write is kept, and goes on by itself."),
            class_name="strips hanging",
            custom_attrs={"data-hangs": ""},
        ),
    )


def _strips() -> rx.Component:
    """At most one, the most serious first."""
    may_configure = ShellState.permissions.contains(Permission.CONFIGURE.value)
    budget = rx.cond(may_configure, rx.el.a("Raise budget", href="/budget", class_name="btn outline s"))
    offline = _strip(
        "info", "wifi_off", "The connection is lost.", "You can keep reading. The page tries again by itself.", late=True
    )
    paused = _strip(
        "warn", "pause", "Paid answers are paused.", "The month's budget is used up. Cache and FAQ still answer.", budget
    )
    down = _strip(
        "bad",
        "circle_alert",
        "The model's provider does not answer.",
        "Cache and FAQ still answer meanwhile.",
        rx.el.button("Check again", type="button", class_name="btn outline s", on_click=ShellState.on_live({})),
    )
    cut_off = _strip(
        "bad",
        "unplug",
        ShellState.cut_off,
        ShellState.cut_off_about,
        rx.cond(may_configure, rx.el.a("Connect again", href=ShellState.cut_off_path, class_name="btn outline s")),
    )
    near = _strip(
        "warn",
        "wallet",
        ShellState.nearing + ".",
        "",
        budget,
        rx.el.button("Hide", type="button", class_name="btn ghost s", on_click=ShellState.hide_nearing),
    )
    is_near = (ShellState.nearing_key != "") & (ShellState.nearing_key != ShellState.hidden_key)
    return rx.el.div(
        rx.cond(
            has_connection_errors,
            offline,
            rx.cond(
                ShellState.cut_off != "",
                cut_off,
                rx.match(ShellState.status, ("paused", paused), ("down", down), rx.cond(is_near, near)),
            ),
        ),
        class_name="strips",
    )


def _content(item: _Page) -> rx.Component:
    failed = rx.el.div(
        error_state("Omni could not be reached", ShellState.problem, ShellState.load, ShellState.problem_request),
        class_name="page",
    )
    return rx.cond(ShellState.signed_in, item.body(), rx.cond(ShellState.problem != "", failed, skeleton_page()))


def _shell(item: _Page) -> rx.Component:
    names = " ".join(["shell", *(["rail"] if item.rail else []), *(["full"] if item.full else [])])
    return rx.fragment(
        rx.el.a("Skip to content", href="#main", class_name="skip", custom_attrs={"data-skip": ""}),
        rx.el.div(
            _top_bar(),
            _sidebar(item.route),
            rx.el.main(_hanging(), _strips(), _content(item), class_name="main", id="main", tab_index=-1),
            _tab_bar(item.route),
            class_name=names,
        ),
        help_dialog(),
        leave_question(),
    )


def _discover() -> None:
    """Import every module under `ui/pages`: being in the folder is the registration."""
    from omni_app.ui import pages

    for module in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        importlib.import_module(module.name)


def add_pages(app: rx.App) -> None:
    """Give every page to `app`; the sidebar is complete only after all of them are known."""
    _discover()
    for item in _pages:
        app.add_page(
            _bind(item),
            route=item.route,
            title=f"{item.title} · Omni",
            on_load=item.on_load if item.bare else [ShellState.load, *item.on_load],
        )


def _bind(item: _Page) -> Callable[[], rx.Component]:
    return item.body if item.bare else lambda: _shell(item)
