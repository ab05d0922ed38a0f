"""Set a new password: ask for the link, then use it."""

from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid, NotFound, Rejected, TooMany
from omni_app.limits import take_sign_up
from omni_app.tenancy import resetting
from omni_app.ui.access import ViewerState, client_of, form_text, open_handler, words_of
from omni_app.ui.components import button_link, callout, form_error, link, text_field
from omni_app.ui.pages.signing_in.frame import form, frame, heading, submit
from omni_app.ui.pages.signing_in.new_password import new_password_field
from omni_app.ui.shell import page


class ResetState(ViewerState, rx.State):
    """Both steps. Whether an address is known is never told."""

    is_sent: bool = False
    is_set: bool = False

    @open_handler
    async def load(self) -> None:
        self.is_sent = self.is_set = False

    @open_handler
    async def request(self, form: dict[str, Any]) -> Any:
        self.busy = "request"
        yield
        email = form_text(form, "email")
        if "@" not in email:
            raise Invalid("Write an e-mail address, like maya@example.com.", field="email")
        client = client_of(self)
        try:
            (await take_sign_up(client.ip)).require("Too many requests from this network.")
            await resetting.request_reset(email, client)
        except TooMany as error:
            self.form_error = " ".join(words_of(error)).strip()
            return
        self.is_sent = True

    @open_handler
    async def save(self, form: dict[str, Any]) -> Any:
        self.busy = "save"
        yield
        password = form.get("password")
        token = str(self.router.url.query_parameters.get("token", ""))
        try:
            await resetting.reset_password(token, password if isinstance(password, str) else "", client_of(self))
        except (Rejected, NotFound, TooMany) as error:
            self.form_error = " ".join(words_of(error)).strip()
            yield rx.call_script("window.omni && omni.focusError()")
            return
        self.is_set = True


@page("/reset", title="New password", on_load=ResetState.load, bare=True)
def reset() -> rx.Component:
    asking = form(
        heading("New password", "We send a link to your e-mail address."),
        form_error(ResetState),
        text_field("email", "E-mail", ResetState.errors, type="email", auto_complete="username", auto_focus=True),
        submit("Send link", ResetState.busy != ""),
        link("Back to sign-in", "/sign-in"),
        on_submit=ResetState.request,
        label="New password",
    )
    sent = rx.el.div(
        heading("Look into your mail"),
        callout("If the address is known, a link is on its way. It works for one hour.", tone="good", icon_name="mail_check"),
        button_link("Back to sign-in", "/sign-in", size="l"),
        class_name="form",
        role="status",
    )
    return frame(rx.cond(ResetState.is_sent, sent, asking))


@page("/reset/new", title="New password", on_load=ResetState.load, bare=True)
def reset_new() -> rx.Component:
    asking = form(
        heading("Set your password"),
        form_error(ResetState),
        new_password_field("password", "New password", ResetState.errors),
        submit("Save password", ResetState.busy != ""),
        link("Send a new link", "/reset"),
        on_submit=ResetState.save,
        label="Set your password",
    )
    done = rx.el.div(
        heading("Password saved"),
        callout("Every other place you were signed in is signed out.", tone="good", icon_name="circle_check"),
        button_link("Sign in", "/sign-in", tone="primary", size="l"),
        class_name="form",
        role="status",
    )
    return frame(rx.cond(ResetState.is_set, done, asking))
