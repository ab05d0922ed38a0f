"""What the two providers of text messages share: HTTP Basic keys, numbers, and forms as webhooks."""

import base64
import binascii
from urllib.parse import urlencode

from starlette.requests import Request

from embedded.sandbox.accounts import JSON, Account, Outgoing
from embedded.sandbox.world import Misused, World, spoil_body

FORM = "application/x-www-form-urlencoded"


def basic_credentials(request: Request) -> tuple[str, str]:
    """(user, password) of HTTP Basic, empty when there are none."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def post_form(world: World, account: Account, hook: str, form: JSON, given: JSON, url: str = "") -> None:
    """Send a form to a webhook, or to the address a message named for its states."""
    spoil = str(given.get("malformed", ""))
    body = spoil_body(urlencode({name: str(value) for name, value in form.items()}).encode(), spoil)
    outgoing = Outgoing(hook="callback" if url else hook, body=body, content_type=FORM, spoil=spoil, url=url)
    for _ in range(max(1, min(int(given.get("copies", 1)), 100))):
        world.hooks.send(account, outgoing, float(given.get("delay", 0)))


def callback_of(world: World, message_url: object) -> str:
    """The address a message named, "" when it named none or one that is not on this machine."""
    try:
        world.check_url(str(message_url or ""))
    except Misused:
        return ""
    return str(message_url or "")


def is_number(text: str) -> bool:
    """Whether it is a phone number with its country."""
    return text.startswith("+") and text[1:].isdigit() and 7 <= len(text) <= 16
