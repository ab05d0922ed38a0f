"""What SendGrid is asked to send, and what it says of a key."""

import base64
from typing import Any
from uuid import uuid4

import pytest

from omni_app.channels.accounts import read_settings
from omni_app.channels.adapters.sendgrid import ADAPTER
from omni_app.channels.adapters.sendgrid.account import SendGridSettings
from omni_app.channels.adapters.sendgrid.sending import write_body
from omni_app.channels.contract import Identifier, OutboundFile, OutboundMail, OutboundMessage
from omni_app.channels.failures import Refused
from omni_app.infra.errors import Invalid
from omni_app.infra.http import open_http
from tests.channels.sendgrid.payloads import SUPPORT
from tests.channels.sendgrid.samples import SETTINGS
from tests.harness.simulator import Sandbox

MAIL = OutboundMail(
    message_id="c.m.x@omni.example",
    subject="Re: Check-up",
    in_reply_to="second@example.org",
    references=("first@example.org", "second@example.org"),
    cc=("tom@example.org", "Ann@example.org", "no address", "TOM@example.org"),
    reply_tag="k7f",
    from_name="Maya Chen",
    quoted="On x, Ann wrote:\n> Hello",
)


def own(**changes: str) -> SendGridSettings:
    made = read_settings(ADAPTER, {**SETTINGS, **changes})
    assert isinstance(made, SendGridSettings)
    return made


def body(mail: OutboundMail = MAIL, to: str = "ann@example.org", **values: Any) -> dict[str, Any]:
    made = {"delivery_id": uuid4(), "text": "It is **$189**.", "is_from_person": True, **values}
    return write_body(OutboundMessage(to=(Identifier(kind="email", value=to),), mail=mail, **made), mail, own())


def test_a_mail_carries_its_thread_and_our_id() -> None:
    message_id = uuid4()
    made = body(delivery_id=message_id, files=(OutboundFile(name="a.pdf", media_type="application/pdf", data=b"%PDF"),))
    assert made["headers"] == {
        "Message-ID": "<c.m.x@omni.example>",
        "In-Reply-To": "<second@example.org>",
        "References": "<first@example.org> <second@example.org>",
        "X-Omni-Loop": SUPPORT,
    }
    assert made["custom_args"] == {"delivery_id": str(message_id), "omni_account": SUPPORT}
    receivers = {"to": [{"email": "ann@example.org"}], "cc": [{"email": "tom@example.org"}]}
    assert made["personalizations"] == [receivers]
    assert made["from"] == {"email": SUPPORT, "name": "Maya Chen (Harbour Dental)"}
    assert made["reply_to"]["email"] == "support+k7f@help.example.com"
    assert [part["type"] for part in made["content"]] == ["text/plain", "text/html"]
    assert made["content"][0]["value"] == "It is $189.\n\nOn x, Ann wrote:\n> Hello\n"
    (file,) = made["attachments"]
    assert base64.b64decode(file["content"]) == b"%PDF"
    assert not any(setting["enable"] for setting in made["tracking_settings"].values())


def test_a_machine_says_that_it_is_one_and_nothing_is_ever_empty() -> None:
    made = body(OutboundMail(message_id="x@y.example", subject="", is_automatic=True), text="")
    assert made["headers"]["Auto-Submitted"] == "auto-replied"
    assert "In-Reply-To" not in made["headers"]
    assert made["subject"]
    assert all(part["value"] for part in made["content"])
    assert "cc" not in made["personalizations"][0]


@pytest.mark.parametrize("to", ["", "ann", "änn@example.org", "ann@example.org\r\nBcc: x@y.example"])
async def test_an_address_that_cannot_be_written_is_refused_unasked(to: str) -> None:
    out = OutboundMessage(delivery_id=uuid4(), to=(Identifier(kind="email", value=to),), text="Hi", mail=MAIL)
    with pytest.raises(Refused) as problem:
        await ADAPTER.send(out, own(base_url="http://127.0.0.1:1"), open_http())
    assert problem.value.kind == "recipient"


async def test_the_connection_test_asks_what_the_key_may_and_whose_the_address_is(sandbox: Sandbox) -> None:
    account = await sandbox.account("sendgrid")
    given = {"base_url": f"{sandbox.url}/sendgrid", "api_key": account.credentials["api_key"]}
    address = account.credentials["address"]
    result = await ADAPTER.check(own(address=address, **given), open_http())
    assert (result.is_ok, result.account_key) == (True, address)
    unsigned = await ADAPTER.check(own(address=address, parse_key="", event_key="", **given), open_http())
    assert "not signed yet" in unsigned.text
    # A key of one's own does not make somebody else's address one's own.
    stolen = await ADAPTER.check(own(address="support@victim.example", **given), open_http())
    assert (stolen.is_ok, stolen.account_key) == (False, "")
    assert "victim.example" in stolen.text
    wrong = await ADAPTER.check(own(address=address, **{**given, "api_key": "SG.wrong"}), open_http())
    assert (wrong.is_ok, wrong.is_revoked) == (False, True)
    assert "authorization grant is invalid" in wrong.text
    await account.change(scopes=["user.profile.read"])
    weak = await ADAPTER.check(own(address=address, **given), open_http())
    assert (weak.is_ok, weak.is_revoked) == (False, False)
    assert "Mail Send" in weak.text
    gone = await ADAPTER.check(own(address=address, **{**given, "base_url": "http://127.0.0.1:1"}), open_http())
    assert not gone.is_ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "nobody"),
        ("base_url", "ftp://x"),
        ("event_key", "not a key"),
        ("parse_key", "MFkw"),
        ("answers_per_hour", "many"),
        ("answers_per_hour", "-1"),
        ("other_addresses", "a@x.example, nobody"),
    ],
)
def test_wrong_settings_are_named(field: str, value: str) -> None:
    with pytest.raises(Invalid) as problem:
        own(**{field: value})
    assert [one.field for one in problem.value.fields] == [field]
