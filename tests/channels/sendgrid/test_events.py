"""What the event webhook says of mail we sent."""

from typing import Any
from uuid import UUID

import pytest

from omni_app.channels.adapters.sendgrid.events import parse_event, split_events
from omni_app.channels.contract import AddressProblem, ConsentChange, DeliveryUpdate, Ignored, WebhookRequest
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from tests.channels.sendgrid.payloads import SUPPORT, batch, event

DELIVERY = UUID("01890000-0000-7000-8000-000000000001")


def cut(body: bytes) -> Any:
    return split_events(WebhookRequest(hook="sendgrid/events", method="POST", url="", body=body, received_at=now()))


def read(*events: Any) -> list[Any]:
    return [told for raw in cut(batch(*events)) for told in parse_event(raw.body)]


def test_each_event_of_a_batch_is_one_of_its_own() -> None:
    raws = cut(batch(event("processed"), event("delivered"), event("bounce")))
    assert len({raw.key for raw in raws}) == 3
    assert {raw.account for raw in raws} == {SUPPORT}
    assert cut(batch(event("delivered")))[0].key == cut(batch(event("delivered"), event("open")))[0].key


def test_a_delivered_mail_is_found_by_our_own_id() -> None:
    (update,) = read(event("delivered"))
    assert isinstance(update, DeliveryUpdate)
    assert (update.status, update.delivery_id, update.provider_id) == ("delivered", DELIVERY, "LRzXl_NHStOGhQ4kofSm_A")
    assert update.at is not None
    assert update.at.year == 2020


def test_numbers_as_text_and_ids_that_are_none_are_taken_for_what_they_are() -> None:
    (update,) = read(event("delivered", timestamp="1600112492", delivery_id="7"))
    assert (update.delivery_id, update.at.timestamp()) == (None, 1600112492)
    (update,) = read(event("delivered", timestamp="soon", delivery_id=7, sg_message_id=9))
    assert (update.at, update.delivery_id, update.provider_id) == (None, None, "9")


def test_a_bounce_fails_the_mail_and_marks_the_address() -> None:
    failed, problem = read(event("bounce", type="bounce", reason="550 5.1.1 no such user", status="5.1.1"))
    assert (failed.status, failed.error.text, failed.error.kind) == ("failed", "550 5.1.1 no such user", "recipient")
    assert isinstance(problem, AddressProblem)
    assert (problem.identifier.value, problem.kind) == ("ann@example.org", "bounced")
    (blocked,) = read(event("bounce", type="blocked", reason="550 your network is listed"))
    assert (blocked.status, blocked.error.kind) == ("failed", "refused")


@pytest.mark.parametrize(
    ("reason", "kind", "problem"),
    [
        ("Bounced Address", "recipient", "bounced"),
        ("Invalid", "recipient", "bounced"),
        ("Spam Reporting Address", "opted_out", "complained"),
        ("Unsubscribed Address", "opted_out", None),
        ("Spam Content (if Spam Checker app is enabled)", "refused", None),
    ],
)
def test_a_dropped_mail_says_why(reason: str, kind: str, problem: str | None) -> None:
    failed, *rest = read(event("dropped", reason=reason))
    assert (failed.error.text, failed.error.kind) == (reason, kind)
    assert [one.kind for one in rest] == ([problem] if problem else [])


def test_a_spam_report_and_an_unsubscribe_end_marketing() -> None:
    problem, consent = read(event("spamreport"))
    assert problem.kind == "complained"
    assert isinstance(consent, ConsentChange)
    assert (consent.purpose, consent.is_given) == ("marketing", False)
    assert [one.is_given for one in read(event("unsubscribe"), event("group_resubscribe"))] == [False, True]
    assert isinstance(read(event("unsubscribe", email=5))[0], Ignored)


@pytest.mark.parametrize("name", ["processed", "deferred", "open", "click", "brand_new"])
def test_what_changes_nothing_is_ignored_with_a_reason(name: str) -> None:
    (told,) = read(event(name))
    assert isinstance(told, Ignored)
    assert told.why


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'"x"', b"[" * 5000, b"\xff\xfe"])
def test_what_is_no_batch_is_kept_and_cannot_be_read(body: bytes) -> None:
    (raw,) = cut(body)
    with pytest.raises(Invalid):
        parse_event(raw.body)


@pytest.mark.parametrize("wrong", [7, None, ["x"], {}, {"event": 5}])
def test_one_wrong_event_does_not_spoil_the_others(wrong: Any) -> None:
    bad, good = cut(batch(wrong, event("delivered")))
    with pytest.raises(Invalid):
        parse_event(bad.body)
    assert isinstance(parse_event(good.body)[0], DeliveryUpdate)
