"""SendGrid's signature: the published vector, and every way it can be wrong."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from omni_app.channels.adapters.sendgrid import ADAPTER
from omni_app.channels.adapters.sendgrid.signing import SIGNATURE, TIMESTAMP, check_signature, read_key
from omni_app.channels.contract import WebhookRequest
from omni_app.channels.failures import InvalidSignature
from omni_app.settings import Settings
from tests.channels.sendgrid.samples import EVENTS, INBOUND, PUBLIC_KEY, sign

# sendgrid/sendgrid-python, test/unit/test_eventwebhook.py
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
GIVEN = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
STAMP = "1600112502"
BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
AT = datetime.fromtimestamp(int(STAMP), UTC)


def request(body: bytes = BODY, at: datetime = AT, **headers: str) -> WebhookRequest:
    given = {SIGNATURE: GIVEN, TIMESTAMP: STAMP} | {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(hook=EVENTS, method="POST", url="", headers=given, body=body, received_at=at)


def test_the_published_vector_is_accepted() -> None:
    check_signature(request(), KEY)
    check_signature(request(at=AT + timedelta(seconds=299)), KEY)
    pem = f"-----BEGIN PUBLIC KEY-----\n{KEY[:64]}\n{KEY[64:]}\n-----END PUBLIC KEY-----\n"
    check_signature(request(), pem)


@pytest.mark.parametrize(
    "wrong",
    [
        request(BODY.strip()),
        request(b"payload"),
        request(at=AT + timedelta(seconds=301)),
        request(at=AT - timedelta(seconds=301)),
        request(**{TIMESTAMP: "timestamp"}),
        request(**{TIMESTAMP: "1600112503"}),
        request(**{TIMESTAMP: "9" * 30}),
        request(**{SIGNATURE: "not base64!"}),
        request(**{SIGNATURE: base64.b64encode(b"short").decode()}),
        request(**{SIGNATURE: ""}),
        WebhookRequest(hook=EVENTS, method="POST", url="", body=BODY, received_at=AT),
    ],
)
def test_anything_else_is_refused_alike(wrong: WebhookRequest) -> None:
    with pytest.raises(InvalidSignature):
        check_signature(wrong, KEY)


def test_another_key_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        check_signature(request(), PUBLIC_KEY)


@pytest.mark.parametrize("text", ["", "MFkw", "ä", base64.b64encode(b"x" * 91).decode()])
def test_what_is_no_key_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="not a verification key"):
        read_key(text)


def test_bodies_may_be_any_bytes() -> None:
    body = bytes(range(256)) * 10
    sent = sign(INBOUND, body, AT)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    signed = WebhookRequest(hook=INBOUND, method="POST", url="", headers=headers, body=body, received_at=AT)
    ADAPTER.authenticate(signed, {"inbound": PUBLIC_KEY})
    with pytest.raises(InvalidSignature):
        ADAPTER.authenticate(signed, {"inbound": KEY})
    # Without a key the address alone stands for the sender; the shared address always has one.
    ADAPTER.authenticate(signed, {"inbound": ""})
    assert ADAPTER.deployment_keys(Settings(SENDGRID_WEBHOOK_KEY="")) is None
    assert ADAPTER.deployment_keys(Settings(SENDGRID_WEBHOOK_KEY=KEY)) == {"inbound": KEY, "events": KEY}
