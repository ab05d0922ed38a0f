"""The simulator signs as the providers document it: published examples only, nothing of ours."""

import json

from embedded.sandbox.meta import escaped
from embedded.sandbox.signing import (
    meta_signature,
    new_event_key,
    sendgrid_accepts,
    sendgrid_signature,
    twilio_signature,
)

# The example in SendGrid's own libraries (sendgrid-python, test/unit/test_eventwebhook.py).
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SENDGRID_SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
SENDGRID_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)


def test_metas_signature_is_the_hmac_of_rfc_4231() -> None:
    # Test case 2 of the RFC.
    wanted = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert meta_signature("Jefe", b"what do ya want for nothing?") == wanted


def test_meta_escapes_letters_and_slashes() -> None:
    body = escaped({"text": "Grüße / 🎉"})
    assert body == b'{"text":"Gr\\u00fc\\u00dfe \\/ \\ud83c\\udf89"}'
    assert json.loads(body) == {"text": "Grüße / 🎉"}


def test_twilios_documented_example() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, form.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_twilio_signs_a_repeated_parameter_sorted_and_once() -> None:
    form = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert twilio_signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_sendgrids_documented_example_is_accepted_and_what_differs_is_not() -> None:
    assert sendgrid_accepts(SENDGRID_KEY, SENDGRID_SIGNATURE, "1600112502", SENDGRID_BODY)
    assert not sendgrid_accepts(SENDGRID_KEY, SENDGRID_SIGNATURE, "1600112503", SENDGRID_BODY)
    assert not sendgrid_accepts(SENDGRID_KEY, SENDGRID_SIGNATURE, "1600112502", SENDGRID_BODY.rstrip())
    assert not sendgrid_accepts(SENDGRID_KEY, "bm8=", "1600112502", SENDGRID_BODY)


def test_what_the_simulator_signs_passes_the_check_that_passes_the_example() -> None:
    private, public = new_event_key()
    signature = sendgrid_signature(private, "1600112502", SENDGRID_BODY)
    assert sendgrid_accepts(public, signature, "1600112502", SENDGRID_BODY)
    assert not sendgrid_accepts(SENDGRID_KEY, signature, "1600112502", SENDGRID_BODY)
