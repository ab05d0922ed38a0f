"""What the widget shows for what a business never chose."""

DEFAULT_COLORS = {"primary": "#0f4c5c", "on_primary": "#ffffff", "accent": "#b84a1e"}

DEFAULT_GREETING = ("Hello! Questions for ", "? I answer right away.")
"""Stands around the business's name."""
