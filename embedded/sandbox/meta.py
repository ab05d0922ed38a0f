"""What WhatsApp and Instagram share: the Meta app with its secret, signed webhooks, and the errors of the Graph API.

developers.facebook.com/docs/graph-api/webhooks/getting-started and .../whatsapp/support/error-codes.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse

from embedded.sandbox.accounts import JSON, Account, Outgoing, digits
from embedded.sandbox.faults import Fault
from embedded.sandbox.signing import meta_signature
from embedded.sandbox.world import World

_ERRORS: dict[int, tuple[int, str, str]] = {
    1: (500, "An unknown error occurred", ""),
    4: (400, "Application request limit reached", "The app has reached its API call rate limit."),
    10: (403, "Application does not have permission for this action", "Permission is either not granted or has been removed."),
    100: (400, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."),
    190: (401, "Error validating access token: Session has expired or was withdrawn.", "Your access token has expired."),
    368: (403, "Temporarily blocked for policies violations", "The account has been restricted for violating a platform policy."),
    80007: (400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130429: (429, "Rate limit hit", "Cloud API message throughput has been reached."),
    131000: (500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: (403, "Access denied", "Permission is either not granted or has been removed."),
    131009: (400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: (500, "Service unavailable", "A service is temporarily unavailable."),
    131026: (400, "Message undeliverable", "Unable to deliver message: the recipient cannot receive it."),
    131031: (403, "Business Account locked", "The account has been restricted or disabled."),
    131042: (400, "Business eligibility payment issue", "There was an error related to your payment method."),
    131047: (
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131048: (429, "Spam rate limit hit", "There are restrictions on how many messages can be sent from this phone number."),
    131049: (
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "Do not send it again within 24 h.",
    ),
    131050: (400, "User has stopped marketing messages", "Unable to deliver: the user chose to stop marketing messages."),
    131051: (400, "Unsupported message type", "The message type is not supported."),
    131052: (400, "Media download error", "Unable to download the media sent by the user."),
    131053: (400, "Media upload error", "Unable to upload the media used in the message."),
    131056: (
        429,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages to the same number in a short time.",
    ),
    132000: (400, "Number of parameters does not match the expected number of params", "Parameters do not match the template."),
    132001: (404, "Template name does not exist in the translation", "The template does not exist in this language."),
    132012: (400, "Parameter format does not match format in the created template", "A parameter is formatted incorrectly."),
    132015: (400, "Template is Paused", "The template is paused due to low quality and cannot be sent."),
    132016: (400, "Template is Disabled", "The template has been paused too many times and is now disabled."),
    135000: (500, "Generic user error", "Message failed to send because of an unknown error with your request parameters."),
}
_BY_FAULT = {"rate_limited": 130429, "server_error": 131016, "revoked": 190, "window_closed": 131047, "reject": 131026}


class MetaApp:
    """The part of a Meta product that every one of them has."""

    most_attempts = 15

    def __init__(self, world: World) -> None:
        self.world = world

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        return {
            "user-agent": "facebookexternalua",
            "x-hub-signature-256": meta_signature(account.credentials["app_secret"], outgoing.body),
        }

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        if not account.options.get("verify", True):
            return None
        expected = account.state.setdefault("challenge", digits(10))
        query = {"hub.mode": "subscribe", "hub.challenge": expected, "hub.verify_token": account.credentials["verify_token"]}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", expected

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        return False

    def new_app(self, given: JSON) -> JSON:
        """The app's secrets; an app shared by several accounts is named by giving them."""
        return {
            "app_id": str(given.get("app_id") or digits(16)),
            "app_secret": str(given.get("app_secret") or secrets.token_hex(16)),
            "verify_token": str(given.get("verify_token") or secrets.token_urlsafe(12)),
            "access_token": str(given.get("access_token") or "EAAG" + secrets.token_hex(40)),
        }


def escaped(body: Any) -> bytes:
    """JSON as Meta writes (and signs) it: other letters and slashes escaped."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def has_token(request: Request, account: Account) -> bool:
    """Whether the request carries the account's access token, as a bearer or in the query."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token if scheme.lower() == "bearer" else request.query_params.get("access_token", "")
    return hmac.compare_digest(given.encode(), str(account.credentials["access_token"]).encode())


def error_of(code: int, details: str = "", text: str = "") -> JSON:
    """The error as a webhook names it."""
    _, title, words = _ERRORS.get(code, (400, "Unknown error", ""))
    return {
        "code": code,
        "title": text or title,
        "message": text or title,
        "error_data": {"details": details or words},
        "href": "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes",
    }


def refuse(
    code: int, details: str = "", *, text: str = "", retry_after: int | None = None, product: str = "whatsapp"
) -> JSONResponse:
    """The error as the Graph API answers it. Code 190 has its own type of trouble, all else is an OAuthException too."""
    status, title, words = _ERRORS.get(code, (400, "Unknown error", ""))
    error: JSON = {
        "message": text or (title if code == 190 else f"(#{code}) {title}"),
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "A" + secrets.token_urlsafe(16),
    }
    if code != 190:
        error["error_data"] = {"messaging_product": product, "details": details or words}
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def refuse_for(fault: Fault | None, product: str = "whatsapp") -> JSONResponse | None:
    """The answer a played failure gives, None when it gives none of its own."""
    if fault is None or fault.kind not in _BY_FAULT:
        return None
    code = int(fault.code) if fault.code.isdigit() else _BY_FAULT[fault.kind]
    retry_after = fault.retry_after if fault.kind == "rate_limited" else None
    return refuse(code, fault.text, retry_after=retry_after, product=product)


def no_such(node: str) -> JSONResponse:
    """What Graph says of an id it does not know (or does not show to this token)."""
    words = (
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation."
    )
    return refuse(100, words, text=words)
