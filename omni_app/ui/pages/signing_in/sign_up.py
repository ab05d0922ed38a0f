"""Create a business and its first owner."""

from typing import Any
from zoneinfo import available_timezones

import reflex as rx

from omni_app.infra.errors import Conflict, TooMany
from omni_app.limits import take_sign_up
from omni_app.tenancy import signing_up
from omni_app.ui.access import ViewerState, client_of, form_text, open_handler, words_of
from omni_app.ui.components import form_error, link, select_field, text_field
from omni_app.ui.pages.signing_in.frame import complete_sign_in, form, frame, heading, submit
from omni_app.ui.pages.signing_in.new_password import new_password_field
from omni_app.ui.shell import page


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/")))
    return [("UTC", "UTC"), *[(name, name.replace("_", " ")) for name in names]]


class SignUpState(ViewerState, rx.State):
    """The form; the password is never kept. The time zone starts as the browser's own."""

    zone: str = "UTC"

    @open_handler
    async def load(self) -> Any:
        return rx.call_script("Intl.DateTimeFormat().resolvedOptions().timeZone", callback=SignUpState.set_zone)

    @open_handler
    async def set_zone(self, zone: str) -> None:
        if zone in available_timezones():
            self.zone = zone

    @open_handler
    async def submit(self, form: dict[str, Any]) -> Any:
        self.busy = "sign-up"
        yield
        password = form.get("password")
        client = client_of(self)
        try:
            (await take_sign_up(client.ip)).require("Too many sign-ups from this network.")
            ticket = await signing_up.sign_up(
                form_text(form, "business_name"),
                form_text(form, "person_name"),
                form_text(form, "email"),
                password if isinstance(password, str) else "",
                form_text(form, "timezone") or self.zone,
                client,
            )
        except (Conflict, TooMany) as error:
            self.form_error = " ".join(words_of(error)).strip()
            yield rx.call_script("window.omni && omni.focusError()")
            return
        yield complete_sign_in(ticket, "/")


@page("/sign-up", title="Create a business", on_load=SignUpState.load, bare=True)
def sign_up() -> rx.Component:
    errors = SignUpState.errors
    return frame(
        form(
            heading("Create a business", "Have an account? ", link("Sign in", "/sign-in")),
            form_error(SignUpState),
            text_field("business_name", "Business name", errors, auto_complete="organization", auto_focus=True),
            text_field("person_name", "Your name", errors, auto_complete="name"),
            text_field("email", "E-mail", errors, type="email", auto_complete="username"),
            new_password_field("password", "Password", errors),
            select_field(
                "timezone",
                "Time zone",
                _zones(),
                errors,
                hint="Opening hours and days are counted in it",
                value=SignUpState.zone,
                on_change=SignUpState.set_zone,
            ),
            submit("Create business", SignUpState.busy != ""),
            on_submit=SignUpState.submit,
            label="Create a business",
        )
    )
