"""The field for a new password: at least 12 characters, with a hint of how strong it is (drawn by `omni.js`)."""

import reflex as rx

from omni_app.ui.components import password_field

SHORTEST = 12


def new_password_field(name: str, label: str, errors: rx.Var[dict[str, str]]) -> rx.Component:
    return rx.el.div(
        password_field(
            name,
            label,
            errors,
            hint=f"At least {SHORTEST} characters. Four words are easy to keep in mind.",
            auto_complete="new-password",
            custom_attrs={"data-strength": f"s-{name}"},
        ),
        rx.el.div(*[rx.el.i() for _ in range(4)], class_name="strength", id=f"s-{name}", custom_attrs={"aria-hidden": "true"}),
        class_name="stack",
        style={"gap": "6px"},
    )
