"""Mark a form whose changes must not be lost unasked. `omni.js` asks before the page is left, the shell holds the question."""

from typing import Any

import reflex as rx

WATCHED: dict[str, Any] = {"data-watched": ""}
"""`custom_attrs` of a form whose fields keep what was stored as their default: the browser compares by itself."""


def unsaved(is_changed: rx.Var[bool]) -> dict[str, Any]:
    """`custom_attrs` of a form whose state knows that it differs from what is stored."""
    return {"data-unsaved": rx.cond(is_changed, "true", "false")}
