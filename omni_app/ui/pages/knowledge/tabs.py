"""What is taught, and what is worth teaching, as tabs that are pages of their own."""

import reflex as rx

from omni_app.ui.components import icon

_TABS = (
    ("faqs", "FAQs", "messages_square", "/knowledge"),
    ("documents", "Documents", "file_text", "/knowledge/documents"),
    ("suggested", "Suggested", "lightbulb", "/knowledge/suggested"),
)


def knowledge_tabs(here: str) -> rx.Component:
    """`here`: faqs, documents or suggested."""
    return rx.el.nav(
        *[
            rx.el.a(icon(glyph, "s"), label, href=route, custom_attrs={"aria-current": "page"} if key == here else {})
            for key, label, glyph, route in _TABS
        ],
        class_name="tabs",
        aria_label="What is taught",
    )
