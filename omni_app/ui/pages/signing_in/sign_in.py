"""Sign in with e-mail and password."""

from typing import Any

import reflex as rx

from omni_app.infra.errors import Invalid, Rejected, SignedOut, TooMany
from omni_app.limits import take_sign_in
from omni_app.tenancy import signing_in
from omni_app.ui.access import ViewerState, client_of, current_viewer, form_text, open_handler, same_site_path, words_of
from omni_app.ui.components import form_error, link, password_field, text_field
from omni_app.ui.pages.signing_in.frame import complete_sign_in, form, frame, heading, submit
from omni_app.ui.shell import page


class SignInState(ViewerState, rx.State):
    """The form; the password is never kept."""

    @open_handler
    async def load(self) -> Any:
        query = self.router.url.query_parameters
        self.form_error = "That took too long. Sign in again." if query.get("again") else ""
        try:
            await current_viewer(self)
        except SignedOut:
            return None
        return rx.redirect(same_site_path(str(query.get("next", "/"))))

    @open_handler
    async def submit(self, form: dict[str, Any]) -> Any:
        self.busy = "sign-in"
        yield
        password = form.get("password")
        try:
            email = form_text(form, "email")
            if not email:
                raise Invalid("Write your e-mail address.", field="email")
            if not isinstance(password, str) or not password:
                raise Invalid("Write your password.", field="password")
            client = client_of(self)
            (await take_sign_in(client.ip)).require("Too many tries to sign in from this network.")
            ticket = await signing_in.sign_in(email, password, client)
        except (Rejected, TooMany) as error:
            self.form_error = " ".join(words_of(error)).strip()
            yield rx.call_script("window.omni && omni.focusError()")
            return
        target = same_site_path(str(self.router.url.query_parameters.get("next", "/")))
        yield complete_sign_in(ticket, target)


@page("/sign-in", title="Sign in", on_load=SignInState.load, bare=True)
def sign_in() -> rx.Component:
    return frame(
        form(
            heading("Sign in", "New here? ", link("Create a business", "/sign-up")),
            form_error(SignInState),
            text_field("email", "E-mail", SignInState.errors, type="email", auto_complete="username", auto_focus=True),
            password_field(
                "password",
                "Password",
                SignInState.errors,
                beside=link("Forgot it?", "/reset", "t1"),
                auto_complete="current-password",
            ),
            submit("Sign in", SignInState.busy != ""),
            on_submit=SignInState.submit,
            label="Sign in",
        )
    )
