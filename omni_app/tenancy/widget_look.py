"""What the widget shows for what a business never chose."""

from collections.abc import Mapping
from typing import Any

DEFAULT_COLORS = {"primary": "#0f4c5c", "on_primary": "#ffffff", "accent": "#b84a1e"}

DEFAULT_GREETING = ("Hello! Questions for ", "? I answer right away.")
"""Stands around the business's name."""

PRE_CHAT_FIELDS = ("name", "email", "phone")


def complete_pre_chat(stored: Mapping[str, Any]) -> dict[str, Any]:
    """`businesses.pre_chat` as the widget reads it: {enabled, required, fields}; fields in the order they are asked."""
    given = stored.get("fields")
    fields = [name for name in PRE_CHAT_FIELDS if name in given] if isinstance(given, list | tuple) else ["name", "email"]
    return {
        "enabled": stored.get("enabled") is True and bool(fields),
        "required": stored.get("required") is True,
        "fields": fields,
    }
