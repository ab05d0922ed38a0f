"""SendGrid's cases for the contract tests. The signing imitates SendGrid: ECDSA P-256 with SHA-256 over timestamp and body."""

import base64
import json
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.channels.contract_samples import Sample, Samples, Sent, StubAnswer
from tests.channels.sendgrid.payloads import FORM, SUPPORT, batch, event, fields, form, raw_fields

INBOUND, EVENTS = "sendgrid/inbound", "sendgrid/events"
KEY = ec.derive_private_key(20_261_121, ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SETTINGS = {
    "address": SUPPORT,
    "from_name": "Harbour Dental",
    "api_key": "SG.test.key",
    "event_key": PUBLIC_KEY,
    "parse_key": PUBLIC_KEY,
}


def sign(hook: str, sent: bytes, at: datetime) -> Sent:
    stamp = str(int(at.timestamp()))
    signature = base64.b64encode(KEY.sign(stamp.encode() + sent, ec.ECDSA(SHA256()))).decode()
    return Sent(
        headers={
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "Content-Type": FORM if hook == INBOUND else "application/json",
        }
    )


def settings_at(url: str) -> dict[str, str]:
    return {**SETTINGS, "base_url": url}


def _errors(message: str, field: str | None = None) -> bytes:
    return json.dumps({"errors": [{"message": message, "field": field, "help": None}]}).encode()


SAMPLES = Samples(
    settings=SETTINGS,
    sign=sign,
    message=Sample(hook=INBOUND, body=form(fields())),
    batch=(Sample(hook=EVENTS, body=batch(event("processed"), event("delivered"), event("bounce"), event("delivered"))), 3),
    status=Sample(hook=EVENTS, body=batch(event("delivered"))),
    unknown=Sample(hook=EVENTS, body=batch(event("something_new"))),
    wrong=(
        Sample(hook=INBOUND, body=b"not a form"),
        Sample(hook=INBOUND, body=form({"something": "else"})),
        Sample(hook=INBOUND, body=form(fields(envelope='{"to": 7}', charsets="[]"))),
        Sample(hook=INBOUND, body=form(raw_fields(b"\xff\x00 no mail"))),
        Sample(hook=INBOUND, body=form(fields(), is_whole=False)[:-100]),
        Sample(hook=EVENTS, body=b"not json"),
        Sample(hook=EVENTS, body=b"[" * 20_000),
        Sample(hook=EVENTS, body=b'"text"'),
        Sample(
            hook=EVENTS, body=batch(7, None, ["x"], {}, {"event": 5}, event("delivered", timestamp={}, sg_event_id=9, email=[]))
        ),
    ),
    is_dated=True,
    settings_at=settings_at,
    accepted=(StubAnswer(status=202, headers={"x-message-id": "LRzXl_NHStOGhQ4kofSm_A"}), "LRzXl_NHStOGhQ4kofSm_A"),
    revoked=StubAnswer(status=401, body=_errors("The provided authorization grant is invalid, expired, or revoked")),
    refused=StubAnswer(status=400, body=_errors("Does not contain a valid address.", "personalizations.0.to.0.email")),
)
