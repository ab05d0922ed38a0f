"""The token of the control API."""

import contextlib
import os
import secrets
from pathlib import Path


def read_token(home: Path) -> str:
    """The token of the control API, kept in OMNI_HOME/sandbox.token (0600) and made when it is missing."""
    path = home / "sandbox.token"
    with contextlib.suppress(FileNotFoundError):
        if token := path.read_text().strip():
            return token
    token = secrets.token_urlsafe(32)
    part = path.with_suffix(".token.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    part.replace(path)
    return token
