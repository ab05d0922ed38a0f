"""Website chat: how to put it on a page."""
