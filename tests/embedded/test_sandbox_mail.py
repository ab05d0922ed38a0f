"""SendGrid, SMTP and IMAP as the simulator plays them, seen with plain clients."""

import base64
import email
import imaplib
import json
import smtplib
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx2
import pytest

from embedded.sandbox.signing import sendgrid_accepts
from omni_app.settings import load_settings
from tests.embedded.providers import call
from tests.harness.simulator import Sandbox, SandboxAccount, SignedRequest

ANA = "ana@example.org"


@pytest.fixture
async def account(sandbox: Sandbox) -> SandboxAccount:
    return await sandbox.account("sendgrid", domain="shop.example")


async def send(account: SandboxAccount, **changes: Any) -> httpx2.Response:
    body = {
        "personalizations": [{"to": [{"email": ANA}]}],
        "from": {"email": "support@shop.example", "name": "Shop"},
        "subject": "Re: Hours",
        "content": [{"type": "text/plain", "value": "From nine."}, {"type": "text/html", "value": "<p>From nine.</p>"}],
        "headers": {"Message-ID": "<m1@shop.example>", "References": "<a@x> <b@x>"},
        "custom_args": {"delivery": "d-1"},
        **changes,
    }
    return await call("POST", f"{account.sandbox.url}/sendgrid/v3/mail/send", account.credentials["api_key"], json=body)


def parts(request: SignedRequest) -> dict[str, Any]:
    """The fields of a multipart form as bytes."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + request.body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in form.iter_parts()
    }


async def test_a_mail_is_taken_with_an_id_and_kept(account: SandboxAccount) -> None:
    answer = await send(account)
    assert (answer.status_code, answer.content) == (202, b"")
    [mail] = await account.outbox()
    assert (mail["id"], mail["address"], mail["text"]) == (answer.headers["x-message-id"], ANA, "From nine.")
    assert mail["detail"]["headers"]["references"] == "<a@x> <b@x>"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": ANA}], "cc": [{"email": ANA.upper()}]}]}, "personalizations.0"),
        ({"from": {}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"headers": {"Subject": "x"}}, "headers.Subject"),
        ({"custom_args": {"delivery": 5}}, "custom_args"),
        ({"attachments": [{"content": "a b", "filename": "x"}]}, "attachments.0.content"),
    ],
)
async def test_what_sendgrid_does_not_take_is_refused_in_its_words(
    account: SandboxAccount, changes: dict[str, Any], field: str
) -> None:
    answer = await send(account, **changes)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert await account.outbox() == []


async def test_keys_are_checked_and_can_be_withdrawn(account: SandboxAccount) -> None:
    scopes = f"{account.sandbox.url}/sendgrid/v3/scopes"
    assert "mail.send" in (await call("GET", scopes, account.credentials["api_key"])).json()["scopes"]
    assert (await call("GET", scopes, "SG.wrong")).status_code == 401
    await account.fault("revoked", count=None)
    assert (await call("GET", scopes, account.credentials["api_key"])).status_code == 401
    assert (await send(account)).status_code == 401


async def test_events_are_signed_arrays_with_our_arguments_in_them(account: SandboxAccount) -> None:
    await account.change(statuses="auto")
    sent = await send(account)
    await account.sandbox.settled()
    requests = await account.requests()
    events = [json.loads(one.body)[0] for one in requests]
    assert [one["event"] for one in events] == ["processed", "delivered"]
    assert {one["delivery"] for one in events} == {"d-1"}
    assert events[0]["sg_message_id"].startswith(sent.headers["x-message-id"])
    assert events[0]["smtp-id"] == "<m1@shop.example>"
    headers, body = requests[0].headers, requests[0].body
    assert body.endswith(b"]\r\n")
    signature, at = headers["x-twilio-email-event-webhook-signature"], headers["x-twilio-email-event-webhook-timestamp"]
    assert sendgrid_accepts(account.credentials["verification_key"], signature, at, body)


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("bounce", {"event": "bounce", "type": "bounce"}),
        ("blocked", {"event": "bounce", "type": "blocked"}),
        ("failed", {"event": "bounce"}),
        ("dropped", {"event": "dropped", "reason": "Bounced Address"}),
        ("deferred", {"event": "deferred"}),
        ("spamreport", {"event": "spamreport"}),
        ("read", {"event": "open"}),
        ("click", {"event": "click", "url": "https://example.org/"}),
        ("unsubscribe", {"event": "unsubscribe"}),
    ],
)
async def test_events_by_hand(account: SandboxAccount, state: str, wanted: dict[str, Any]) -> None:
    sent = await send(account)
    await account.status(sent.headers["x-message-id"], state)
    [request] = await account.requests()
    [event] = json.loads(request.body)
    assert event.items() >= wanted.items()


async def test_a_mail_comes_in_raw(account: SandboxAccount) -> None:
    mail_id = await account.inbound(f"Ana <{ANA}>", subject="Hours?", text="Grüße", html="<p>Grüße</p>")
    [request] = await account.requests()
    form = parts(request)
    mail = email.message_from_bytes(form["email"])
    assert (mail["message-id"], mail["to"]) == (mail_id, "support@shop.example")
    assert json.loads(form["envelope"]) == {"to": ["support@shop.example"], "from": ANA}
    assert (form["SPF"], form["dkim"]) == (b"pass", b"{@example.org : pass}")
    signature = request.headers["x-twilio-email-event-webhook-signature"]
    at = request.headers["x-twilio-email-event-webhook-timestamp"]
    assert sendgrid_accepts(account.credentials["parse_verification_key"], signature, at, request.body)


async def test_a_mail_comes_in_as_fields_each_in_its_charset(account: SandboxAccount) -> None:
    file = {"name": "ü.png", "media_type": "image/png", "data": base64.b64encode(b"png").decode(), "content_id": "logo"}
    await account.inbound(ANA, subject="Größe", text="Grüße", html="<p>Grüße", charset="iso-8859-1", files=[file], mode="fields")
    form = parts((await account.requests())[0])
    assert (form["text"], form["html"], form["subject"]) == (b"Gr\xfc\xdfe", b"<p>Gr\xfc\xdfe", "Größe".encode())
    assert json.loads(form["charsets"])["text"] == "iso-8859-1"
    assert (form["attachments"], form["attachment1"]) == (b"1", b"png")
    assert json.loads(form["content-ids"]) == {"logo": "attachment1"}
    assert json.loads(form["attachment-info"])["attachment1"]["filename"] == "ü.png"
    assert "email" not in form


async def test_an_answer_carries_the_thread_and_a_raw_mail_nothing_of_ours(account: SandboxAccount) -> None:
    sent = await send(account)
    await account.inbound(ANA, text="Thanks", reply_to=sent.headers["x-message-id"])
    mail = email.message_from_bytes(parts((await account.requests())[0])["email"])
    assert (mail["in-reply-to"], mail["references"]) == ("<m1@shop.example>", "<a@x> <b@x> <m1@shop.example>")
    assert mail["subject"] == "Re: Hours"
    assert "> From nine." in mail.get_payload()
    raw = b"From: x@y.example\r\nTo: support@shop.example\r\n\r\n\xff\xfe broken"
    await account.inbound(raw=base64.b64encode(raw).decode())
    assert parts((await account.requests())[1])["email"] == raw


# --- SMTP and IMAP -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def mailbox(sandbox: Sandbox) -> SandboxAccount:
    return await sandbox.account("smtp", address="office@shop.example")


def letter(to: str = ANA) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "office@shop.example", to, "Hours", "<m2@shop.example>"
    mail.set_content("At nine.")
    return mail


def post(mailbox: SandboxAccount, password: str = "", to: str = ANA) -> None:
    with smtplib.SMTP("127.0.0.1", load_settings().sandbox_smtp_port, timeout=60) as client:
        client.login(mailbox.credentials["username"], password or mailbox.credentials["password"])
        client.send_message(letter(to))


async def test_mail_is_taken_from_whoever_knows_the_password(mailbox: SandboxAccount) -> None:
    post(mailbox)
    [mail] = await mailbox.outbox()
    assert (mail["id"], mail["address"], mail["text"]) == ("<m2@shop.example>", ANA, "At nine.\n")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        post(mailbox, password="wrong")


@pytest.mark.parametrize(
    ("kind", "code"), [("rate_limited", 450), ("server_error", 451), ("reject", 550), ("timeout_before_accept", None)]
)
async def test_a_mail_server_defers_rejects_and_hangs_up(mailbox: SandboxAccount, kind: str, code: int | None) -> None:
    await mailbox.fault(kind)
    with pytest.raises((smtplib.SMTPException, ConnectionError)) as problem:
        post(mailbox)
    if code is not None:
        assert str(code) in str(problem.value)
    assert await mailbox.outbox() == []
    post(mailbox)
    assert len(await mailbox.outbox()) == 1


async def test_a_mail_may_be_taken_without_a_word(mailbox: SandboxAccount) -> None:
    await mailbox.fault("timeout_after_accept")
    with pytest.raises((smtplib.SMTPException, ConnectionError)):
        post(mailbox)
    assert len(await mailbox.outbox()) == 1


def sign_in(mailbox: SandboxAccount) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", load_settings().sandbox_imap_port, 60)
    client.login(mailbox.credentials["username"], mailbox.credentials["password"])
    return client


async def test_new_mail_is_found_and_fetched_by_uid(mailbox: SandboxAccount) -> None:
    await mailbox.inbound(f"Ana <{ANA}>", subject="Hours?", text="Hello")
    await mailbox.inbound(ANA, subject="Again", text="Hello?", copies=2)
    with sign_in(mailbox) as client:
        assert client.status("INBOX", "(UIDVALIDITY UIDNEXT MESSAGES)")[1] == [b'"INBOX" (UIDVALIDITY 1 UIDNEXT 4 MESSAGES 3)']
        assert client.select("INBOX") == ("OK", [b"3"])
        assert client.uid("search", "UID 2:*")[1] == [b"2 3"]
        assert client.uid("search", "UID 9:*")[1] == [b"3"]
        assert client.uid("search", "SINCE", "01-Jan-2020", "UNSEEN")[1] == [b"1 2 3"]
        _, found = client.uid("fetch", "1", "(UID RFC822.SIZE BODY.PEEK[])")
        mail = email.message_from_bytes(found[0][1])
        assert (mail["subject"], mail["delivered-to"]) == ("Hours?", "office@shop.example")
        assert "spf=pass" in mail["authentication-results"]
        assert f"RFC822.SIZE {len(found[0][1])}".encode() in found[0][0]
        client.uid("store", "1", "+FLAGS", "(\\Seen)")
        assert client.uid("search", "UNSEEN")[1] == [b"2 3"]
        _, head = client.uid("fetch", "2", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        assert head[0][1] == b"Subject: Again\r\n\r\n"
        client.store("2", "+FLAGS", "\\Deleted")
        assert client.expunge()[1] == [b"2"]


async def test_a_mailbox_opens_with_its_password_only(mailbox: SandboxAccount) -> None:
    client = imaplib.IMAP4("127.0.0.1", load_settings().sandbox_imap_port, 60)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login("office@shop.example", "wrong")
    with pytest.raises(imaplib.IMAP4.error, match="Unknown command DANCE"):
        client.xatom("DANCE")
    client.logout()
    await mailbox.fault("revoked", count=None)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        sign_in(mailbox)


async def test_whom_mail_does_not_reach_the_server_reports(mailbox: SandboxAccount) -> None:
    post(mailbox)
    await mailbox.status("<m2@shop.example>", "bounce")
    with sign_in(mailbox) as client:
        client.select("INBOX")
        report = email.message_from_bytes(client.uid("fetch", "1", "(RFC822)")[1][0][1])
    assert report.get_content_type() == "multipart/report"
    assert report["return-path"] == "<>"
    assert "Status: 5.1.1" in report.as_string()
