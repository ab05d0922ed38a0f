"""Reports of mail servers about mail we sent: believed only about an address we wrote that mail to."""

from uuid import uuid4

import pytest

from omni_app.channels.contract import AddressProblem, DeliveryUpdate, Ignored
from omni_app.channels.mail.bounces import read_report
from omni_app.channels.mail.ids import issue_id, issue_tag, read_issued, read_tag

CONVERSATION, MESSAGE, BUSINESS = uuid4(), uuid4(), uuid4()
OURS = issue_id(CONVERSATION, MESSAGE, "ann@example.org", "omni.example")


def report(fields: str, kind: str = "delivery-status", original: str = OURS) -> bytes:
    return (
        f"""From: MAILER-DAEMON@mx.example.org
To: support@help.example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type={kind};
 boundary="r1"
MIME-Version: 1.0

--r1
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--r1
Content-Type: message/{kind}

{fields}

--r1
Content-Type: text/rfc822-headers

From: support@help.example.com
To: ann@example.org
Message-ID: <{original}>
Subject: Re: Check-up

--r1--
""".replace("\n", "\r\n")
    ).encode()


FAILED = """Reporting-MTA: dns; mx.example.org
Arrival-Date: Sat, 21 Nov 2026 12:00:00 +0000

Final-Recipient: rfc822; Ann@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>: Recipient address
    rejected: User unknown"""


def test_a_bounce_fails_our_mail_and_marks_the_address() -> None:
    failed, problem = read_report(report(FAILED)) or ()
    assert isinstance(failed, DeliveryUpdate)
    assert (failed.status, failed.provider_id) == ("failed", OURS)
    assert failed.error is not None
    assert (failed.error.code, failed.error.kind) == ("5.1.1", "recipient")
    assert failed.error.text == "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown"
    assert isinstance(problem, AddressProblem)
    assert (problem.identifier.value, problem.kind) == ("ann@example.org", "bounced")


def test_a_full_mailbox_is_no_bad_address() -> None:
    (failed,) = read_report(report(FAILED.replace("5.1.1", "5.2.2"))) or ()
    assert isinstance(failed, DeliveryUpdate)
    assert failed.error is not None
    assert failed.error.kind == "refused"


@pytest.mark.parametrize(("action", "status"), [("delivered", "2.0.0"), ("delayed", "4.4.1"), ("relayed", "2.0.0")])
def test_other_actions_say_what_they_say(action: str, status: str) -> None:
    (told,) = read_report(report(FAILED.replace("failed", action).replace("5.1.1", status))) or ()
    assert isinstance(told, DeliveryUpdate if action == "delivered" else Ignored)


@pytest.mark.parametrize(
    "forged",
    [
        report(FAILED.replace("Ann@example.org", "boss@example.org")),
        report(FAILED, original="someone.elses.mail@example.org"),
        report(FAILED, original=OURS[:3] + ("a" if OURS[3].lower() != "a" else "b") + OURS[4:]),
        report(FAILED, original=""),
        report("Final-Recipient: rfc822; ann@example.org"),
    ],
)
def test_a_report_about_another_address_or_mail_changes_nothing(forged: bytes) -> None:
    told = read_report(forged)
    assert told
    assert all(isinstance(one, Ignored) for one in told)


def test_a_spam_complaint_is_told_of_its_address() -> None:
    fields = "Feedback-Type: abuse\nUser-Agent: Some/1.0\nVersion: 1\nOriginal-Rcpt-To: ann@example.org"
    (problem,) = read_report(report(fields, "feedback-report")) or ()
    assert isinstance(problem, AddressProblem)
    assert problem.kind == "complained"
    (forged,) = read_report(report(fields.replace("ann", "boss"), "feedback-report")) or ()
    assert isinstance(forged, Ignored)


@pytest.mark.parametrize("raw", [b"", b"Subject: hello\r\n\r\nmultipart/report", report("", "disposition-notification")])
def test_other_mail_is_no_report(raw: bytes) -> None:
    assert read_report(raw) is None


@pytest.mark.parametrize("length", [0, 80, 200, 400, 600, 800])
def test_a_report_cut_off_anywhere_raises_nothing(length: int) -> None:
    read_report(report(FAILED)[:length])


def test_ids_and_tags_are_ours_or_nobodys() -> None:
    assert read_issued(f"<{OURS.upper()}>", "Ann@Example.org") == (CONVERSATION, MESSAGE)
    assert read_issued(OURS, "other@example.org") is None
    assert issue_id(CONVERSATION, MESSAGE, "ann@example.org", "omni.example") == OURS
    tag = issue_tag(BUSINESS, CONVERSATION)
    assert len(tag) <= 40
    assert read_tag(BUSINESS, tag.upper()) == CONVERSATION
    assert read_tag(uuid4(), tag) is None
    for wrong in ("", "x", tag[:-1], tag[1:], "ü" * 36, tag[:-1] + ("a" if tag[-1] != "a" else "b")):
        assert read_tag(BUSINESS, wrong) is None
        assert read_issued(wrong, "ann@example.org") is None


def test_a_report_nested_without_end_is_read_as_far_as_it_goes() -> None:
    nested = b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (at, at + 1) for at in range(3_000))
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b0\n\n"
    assert read_report(head + nested) is None
