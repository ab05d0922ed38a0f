"""Channels: what is connected and how it stands, connecting more, and one connection with its templates and events."""
