"""Icons: Lucide by name, and the glyph of each channel (WhatsApp and Instagram are not in Lucide)."""

import reflex as rx

_SIZES = {"": "i", "s": "i s", "xs": "i xs", "l": "i l"}

CHANNELS = {
    "chat": "Website chat",
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "instagram": "Instagram",
    "voice": "Phone",
}
"""Channel kind -> the name people read."""

_LUCIDE_GLYPHS = {"chat": "messages_square", "email": "mail", "sms": "smartphone", "telegram": "send", "voice": "phone"}
_CSS_NAMES = {"voice": "phone"}


def icon(name: str, size: str = "", class_name: str = "") -> rx.Component:
    """A Lucide icon in the text's colour. Sizes: "" 16 px, "s" 14, "xs" 12, "l" 20. The words stand beside it."""
    return rx.icon(name, class_name=f"{_SIZES[size]} {class_name}".strip(), custom_attrs={"aria-hidden": "true"})


def _drawn(*shapes: rx.Component, size: str) -> rx.Component:
    return rx.el.svg(*shapes, class_name=_SIZES[size], view_box="0 0 24 24", custom_attrs={"aria-hidden": "true"})


def whatsapp_glyph(size: str = "") -> rx.Component:
    return _drawn(
        rx.el.path(d="M3 21l1.6-4.6A9 9 0 1 1 8 19.8z"),
        rx.el.path(d="M9 8.6c-.3 3.4 3 6.7 6.4 6.4l.8-1.7-2-1.1-.9.7a4.4 4.4 0 0 1-2.2-2.2l.7-.9-1.1-2z"),
        size=size,
    )


def instagram_glyph(size: str = "") -> rx.Component:
    return _drawn(
        rx.el.rect(x="3", y="3", width="18", height="18", rx="5"),
        rx.el.circle(cx="12", cy="12", r="4"),
        rx.el.path(d="M17 7h.01"),
        size=size,
    )


def omni_mark() -> rx.Component:
    """The five dots on a dial: Omni's own sign."""
    return rx.el.svg(
        rx.el.circle(cx="12", cy="12", r="8.5"),
        rx.el.path(d="M12 7.5v0M16.3 10.5v0M14.8 15.5v0M9.2 15.5v0M7.7 10.5v0", stroke_width="3"),
        class_name="i",
        view_box="0 0 24 24",
        custom_attrs={"aria-hidden": "true"},
    )


def _one_channel(kind: str, size: str) -> rx.Component:
    glyph = (
        whatsapp_glyph(size)
        if kind == "whatsapp"
        else instagram_glyph(size)
        if kind == "instagram"
        else icon(_LUCIDE_GLYPHS[kind], size)
    )
    return rx.el.span(
        glyph, class_name=f"ch {_CSS_NAMES.get(kind, kind)}", role="img", aria_label=CHANNELS[kind], title=CHANNELS[kind]
    )


def channel_icon(kind: str | rx.Var[str], size: str = "") -> rx.Component:
    """The glyph of a channel kind, in its colour and with its name for screen readers. Unknown kinds show as website chat."""
    if isinstance(kind, str):
        return _one_channel(kind if kind in CHANNELS else "chat", size)
    return rx.match(kind, *[(name, _one_channel(name, size)) for name in CHANNELS], _one_channel("chat", size))


def channel_name(kind: str | rx.Var[str]) -> str | rx.Var[str]:
    """The name of a channel kind as people read it."""
    if isinstance(kind, str):
        return CHANNELS.get(kind, kind)
    return rx.match(kind, *CHANNELS.items(), kind)
