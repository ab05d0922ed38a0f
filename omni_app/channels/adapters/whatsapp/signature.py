"""Whether a request comes from Meta.

`X-Hub-Signature-256` is the HMAC-SHA256 of the body's bytes under the app secret. Meta signs the escaped form it sends
(`\\u00e4`, `\\/`), so only the bytes as received will do (https://developers.facebook.com/docs/graph-api/webhooks/getting-started).
"""

import hashlib
import hmac
from collections.abc import Mapping

from omni_app.channels.contract import Reply, WebhookRequest
from omni_app.channels.failures import InvalidSignature

HEADER = "x-hub-signature-256"


def check_signature(request: WebhookRequest, keys: Mapping[str, str]) -> None:
    """Raises `InvalidSignature` unless the header fits the body under `app_secret`."""
    secret = keys.get("app_secret", "")
    expected = "sha256=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    # An empty secret is one that everybody knows.
    if not hmac.compare_digest(expected.encode(), given) or not secret:
        raise InvalidSignature


def answer_challenge(request: WebhookRequest, keys: Mapping[str, str]) -> Reply:
    """The bare challenge, when mode and verify token are right. Raises `InvalidSignature`."""
    token = keys.get("verify_token", "")
    given = request.first("hub.verify_token").encode("utf-8", "replace")
    is_right = hmac.compare_digest(token.encode(), given) and bool(token)
    challenge = request.first("hub.challenge")
    if not is_right or request.first("hub.mode") != "subscribe" or not challenge or len(challenge) > 200:
        raise InvalidSignature
    return Reply(body=challenge)
