"""Signed-in users: the secret with which your own pages vouch for them, how to sign, and a check of a signature."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.tenancy.businesses import load_business
from omni_app.tenancy.site_identity import has_secret, rotate_secret, show_secret, try_hash
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.components import (
    button,
    callout,
    confirm,
    copy_button,
    form_actions,
    form_error,
    loaded,
    panel,
    said,
    segmented,
    text_field,
)

SNIPPETS = {
    "python": (
        "Python",
        "import hashlib, hmac\n\nuser_hash = hmac.new(\n    SECRET.encode(), user.encode(), hashlib.sha256\n).hexdigest()",
    ),
    "node": (
        "Node",
        'import { createHmac } from "node:crypto";\n\n'
        'const userHash = createHmac("sha256", SECRET)\n  .update(user)\n  .digest("hex");',
    ),
    "php": ("PHP", "<?php\n$userHash = hash_hmac('sha256', $user, $secret);"),
}


class VouchingState(ViewerState, rx.State):
    """The secret stays here only while it is shown."""

    has_secret: bool = False
    secret: str = ""
    tag: str = ""
    language: str = "python"
    rotate_open: bool = False
    verdict: str = ""
    fits: bool = False

    @loader
    async def load(self) -> None:
        self.secret, self.verdict, self.rotate_open = "", "", False
        async with viewer_db(self) as db:
            db.scope.require(Permission.CONFIGURE)
            self.has_secret = await has_secret(db)
            business = await load_business(db)
        self.tag = f'data-business="{business.widget_key}"\ndata-user="sofia@example.com"\ndata-user-hash="…64 hex digits…"'

    @handler
    async def show(self) -> Any:
        self.busy = "show"
        yield
        async with viewer_db(self) as db:
            self.secret = await show_secret(db)
        self.has_secret = True

    @handler
    async def hide(self) -> None:
        self.secret = ""

    @handler
    async def pick(self, language: str) -> None:
        self.language = language if language in SNIPPETS else "python"

    @handler
    async def set_rotate_open(self, is_open: bool) -> None:
        self.rotate_open = bool(is_open)

    @handler
    async def keep(self, is_open: bool = False) -> None:
        self.rotate_open = False

    @handler
    async def rotate(self) -> Any:
        self.busy, self.rotate_open = "rotate", False
        yield
        async with viewer_db(self) as db:
            self.secret = await rotate_secret(db)
        self.has_secret, self.verdict = True, ""
        yield said("New secret made; the old one no longer counts")

    @handler
    async def try_it(self, form: dict[str, Any]) -> Any:
        self.busy, self.verdict = "try", ""
        yield
        async with viewer_db(self) as db:
            wrong = await try_hash(db, form_text(form, "user"), form_text(form, "user_hash"))
        self.fits, self.verdict = not wrong, wrong or "This hash fits: the chat will know this user."


def _secret() -> rx.Component:
    shown = rx.el.div(
        rx.el.code(VouchingState.secret, class_name="code", id="site-secret"),
        rx.el.div(
            copy_button(VouchingState.secret, "Copy secret"),
            button("Hide", size="s", on_click=VouchingState.hide),
            button("Make a new one", size="s", on_click=VouchingState.set_rotate_open(True)),
            class_name="row wrap",
            style={"gap": "8px"},
        ),
        callout(
            "Keep it on your server. Who has it can pretend to be any of your users.", tone="warn", icon_name="triangle_alert"
        ),
        class_name="form",
    )
    hidden = rx.el.div(
        button(
            rx.cond(VouchingState.has_secret, "Show the secret", "Make the secret"),
            "key_round",
            on_click=VouchingState.show,
            busy=VouchingState.busy == "show",
        )
    )
    return rx.cond(VouchingState.secret != "", shown, hidden)


def _step(number: int, title: str, *content: rx.Component) -> rx.Component:
    return rx.el.div(rx.el.h3(f"{number}. {title}", class_name="med", style={"fontSize": "13px", "margin": "0 0 8px"}), *content)


def _signing() -> rx.Component:
    names: list[tuple[str, str | rx.Var[str]]] = [(key, name) for key, (name, _) in SNIPPETS.items()]
    code = rx.match(
        VouchingState.language,
        *[(key, rx.el.code(text, class_name="code")) for key, (_, text) in SNIPPETS.items()],
        rx.fragment(),
    )
    return rx.el.div(
        rx.el.div(segmented(names, VouchingState.language, VouchingState.pick, "Language")),
        code,
        rx.el.p(
            "The user is an e-mail address, or the id you know them by. Sign exactly what the tag carries.", class_name="mut t1"
        ),
        style={"display": "grid", "gap": "8px", "justifyItems": "stretch"},
    )


def _tester() -> rx.Component:
    return rx.el.form(
        form_error(VouchingState),
        rx.el.div(
            text_field(
                "user",
                "User",
                VouchingState.errors,
                placeholder="sofia@example.com",
                auto_complete="off",
                spell_check=False,
                dir="ltr",
            ),
            text_field("user_hash", "Hash", VouchingState.errors, auto_complete="off", spell_check=False, dir="ltr"),
            class_name="two",
        ),
        rx.cond(
            VouchingState.verdict != "",
            rx.cond(
                VouchingState.fits,
                callout(VouchingState.verdict, tone="good", icon_name="circle_check", role="status"),
                callout(VouchingState.verdict, tone="bad", icon_name="circle_x", role="status"),
            ),
        ),
        form_actions(button("Check the hash", type="submit", busy=VouchingState.busy == "try")),
        on_submit=VouchingState.try_it,
        no_validate=True,
        class_name="form",
        style={"padding": "0"},
    )


def vouching_panel() -> rx.Component:
    """How the business's own pages say who is signed in."""
    steps = rx.el.div(
        rx.el.p(
            "When someone is signed in on your website, the chat can know them without asking: history, orders, name. "
            "Your server signs who it is, so that nobody can pretend.",
            class_name="mut t3",
        ),
        _step(1, "Keep the secret on your server", _secret()),
        _step(2, "Sign the user there", _signing()),
        _step(3, "Put both on the tag", rx.el.code(VouchingState.tag, class_name="code")),
        _step(4, "Check one", _tester()),
        style={"display": "grid", "gap": "20px", "paddingBottom": "4px"},
    )
    return panel(
        loaded(VouchingState, steps, "Signed-in users could not be loaded", VouchingState.load),
        confirm(
            VouchingState.rotate_open,
            "Make a new secret?",
            "Hashes made with the old one are refused at once: users chat as strangers until your server signs anew.",
            "Keep this one",
            "Make a new secret",
            VouchingState.keep,
            VouchingState.rotate,
        ),
        title="Signed-in users",
        padded=True,
        class_name="c7",
    )
