"""Sending by SMTP and fetching by IMAP against servers that say no, not now, or nothing at all."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import pytest

from omni_app.channels.accounts import read_settings
from omni_app.channels.adapters.smtp import ADAPTER, receiving
from omni_app.channels.adapters.smtp.receiving import fetch_new
from omni_app.channels.contract import Identifier, InboundMessage, OutboundMail, OutboundMessage, Polled, Receipt
from omni_app.channels.failures import Refused, Revoked, Unavailable, Uncertain
from omni_app.infra.errors import Invalid
from omni_app.infra.http import open_http
from omni_app.settings import load_settings
from tests.channels.smtp.samples import SETTINGS
from tests.channels.smtp.servers import CUT, TEXT, Mailbox, Post, serve
from tests.channels.smtp.test_receiving import MAIL


@pytest.fixture
async def post(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    server = Post()
    async with serve(server):
        allow(monkeypatch, server.port)
        yield server
    load_settings.cache_clear()


@pytest.fixture
async def box(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    server = Mailbox()
    async with serve(server):
        allow(monkeypatch, server.port)
        yield server
    load_settings.cache_clear()


def allow(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("OMNI_EGRESS_ALLOW", f"127.0.0.1:{port}")
    load_settings.cache_clear()


def settings(port: int, **changes: Any) -> Any:
    local = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "imap_host": "127.0.0.1", "imap_port": port}
    return read_settings(ADAPTER, {**SETTINGS, **local, "imap_security": "none", **changes})


def message(to: str = "ann@example.org", **mail: Any) -> OutboundMessage:
    head = OutboundMail(**{"message_id": "c.m.x@omni.example", "subject": "Re: Check-up", **mail})
    return OutboundMessage(delivery_id=uuid4(), to=(Identifier(kind="email", value=to),), text="It is **$189**.", mail=head)


async def send(post: Post, out: OutboundMessage | None = None, **changes: Any) -> Receipt:
    return await ADAPTER.send(out or message(), settings(post.port, **changes), open_http())


async def test_a_mail_goes_out_whole(post: Post) -> None:
    receipt = await send(post, message(cc=("tom@example.org",), reply_tag="k7f"), has_plus_addresses=True)
    assert receipt.provider_id == "c.m.x@omni.example"
    (raw,) = post.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert (mail["Message-ID"], mail["Reply-To"]) == ("<c.m.x@omni.example>", "Harbour Dental <support+k7f@example.com>")
    assert any(line.startswith("AUTH PLAIN") for line in post.heard)
    assert [line for line in post.heard if line.startswith("RCPT")] == ["RCPT TO:<ann@example.org>", "RCPT TO:<tom@example.org>"]
    await send(post, message(reply_tag="k7f"))
    assert message_from_bytes(post.mails[-1], policy=policy.default)["Reply-To"] is None


@pytest.mark.parametrize(
    ("verb", "answer", "error", "kind"),
    [
        ("AUTH", "535 5.7.8 Username and Password not accepted", Revoked, None),
        ("AUTH", "454 4.7.0 Temporary authentication failure", Unavailable, None),
        ("MAIL FROM", "530 5.7.0 Authentication required", Revoked, None),
        ("MAIL FROM", "553 5.7.1 not your address", Refused, "refused"),
        ("RCPT TO", "550 5.1.1 User unknown", Refused, "recipient"),
        ("RCPT TO", "550 5.7.1 blocked by policy", Refused, "refused"),
        ("RCPT TO", "450 4.2.1 greylisted, try again", Unavailable, None),
        ("DATA", "421 4.3.2 closing", Unavailable, None),
        (TEXT, "554 5.7.1 looks like spam", Refused, "refused"),
        (TEXT, "552 5.3.4 message too big", Refused, "content"),
        (TEXT, "451 4.3.0 try later", Unavailable, None),
        ("EHLO", CUT, Unavailable, None),
        ("RCPT TO", CUT, Unavailable, None),
        (TEXT, CUT, Uncertain, None),
    ],
)
async def test_each_no_means_what_it_means(post: Post, verb: str, answer: str, error: type[Exception], kind: str | None) -> None:
    post.says = {verb: answer}
    with pytest.raises(error) as problem:
        await send(post)
    if kind is not None:
        assert getattr(problem.value, "kind", None) == kind
        assert answer.split(" ", 1)[1] in str(problem.value)
    if answer != CUT:
        assert post.mails == [] or verb == TEXT


async def test_a_copy_that_is_refused_does_not_keep_back_the_answer(post: Post) -> None:
    post.says = {"RCPT TO:<TOM@EXAMPLE.ORG>": "550 5.1.1 no such user"}
    await send(post, message(cc=("tom@example.org", "no address", "Ann@example.org", "eve@example.org")))
    (raw,) = post.mails
    assert message_from_bytes(raw, policy=policy.default)["Cc"] == "tom@example.org, eve@example.org"
    assert sum(line.startswith("RCPT") for line in post.heard) == 3


@pytest.mark.parametrize("to", ["", "ann", "änn@example.org", "ann@example.org>\r\nRCPT TO:<evil@example.org"])
async def test_an_address_that_cannot_be_written_is_refused_before_anything_is_said(post: Post, to: str) -> None:
    with pytest.raises(Refused) as problem:
        await send(post, message(to))
    assert problem.value.kind == "recipient"
    assert post.heard == []


async def test_a_server_inside_our_network_is_never_called(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, 1)
    with pytest.raises(Unavailable):
        await send(post)
    with pytest.raises(Unavailable):
        await poll(post, {})
    assert not (await ADAPTER.check(settings(post.port), open_http())).is_ok
    assert post.heard == []


async def poll(box: Mailbox | Post, state: Any, **changes: Any) -> Polled:
    return await ADAPTER.poll(settings(box.port, **changes), state, open_http())


def read(polled: Polled) -> list[str]:
    return [told.id for event in polled.events for told in ADAPTER.parse(event.body, "poll") if isinstance(told, InboundMessage)]


def numbered(number: int) -> bytes:
    return MAIL.replace(b"<one@", b"<%d@" % number)


async def test_only_what_comes_after_the_first_look_is_new(box: Mailbox) -> None:
    box.mails = {3: numbered(3), 8: numbered(8)}
    first = await poll(box, {})
    assert first.events == ()
    assert (await poll(box, first.state)).events == ()
    box.mails |= {9: numbered(9), 12: numbered(12)}
    second = await poll(box, first.state)
    assert read(second) == ["9@example.org", "12@example.org"]
    assert (await poll(box, second.state)).events == ()
    # Nothing in the mailbox was touched.
    assert not any(command.upper().startswith(("SELECT", "UID STORE")) for command in box.heard)
    assert all("BODY.PEEK" in command for command in box.heard if "BODY" in command)


async def test_a_mailbox_that_was_numbered_anew_is_looked_through_and_brings_the_same_events(box: Mailbox) -> None:
    box.mails = {1: numbered(1)}
    state = (await poll(box, {})).state
    box.mails[2] = numbered(2)
    before = await poll(box, state)
    box.validity, box.mails = 8, {1: numbered(1), 2: numbered(2), 3: numbered(3)}
    after = await poll(box, before.state)
    assert read(after) == ["1@example.org", "2@example.org", "3@example.org"]
    assert after.events[1].key == before.events[0].key
    assert (await poll(box, after.state)).events == ()


@pytest.mark.parametrize("recent", [set(), {4}])
async def test_old_mail_of_a_mailbox_that_was_numbered_anew_stays_where_it_is(box: Mailbox, recent: set[int]) -> None:
    box.mails = {1: numbered(1), 4: numbered(4)}
    state = (await poll(box, {})).state
    box.validity, box.recent = 8, recent
    after = await poll(box, state)
    assert read(after) == [f"{number}@example.org" for number in recent]
    assert (await poll(box, after.state)).events == ()
    box.mails[5] = numbered(5)
    assert read(await poll(box, after.state)) == ["5@example.org"]


async def test_a_server_that_sends_more_than_it_said_is_not_listened_to(box: Mailbox) -> None:
    state = (await poll(box, {})).state
    box.mails, box.literal = {1: numbered(1)}, 4_000_000_000
    with pytest.raises(Unavailable, match="more than it may"):
        await poll(box, state)


async def test_a_server_that_never_comes_to_an_end_is_given_up(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "LONGEST_SECONDS", -1.0)
    with pytest.raises(Unavailable, match="too long"):
        await poll(box, {})


async def test_a_password_is_not_sent_in_the_clear(box: Mailbox) -> None:
    with pytest.raises(Revoked, match="in the clear"):
        fetch_new(settings(box.port, imap_host="imap.example.com"), "127.0.0.1", {})
    assert box.heard == []


async def test_a_poll_takes_so_many_and_the_next_goes_on(box: Mailbox) -> None:
    state = (await poll(box, {})).state
    box.mails = {number: numbered(number) for number in range(1, 61)}
    first = await poll(box, state)
    second = await poll(box, first.state)
    assert (len(first.events), len(second.events)) == (50, 10)


async def test_large_and_broken_mail_keeps_nothing_back(box: Mailbox) -> None:
    state = (await poll(box, {})).state
    box.mails = {1: numbered(1), 2: numbered(2), 3: numbered(3)}
    box.sizes, box.failing = {1: 40 * 1024 * 1024}, {2}
    large, broken, good = (await poll(box, state)).events
    (told,) = ADAPTER.parse(large.body, "poll")
    assert isinstance(told, InboundMessage)
    assert "too large" in told.text
    assert b"What does it cost" not in large.body
    with pytest.raises(Invalid, match="SERVERBUG"):
        ADAPTER.parse(broken.body, "poll")
    assert b"<3@example.org>" in good.body


async def test_a_wrong_password_turns_the_light_red(box: Mailbox) -> None:
    with pytest.raises(Revoked, match="Invalid credentials"):
        await poll(box, {}, password="wrong")


async def test_the_test_signs_in_to_both(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Mailbox(mails={1: MAIL})
    async with serve(box):
        monkeypatch.setenv("OMNI_EGRESS_ALLOW", f"127.0.0.1:{post.port},127.0.0.1:{box.port}")
        load_settings.cache_clear()
        result = await ADAPTER.check(settings(post.port, imap_port=box.port), open_http())
        assert result.is_ok, result.text
        assert "1 mails" in result.text
        box.password = "another"
        result = await ADAPTER.check(settings(post.port, imap_port=box.port), open_http())
        assert (result.is_ok, result.is_revoked) == (False, True)
