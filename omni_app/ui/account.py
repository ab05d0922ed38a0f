"""What the top bar knows: whose business this is, who is signed in, whether answers flow, and the help dialog."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.style import set_color_mode

from omni_app.budgets.budget import BudgetView, load_budget
from omni_app.budgets.rules import BudgetRules, load_rules
from omni_app.channels.lights import CutOff, list_cut_off
from omni_app.conversations.reading import count_folders
from omni_app.infra import money
from omni_app.llm.health import is_provider_down
from omni_app.tenancy.sessions import list_businesses, switch_business
from omni_app.ui.access import ViewerState, client_of, current_viewer, handler, loader, parse_id, session_token, viewer_db
from omni_app.ui.components import CHANNELS, avatar, avatar_tone, icon, initials, omni_mark
from omni_app.ui.live import unwatch_page, watch
from omni_app.ui.navigation import page_shortcuts, shortcut_entries

_KINDS = ("budget", "business", "message.created", "conversation", "channel")
ROLE_NAMES = {"owner": "Owner", "admin": "Admin", "agent": "Agent", "viewer": "Viewer"}


@dataclass
class BusinessLine:
    id: str
    name: str
    letters: str
    role: str
    is_current: bool


def status_detail(status: str, budget: BudgetView) -> str:
    """Why the pill says what it says, with figures."""
    used = f"Budget {budget.percent:.0f}% used this month."
    if status == "paused":
        return f"{used} Cache and FAQ answer on."
    if status == "down":
        return f"{used} The model's provider does not answer just now."
    credit = f" {money.show(budget.credit_left_nusd)} of credit left." if budget.credit_total_nusd else ""
    return f"Every answer flows. {used}{credit}"


def nearing(rules: BudgetRules, budget: BudgetView) -> tuple[str, str]:
    """The share of the budget that is reached, of those that are told: its key, and "75% of November's budget is spent, $30.00
    left"; two empty texts below the first."""
    reached = max((percent for percent in (*rules.alert_percents, 100) if budget.percent >= percent), default=0)
    if not reached:
        return "", ""
    key, month = f"{budget.period_start} {reached}", f"{budget.period_start:%B}"
    if reached == 100:
        return key, f"{month}'s budget is spent; {money.show(budget.credit_left_nusd)} of credit goes on"
    return key, f"{reached}% of {month}'s budget is spent, {money.show(budget.left_nusd)} left"


def cut_off_words(cut_off: list[CutOff]) -> tuple[str, str, str]:
    """What the strip says of accounts that cannot send, and where to mend it; three empty texts when all can."""
    if not cut_off:
        return "", "", ""
    first = cut_off[0]
    if len(cut_off) > 1:
        return f"{len(cut_off)} channels are disconnected.", "Answers over them wait until somebody connects them.", "/channels"
    title = f"{CHANNELS.get(first.channel, first.channel)} “{first.name}” is disconnected."
    return title, "Answers wait until somebody connects it.", f"/channels/{first.id}"


class ShellState(ViewerState, rx.State):
    """The frame's data; loaded before every signed-in page's own."""

    signed_in: bool = False
    name: str = ""
    email: str = ""
    role: str = ""
    letters: str = ""
    tone: str = "c"
    business_name: str = ""
    businesses: list[BusinessLine] = []
    permissions: list[str] = []
    status: str = "live"
    """live; paused: budget and credit are used up; down: the model's provider did not answer just now."""
    status_detail: str = ""
    nearing: str = ""
    """How much of the budget is spent, once a share is reached that the owner wants to be told of; empty below."""
    nearing_key: str = ""
    """Names this share of this month."""
    hidden_key: str = ""
    """The share somebody has hidden in this tab."""
    cut_off: str = ""
    """Which channel cannot send because its provider cut it off; empty when all can."""
    cut_off_about: str = ""
    cut_off_path: str = ""
    waiting: int = 0
    help_open: bool = False

    @loader
    async def load(self) -> None:
        viewer = await current_viewer(self)
        unwatch_page(self)
        await watch(self, ShellState.on_live, _KINDS, stays=True, every=1.0)
        self.name, self.email, self.role = viewer.name, viewer.email, ROLE_NAMES.get(viewer.role, viewer.role)
        self.letters, self.tone = initials(viewer.name), avatar_tone(viewer.name)
        self.business_name = viewer.business_name
        self.businesses = [
            BusinessLine(str(item.id), item.name, initials(item.name), ROLE_NAMES.get(item.role, item.role), item.is_current)
            for item in await list_businesses(viewer)
        ]
        self.permissions = sorted(permission.value for permission in viewer.permissions)
        self.signed_in = True
        await self._read_status()

    @handler
    async def on_live(self, note: dict) -> None:
        await self._read_status()

    async def _read_status(self) -> None:
        async with viewer_db(self) as db:
            budget, rules = await load_budget(db), await load_rules(db)
            folders, cut_off = await count_folders(db), await list_cut_off(db)
        self.cut_off, self.cut_off_about, self.cut_off_path = cut_off_words(cut_off)
        self.waiting = folders["waiting"]
        # What only the owner can mend comes before what mends itself.
        self.status = "paused" if budget.is_paused else "down" if await is_provider_down() else "live"
        self.status_detail = status_detail(self.status, budget)
        self.nearing_key, self.nearing = nearing(rules, budget)

    @handler
    async def hide_nearing(self) -> None:
        self.hidden_key = self.nearing_key

    @handler
    async def switch_to(self, business_id: str) -> Any:
        await switch_business(session_token(self), parse_id(business_id, "business"), client_of(self))
        return rx.call_script("omni.startOver('/')")

    @handler
    async def set_help_open(self, is_open: bool) -> None:
        self.help_open = bool(is_open)


def _name_of_business() -> list[rx.Component]:
    return [rx.el.span(omni_mark(), class_name="logo"), rx.el.b(ShellState.business_name, class_name="trunc")]


def _business_item(item: rx.Var[BusinessLine]) -> rx.Component:
    return rx.dropdown_menu.item(
        avatar(item.letters, "", "s"),
        rx.el.span(item.name, class_name="grow trunc"),
        rx.el.span(item.role, class_name="mut t1"),
        rx.cond(item.is_current, icon("check", "s"), rx.fragment()),
        disabled=item.is_current,
        on_select=ShellState.switch_to(item.id),
    )


def business_mark() -> rx.Component:
    """Whose business this is; a menu for people who work for several."""
    switcher = rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(
                *_name_of_business(),
                icon("chevrons_up_down", "s", "mut"),
                type="button",
                class_name="brand",
                aria_label="Switch business. Current: " + ShellState.business_name,
            )
        ),
        rx.dropdown_menu.content(rx.foreach(ShellState.businesses, _business_item), class_name="menu", align="start"),
    )
    return rx.cond(ShellState.businesses.length() > 1, switcher, rx.el.span(*_name_of_business(), class_name="brand"))


def status_pill(is_offline: rx.Var[bool]) -> rx.Component:
    """Live (green), Paid answers paused (amber), Provider down (red), Offline (grey); a click says why, on the page of costs."""
    return rx.cond(
        is_offline,
        rx.el.span(rx.el.span(class_name="live off"), "Offline", class_name="pill", role="status"),
        rx.el.a(
            rx.el.span(class_name=rx.match(ShellState.status, ("paused", "live warn"), ("down", "live bad"), "live")),
            rx.match(ShellState.status, ("paused", "Paid answers paused"), ("down", "Provider down"), "Live"),
            class_name="pill",
            href="/costs",
            title=ShellState.status_detail,
        ),
    )


def _theme_item(label: str, icon_name: str, mode: str) -> rx.Component:
    return rx.dropdown_menu.item(icon(icon_name, "s"), label, on_select=set_color_mode(mode))


def account_menu() -> rx.Component:
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(
            rx.el.button(
                avatar(ShellState.letters, ShellState.tone, "s"),
                type="button",
                class_name="account",
                # Who speaks to the computer says what stands there: the name holds the letters one sees.
                aria_label=ShellState.letters + " · Account: " + ShellState.name,
            )
        ),
        rx.dropdown_menu.content(
            rx.el.div(
                avatar(ShellState.letters, ShellState.tone),
                rx.el.div(
                    rx.el.div(ShellState.name, class_name="med trunc"),
                    rx.el.div(ShellState.email, class_name="mut t1 trunc"),
                    rx.el.div(ShellState.role, class_name="mut t1"),
                    class_name="grow",
                ),
                class_name="who",
            ),
            rx.dropdown_menu.separator(),
            _theme_item("Light", "sun", "light"),
            _theme_item("Dark", "moon", "dark"),
            _theme_item("As the system", "monitor", "system"),
            rx.dropdown_menu.separator(),
            rx.dropdown_menu.item(icon("log_out", "s"), "Sign out", on_select=rx.call_script("omni.signOut()")),
            class_name="menu",
            align="end",
        ),
    )


def _keys(*keys: str) -> rx.Component:
    return rx.el.dt(*[rx.el.kbd(key) for key in keys])


def help_dialog() -> rx.Component:
    lines: list[rx.Component] = []
    for _, entry in shortcut_entries():
        lines += [_keys("g", entry.key), rx.el.dd(f"Go to {entry.label}")]
    lines += [_keys("?"), rx.el.dd("Show this help"), _keys("Esc"), rx.el.dd("Close the top layer")]
    for title, keys in page_shortcuts():
        for pressed, what in keys:
            lines += [_keys(*pressed), rx.el.dd(f"{title}: {what[0].lower()}{what[1:]}")]
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Help and shortcuts", custom_attrs={"as": "h2"}),
            rx.dialog.description("Single letters do nothing while you write in a field.", class_name="say"),
            rx.el.dl(*lines, class_name="keys"),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    class_name="cb",
                    default_checked=rx.Var("(typeof window === 'undefined' || !window.omni || window.omni.keysAreOn())"),
                    custom_attrs={"data-keys": ""},
                ),
                "Use single-letter shortcuts",
                class_name="row",
                style={"marginTop": "16px", "gap": "9px"},
            ),
            rx.el.p(
                "Programs talk to Omni through the ",
                rx.el.a("API", href="/api/docs", target="_blank", class_name="link"),
                ".",
                class_name="mut",
                style={"marginTop": "12px"},
            ),
            rx.el.div(rx.dialog.close(rx.el.button("Close", type="button", class_name="btn outline")), class_name="acts"),
            class_name="dlg",
        ),
        open=ShellState.help_open,
        on_open_change=ShellState.set_help_open,
    )
