"""WhatsApp's cases for the contract tests. The signing imitates Meta: HMAC-SHA256 of the bytes, in lower-case hex."""

import hashlib
import hmac
import json
from datetime import datetime

from tests.channels.contract_samples import Sample, Samples, Sent, StubAnswer
from tests.channels.whatsapp.payloads import CONTACT, NUMBER_ID, WABA, body, change, message, said, status, webhook

HOOK = "meta/whatsapp"
APP_SECRET = "3e1f5a0b2c4d6e8f9a7b5c3d1e0f2a4b"
SETTINGS = {
    "phone_number_id": NUMBER_ID,
    "business_account_id": WABA,
    "access_token": "EAAtest",
    "app_secret": APP_SECRET,
    "verify_token": "our verify token",
}


def sign(hook: str, sent: bytes, at: datetime) -> Sent:
    digest = hmac.new(APP_SECRET.encode(), sent, hashlib.sha256).hexdigest()
    return Sent(headers={"x-hub-signature-256": f"sha256={digest}", "content-type": "application/json"})


def settings_at(url: str) -> dict[str, str]:
    return {**SETTINGS, "graph_url": url}


_BATCH = webhook(
    change(
        contacts=[CONTACT],
        messages=[
            message("text", {"body": "Grüße / 你好"}, id="wamid.A"),
            message("text", {"body": "second"}, id="wamid.B"),
        ],
    ),
    change(statuses=[status("sent"), status("delivered"), status("sent")]),
)

SAMPLES = Samples(
    settings=SETTINGS,
    sign=sign,
    message=Sample(hook=HOOK, body=said(message("text", {"body": "Do you treat children? Grüße / 你好"}))),
    batch=(Sample(hook=HOOK, body=body(_BATCH)), 4),
    status=Sample(hook=HOOK, body=body(webhook(change(statuses=[status("delivered")])))),
    unknown=Sample(hook=HOOK, body=body(webhook(change("something_new", thing={"a": 1})))),
    wrong=(
        Sample(hook=HOOK, body=b"not json"),
        Sample(hook=HOOK, body=b"[" * 20_000),
        Sample(hook=HOOK, body=b"[]"),
        Sample(hook=HOOK, body=body({"object": "page", "entry": "none"})),
        Sample(hook=HOOK, body=body({"entry": [7, {"changes": [3, {"value": "x"}]}]})),
        Sample(
            hook=HOOK, body=body(webhook({"field": "messages", "value": {"metadata": [], "messages": ["x", {"id": 5}, None]}}))
        ),
        Sample(hook=HOOK, body=body(webhook(change(statuses=[{"status": "read"}, 4])))),
    ),
    settings_at=settings_at,
    accepted=(
        StubAnswer(
            status=200,
            body=json.dumps({"contacts": [{"input": "1", "wa_id": "1"}], "messages": [{"id": "wamid.OUT"}]}).encode(),
            headers={"content-type": "application/json"},
        ),
        "wamid.OUT",
    ),
    revoked=StubAnswer(
        status=401,
        body=b'{"error":{"message":"Error validating access token: Session has expired","type":"OAuthException","code":190}}',
    ),
    refused=StubAnswer(
        status=400, body=b'{"error":{"message":"(#131026) Message undeliverable","type":"OAuthException","code":131026}}'
    ),
)
