"""How well one colour reads on another: the contrast of WCAG 2, as the widget computes it."""

import re

LEAST = 4.5
"""The least contrast at which text of normal size is easy to read."""
WHITE, DARK, BLACK = "#ffffff", "#16262b", "#000000"

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def is_color(text: object) -> bool:
    """Whether `text` is a colour like #0f4c5c."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white); both colours as #rrggbb."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def readable_on(color: str) -> str:
    """A text colour that reaches `LEAST` on `color`: white, else a soft dark, else black."""
    return next((text for text in (WHITE, DARK) if contrast(color, text) >= LEAST), BLACK)


def ratio_words(ratio: float) -> str:
    """ "9.5:1"; cut, not rounded, so that what is just below the limit never reads as if it were enough."""
    return f"{int(ratio * 10) / 10:.1f}:1"
