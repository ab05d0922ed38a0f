"""Website chat: the embed code, what it says and asks first, and how your pages vouch for their users."""

from typing import Any

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.settings import load_settings
from omni_app.tenancy.businesses import load_business, update_business
from omni_app.ui.access import ViewerState, form_text, handler, loader, viewer_db
from omni_app.ui.components import (
    button,
    button_link,
    copy_button,
    form_actions,
    form_error,
    loaded,
    page_header,
    panel,
    said,
    text_area_field,
)
from omni_app.ui.components.leaving import WATCHED
from omni_app.ui.navigation import NavEntry
from omni_app.ui.pages.chat_setup.pre_chat import PreChatState, pre_chat_panel
from omni_app.ui.pages.chat_setup.vouching import VouchingState, vouching_panel
from omni_app.ui.shell import page


def embed_code(address: str, widget_key: str) -> str:
    """The one tag a website needs; `address` is where Omni is reached."""
    return f'<script async src="{address}/widget.js" data-business="{widget_key}"></script>'


_LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pt": "Portuguese",
}


def language_name(locale: str) -> str:
    """`English` of `en-CA`; the code itself when we have no name for it."""
    return _LANGUAGES.get(locale.partition("-")[0], locale or "English")


class ChatSetupState(ViewerState, rx.State):
    code: str = ""
    greeting: str = ""
    language: str = ""

    @loader
    async def load(self) -> None:
        async with viewer_db(self) as db:
            business = await load_business(db)
        self.code = embed_code(load_settings().base_url, business.widget_key)
        self.greeting = business.greeting
        self.language = language_name(business.locale)

    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        async with viewer_db(self) as db:
            business = await update_business(db, greeting=form_text(form, "greeting"))
        self.greeting = business.greeting
        yield said("Greeting saved")


def _content() -> rx.Component:
    return rx.el.div(
        panel(
            rx.el.p("Put this line before ", rx.el.code("</body>", class_name="mono"), " on every page.", class_name="mut t3"),
            rx.el.code(ChatSetupState.code, class_name="code", style={"margin": "12px 0"}),
            rx.el.p(
                "The chat speaks the language of the page it is on. Add ",
                rx.el.code('data-lang="fr"', class_name="mono"),
                " to choose one; without either it speaks ",
                rx.el.span(ChatSetupState.language, class_name="med"),
                ".",
                class_name="mut t1",
                style={"marginBottom": "4px"},
            ),
            title="Code for your website",
            end=copy_button(ChatSetupState.code, "Copy code"),
            padded=True,
            class_name="c7",
        ),
        panel(
            rx.el.form(
                form_error(ChatSetupState),
                text_area_field(
                    "greeting",
                    "Greeting",
                    ChatSetupState.errors,
                    hint="The first words in an empty chat",
                    rows=3,
                    default_value=ChatSetupState.greeting,
                    key=ChatSetupState.greeting,
                    dir="auto",
                ),
                form_actions(button("Save greeting", tone="primary", type="submit", busy=ChatSetupState.busy == "save")),
                on_submit=ChatSetupState.save,
                class_name="form",
                no_validate=True,
                custom_attrs=WATCHED,
            ),
            title="First words",
            class_name="c5",
        ),
        vouching_panel(),
        pre_chat_panel(),
        class_name="cols",
    )


@page(
    "/chat-setup",
    title="Website chat",
    on_load=[ChatSetupState.load, VouchingState.load, PreChatState.load],
    nav=NavEntry(group="Set up", label="Website chat", icon="messages_square", order=10, permission=Permission.CONFIGURE),
)
def chat_setup() -> rx.Component:
    return rx.el.div(
        page_header(
            "Website chat",
            "Visitors ask, Omni answers, your team takes over when needed",
            button_link("Try it on the demo website", "/demo", "external_link", target="_blank"),
        ),
        loaded(ChatSetupState, _content(), "Website chat could not be loaded", ChatSetupState.load),
        class_name="page",
    )
