"""Who sent a request, and how it is taken apart."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.adapters.whatsapp.signature import answer_challenge, check_signature
from omni_app.channels.adapters.whatsapp.splitting import split_webhook
from omni_app.channels.contract import WebhookRequest
from omni_app.channels.failures import InvalidSignature
from omni_app.infra.clock import now
from tests.channels.whatsapp.payloads import CONTACT, OTHER_NUMBER_ID, body, change, message, said, status, webhook

KEYS = {"app_secret": "secret", "verify_token": "word ü"}


def request(sent: bytes = b"", signature: str = "", **query: str) -> WebhookRequest:
    return WebhookRequest(
        hook="meta/whatsapp",
        method="POST",
        url="http://omni.test/webhooks/meta/whatsapp",
        query=tuple((name.replace("_", ".", 1), value) for name, value in query.items()),
        headers={"x-hub-signature-256": signature} if signature else {},
        body=sent,
        received_at=now(),
    )


def signed(sent: bytes, secret: str = "secret") -> str:
    return "sha256=" + hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()


def test_the_bytes_as_received_are_what_is_signed() -> None:
    sent = said(message("text", {"body": "Grüße / 你好"}))
    assert b"\\u00fc" in sent
    assert b"\\/" in sent
    check_signature(request(sent, signed(sent)), KEYS)
    again = json.dumps(json.loads(sent)).encode()
    with pytest.raises(InvalidSignature):
        check_signature(request(again, signed(sent)), KEYS)


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=zz", "sha1=aa", "ü" * 71, signed(b"x", "other"), signed(b"x").upper()]
)
def test_every_wrong_signature_is_refused_alike(signature: str) -> None:
    with pytest.raises(InvalidSignature):
        check_signature(request(b"x", signature), KEYS)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(InvalidSignature):
        check_signature(request(b"x", signed(b"x", "")), {"app_secret": ""})


def test_the_challenge_comes_back_bare() -> None:
    asked = request(hub_mode="subscribe", hub_challenge="1158201444", hub_verify_token="word ü")
    reply = answer_challenge(asked, KEYS)
    assert (reply.status, reply.body, reply.media_type) == (200, "1158201444", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("mode", "token", "challenge", "known"),
    [
        ("subscribe", "wrong", "1", "word"),
        ("unsubscribe", "word", "1", "word"),
        ("subscribe", "", "1", ""),
        ("subscribe", "word", "", "word"),
    ],
)
def test_a_wrong_challenge_is_refused(mode: str, token: str, challenge: str, known: str) -> None:
    asked = request(hub_mode=mode, hub_challenge=challenge, hub_verify_token=token)
    with pytest.raises(InvalidSignature):
        answer_challenge(asked, {"verify_token": known})


def test_a_batch_of_two_businesses_is_one_event_each_with_its_own_account() -> None:
    other = {"profile": {"name": "Other"}, "wa_id": "4915112345678"}
    document = webhook(
        change(
            contacts=[CONTACT, other],
            messages=[message("text", {"body": "a"}, id="wamid.A"), message("text", {"body": "b"}, id="wamid.B")],
        ),
        change(number_id=OTHER_NUMBER_ID, statuses=[status("sent"), status("read"), status("sent")]),
    )
    document["entry"].append(webhook(change("account_update", event="X"), waba="2")["entry"][0])
    events = split_webhook(body(document))
    assert [event.key for event in events[:5]] == [
        "wamid.A",
        "wamid.B",
        "status:wamid.OUT1:sent",
        "status:wamid.OUT1:read",
        "status:wamid.OUT1:sent",
    ]
    assert [event.account for event in events[:3]] == ["106540352242922", "106540352242922", OTHER_NUMBER_ID]
    first = json.loads(events[0].body)
    assert [one["profile"]["name"] for one in first["value"]["contacts"]] == ["Sheena Nelson"]
    assert len(first["value"]["messages"]) == 1
    assert events[5].key.startswith("event:")


def test_the_same_news_twice_have_the_same_key() -> None:
    sent = body(webhook(change("phone_number_quality_update", event="FLAGGED")))
    assert split_webhook(sent) == split_webhook(sent)


@given(st.binary(max_size=60) | st.just(b'{"entry":[{"changes":[{"value":{"messages":[{"id":"' + b"x" * 500 + b'"}]}}]}]}'))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_is_at_least_one_event_with_a_key_that_fits(sent: bytes) -> None:
    events = split_webhook(sent)
    assert events
    assert all(0 < len(event.key) <= 200 for event in events)


def test_a_lone_surrogate_survives_the_cutting() -> None:
    (event,) = split_webhook(b'{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":"a","text":"\\ud800"}]}}]}]}')
    event.body.decode("utf-8")
