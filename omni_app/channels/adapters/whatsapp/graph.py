"""One call to Meta's Graph API."""

from collections.abc import Mapping
from typing import Any

from omni_app.channels.adapters.whatsapp.errors import raise_for
from omni_app.channels.adapters.whatsapp.settings import WhatsAppSettings
from omni_app.channels.failures import Unavailable, Uncertain
from omni_app.infra.http import Broken, Http


async def call(
    settings: WhatsAppSettings,
    http: Http,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    is_once: bool = False,
) -> dict[str, Any]:
    """The JSON object that `path` answers. `is_once`: doing it twice would be seen, so a broken connection is `Uncertain`.

    Raises `Refused`, `Revoked`, `Unavailable`, and `Uncertain` where `is_once`.
    """
    headers = {"authorization": f"Bearer {settings.access_token.get_secret_value()}"}
    try:
        answer = await http.request(
            method, f"{settings.base}/{path}", headers=headers, query=query, json=json, form=form, files=files
        )
    except Broken as error:
        if is_once:
            raise Uncertain("The connection to WhatsApp broke before it answered.") from error
        raise Unavailable("WhatsApp") from error
    # A gateway that gives up says nothing of what happened behind it.
    body = answer.json()
    if is_once and answer.status == 504 and not (isinstance(body, dict) and "error" in body):
        raise Uncertain(f"WhatsApp answered {answer.status}; the message may have been taken.")
    raise_for(answer)
    if not isinstance(body, dict):
        if is_once:
            raise Uncertain("WhatsApp's answer could not be read; the message may have been taken.")
        raise Unavailable("WhatsApp")
    return body
