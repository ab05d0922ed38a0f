"""The smallest pieces: buttons, badges, avatars, links, small texts. No state in here."""

import hashlib
from typing import Any

import reflex as rx

from omni_app.ui.components.icons import channel_icon, icon

_TONES = ("a", "b", "c", "d", "e", "f")

Text = str | rx.Var[str]
Yes = bool | rx.Var[bool]


def initials(name: str) -> str:
    """Up to two letters that stand for a person: "Maya Chen" -> "MC", "" -> "?"."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def avatar_tone(name: str) -> str:
    """The colour letter of an avatar: always the same for the same name."""
    return _TONES[hashlib.sha256(name.encode()).digest()[0] % len(_TONES)]


def avatar(letters: Text, tone: Text = "c", size: str = "", channel: Text | None = None, **props: Any) -> rx.Component:
    """A round mark with initials; `size` "", "l" 44 px, "s" 24, "xs" 20; `channel` adds that channel's glyph at the corner."""
    return rx.el.span(
        letters,
        channel_icon(channel) if channel is not None else rx.fragment(),
        class_name=rx.Var.create(f"av {size} ") + rx.Var.create(tone),
        **props,
    )


def badge(text: Text | rx.Component, tone: str = "", icon_name: str | None = None) -> rx.Component:
    """A short label; `tone` good, warn, bad, info, acc, line or "" (grey)."""
    return rx.el.span(*([icon(icon_name, "xs")] if icon_name else []), text, class_name=f"badge {tone}".strip())


def spinner(size: str = "") -> rx.Component:
    return icon("loader_circle", size, "spin")


def button(
    label: Text | rx.Component,
    icon_name: str | None = None,
    tone: str = "outline",
    size: str = "",
    busy: Yes | None = None,
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A button. `tone`: primary (one a view), outline, ghost, soft (AI did part of it), danger (only inside `confirm`).

    `size` "" 32 px, "s" 26, "l" 40. While `busy` is true a spinner takes the icon's place and clicks do nothing.
    """
    props.setdefault("type", "button")
    small = "s" if size == "s" else ""
    lead: list[rx.Component] = []
    if busy is not None:
        lead = [rx.cond(busy, spinner(small), icon(icon_name, small) if icon_name else rx.fragment())]
        props.setdefault("custom_attrs", {})["aria-busy"] = busy
    elif icon_name:
        lead = [icon(icon_name, small)]
    return rx.el.button(*lead, label, class_name=f"btn {tone} {size} {class_name}".strip(), **props)


def icon_button(icon_name: str, label: Text, size: str = "", **props: Any) -> rx.Component:
    """A button that shows only an icon; `label` names it for screen readers and as a tooltip."""
    props.setdefault("type", "button")
    return rx.el.button(icon(icon_name), class_name=f"ib {size}".strip(), aria_label=label, title=label, **props)


def link(label: Text | rx.Component, href: Text, class_name: str = "", **props: Any) -> rx.Component:
    """A link inside the app (client-side). For another server route pass `target="_blank"`."""
    return rx.el.a(label, href=href, class_name=f"link {class_name}".strip(), **props)


def button_link(
    label: Text | rx.Component, href: Text, icon_name: str | None = None, tone: str = "outline", size: str = "", **props: Any
) -> rx.Component:
    """A link that looks like a button, for going somewhere."""
    lead = [icon(icon_name, "s" if size == "s" else "")] if icon_name else []
    return rx.el.a(*lead, label, href=href, class_name=f"btn {tone} {size}".strip(), **props)


def muted(*content: Text | rx.Component, class_name: str = "") -> rx.Component:
    return rx.el.span(*content, class_name=f"mut {class_name}".strip())


def dot(tone: str, label: Text) -> rx.Component:
    """A status dot with its meaning for screen readers; `tone` good, warn, bad, info."""
    return rx.el.span(class_name=f"dot {tone}", role="img", aria_label=label, title=label)


def copy_button(text: Text, label: str = "Copy", size: str = "s") -> rx.Component:
    """Puts `text` on the clipboard and says "Copied" in its place for two seconds (`omni.js`)."""
    return rx.el.button(
        icon("copy", "s"),
        rx.el.span(label, custom_attrs={"data-label": ""}),
        type="button",
        class_name=f"btn outline {size}".strip(),
        custom_attrs={"data-copy": text, "aria-live": "polite"},
    )


def tab(label: Text | rx.Component, is_on: rx.Var[bool], on_pick: Any, panel_id: str, class_name: str = "") -> rx.Component:
    """One tab of `tabs`: Tab stops at the chosen one only, the arrows of `omni.js` reach the others."""
    return rx.el.button(
        label,
        type="button",
        role="tab",
        class_name=class_name,
        tab_index=rx.cond(is_on, 0, -1),
        on_click=on_pick,
        custom_attrs={"aria-selected": rx.cond(is_on, "true", "false"), "aria-controls": panel_id},
    )


def tabs(*content: rx.Component, label: str, class_name: str = "tabs", by_hand: bool = False) -> rx.Component:
    """A row of `tab`, and whatever stands beside them. `by_hand`: an arrow only moves there, Enter or Space picks."""
    attributes = {"data-by-hand": ""} if by_hand else {}
    return rx.el.div(*content, class_name=class_name, role="tablist", aria_label=label, custom_attrs=attributes)


def tab_panel(*content: rx.Component, panel_id: str, label: Text) -> rx.Component:
    """What a tab shows; `label` is the chosen tab's."""
    return rx.el.div(*content, id=panel_id, role="tabpanel", aria_label=label)


def segmented(options: list[tuple[str, Text]], value: rx.Var[str], on_pick: Any, label: str) -> rx.Component:
    """A few choices of which one is on; `on_pick(value)` is called with the chosen one."""
    return rx.el.div(
        *[
            rx.el.button(text, type="button", custom_attrs={"aria-pressed": value == key}, on_click=on_pick(key))
            for key, text in options
        ],
        class_name="seg",
        role="group",
        aria_label=label,
    )
