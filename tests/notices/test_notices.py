import asyncio
import os
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from omni_app.infra.database import system_db
from omni_app.infra.errors import Unavailable
from omni_app.infra.ids import new_id
from omni_app.notices import queue_mail
from omni_app.notices.mailbox import list_mails
from omni_app.notices.sending import deliver
from omni_app.settings import load_settings
from tests.notices.servers import run_sendgrid, run_smtp

Configure = Callable[..., None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Set variables of the environment for one test, as an operator would before a start."""
    before = dict(os.environ)

    def put(**values: str) -> None:
        os.environ.update(values)
        load_settings.cache_clear()

    yield put
    os.environ.clear()
    os.environ.update(before)
    load_settings.cache_clear()


async def queue(to: str = "maya@example.com", subject: str = "Hello", text: str = "A link: https://omni.example/x\nBye") -> UUID:
    async with system_db("test") as db:
        return await queue_mail(db, to, subject, text)


async def row(mail_id: UUID) -> tuple[str, str | None, bool]:
    async with system_db("test") as db:
        found = await db.execute("select status, error, sent_at is not null as sent from mails where id = :id", {"id": mail_id})
        return tuple(found.one())


async def test_a_mail_is_stored_encrypted_with_its_job(database: None) -> None:
    mail_id = await queue(subject="A secret subject", text="A secret link")
    async with system_db("test") as db:
        stored = (await db.execute("select * from mails")).one()
        assert "secret" not in str(stored)
        job = (await db.execute("select name, queue, payload, business_id from outbox")).one()
    assert tuple(job) == ("SendMail", "outbound", {"mail_id": str(mail_id)}, None)


async def test_a_mail_whose_cause_failed_does_not_exist(database: None) -> None:
    async def break_off() -> None:
        async with system_db("test") as db:
            await queue_mail(db, "maya@example.com", "Hello", "Text")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await break_off()
    assert (await list_mails("maya@example.com")).total == 0


async def test_people_read_their_own_mail_and_nobody_elses(database: None) -> None:
    await queue("maya@example.com", "For Maya")
    await queue("Ben@Example.com", "For Ben")
    page = await list_mails("ben@example.com")
    assert [(mail.subject, mail.to_email) for mail in page.items] == [("For Ben", "ben@example.com")]
    for stranger in ("", "%", "nobody@example.com", "maya@example.com' or 1=1 --"):
        assert (await list_mails(stranger)).items == []


async def test_the_mailbox_has_pages_newest_first(database: None) -> None:
    for number in range(5):
        await queue(subject=f"Mail {number}")
    first = await list_mails("maya@example.com", page=1, limit=2)
    assert ([mail.subject for mail in first.items], first.total) == (["Mail 4", "Mail 3"], 5)
    last = await list_mails("maya@example.com", page=3, limit=2)
    assert [mail.subject for mail in last.items] == ["Mail 0"]
    behind = await list_mails("maya@example.com", page=9, limit=2)
    assert (behind.items, behind.total) == ([], 5)
    assert (await list_mails("maya@example.com", page=-1, limit=0)).limit == 1


async def test_without_a_mail_server_mail_is_kept_for_its_reader_and_the_operator(database: None) -> None:
    mail_id = await queue(subject="Grüße", text="Ein Link")
    await deliver(mail_id)
    assert await row(mail_id) == ("kept", None, False)
    file = load_settings().home / "mail" / f"{mail_id}.txt"
    assert file.read_text(encoding="utf-8") == "To: maya@example.com\nSubject: Grüße\n\nEin Link"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0
    (mail,) = (await list_mails("maya@example.com")).items
    assert (mail.status, mail.text) == ("kept", "Ein Link")


async def test_delivering_twice_or_something_unknown_does_nothing_more(database: None) -> None:
    mail_id = await queue()
    await deliver(mail_id)
    file = load_settings().home / "mail" / f"{mail_id}.txt"
    file.unlink()
    await deliver(mail_id)
    assert not file.exists()
    await deliver(new_id())


async def test_sendgrid_gets_the_mail_once_and_no_tracker(database: None, configure: Configure) -> None:
    with run_sendgrid() as sendgrid:
        configure(SENDGRID_API_KEY="SG.test", SENDGRID_BASE_URL=sendgrid.url, MAIL_FROM="Omni <omni@brook.example>")
        mail_id = await queue(subject="Line one\r\nBcc: all@example.com")
        await deliver(mail_id)
        await deliver(mail_id)
    ((path, headers, body),) = sendgrid.requests
    assert (path, headers["authorization"]) == ("/v3/mail/send", "Bearer SG.test")
    assert body["personalizations"] == [{"to": [{"email": "maya@example.com"}]}]
    assert body["from"] == {"email": "omni@brook.example", "name": "Omni"}
    assert body["subject"] == "Line one Bcc: all@example.com"
    assert body["content"] == [{"type": "text/plain", "value": "A link: https://omni.example/x\nBye"}]
    assert body["headers"]["Message-ID"] == f"<{mail_id}@brook.example>"
    assert body["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert await row(mail_id) == ("sent", None, True)
    assert not (load_settings().home / "mail" / f"{mail_id}.txt").exists()


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_sendgrid_that_cannot_now_is_asked_again(database: None, configure: Configure, status: int) -> None:
    with run_sendgrid() as sendgrid:
        configure(SENDGRID_API_KEY="SG.test", SENDGRID_BASE_URL=sendgrid.url)
        sendgrid.answers = [(status, {"Retry-After": "30"})]
        mail_id = await queue()
        with pytest.raises(Unavailable) as refused:
            await deliver(mail_id)
        assert refused.value.retry_after is not None
        assert refused.value.retry_after.total_seconds() == 30
        assert (await row(mail_id))[0] == "queued"
        await deliver(mail_id)
    assert await row(mail_id) == ("sent", None, True)


async def test_sendgrid_that_refuses_for_good_is_not_asked_again(database: None, configure: Configure) -> None:
    with run_sendgrid() as sendgrid:
        configure(SENDGRID_API_KEY="SG.test", SENDGRID_BASE_URL=sendgrid.url)
        sendgrid.answers = [(400, {})]
        mail_id = await queue()
        await deliver(mail_id)
        await deliver(mail_id)
    assert len(sendgrid.requests) == 1
    assert await row(mail_id) == ("failed", "SendGrid refused the mail with 400.", False)


async def test_a_mail_server_that_is_away_is_asked_again(database: None, configure: Configure) -> None:
    mail_id = await queue()
    for variables in (
        {"SENDGRID_API_KEY": "SG.test", "SENDGRID_BASE_URL": "http://127.0.0.1:1"},
        {"SENDGRID_API_KEY": "", "SMTP_URL": "smtp://127.0.0.1:1"},
    ):
        configure(**variables)
        with pytest.raises(Unavailable):
            await deliver(mail_id)
    assert (await row(mail_id))[0] == "queued"


async def test_smtp_gets_the_mail(database: None, configure: Configure) -> None:
    async with run_smtp() as (box, port):
        configure(SMTP_URL=f"smtp://omni:p%40ss%20word@127.0.0.1:{port}", MAIL_FROM="Omni <omni@brook.example>")
        mail_id = await queue(subject="Grüße", text="Ein Link für dich:\nhttps://omni.example/" + "x" * 200)
        await deliver(mail_id)
    (mail,) = box.mails
    assert box.users == [(b"omni", b"p@ss word")]
    assert (mail["To"], mail["From"]) == ("maya@example.com", "Omni <omni@brook.example>")
    assert mail["Message-ID"] == f"<{mail_id}@brook.example>"
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert "https://omni.example/" + "x" * 200 in payload.decode()
    assert await row(mail_id) == ("sent", None, True)


@pytest.mark.parametrize(("refusal", "status"), [("550 No such user", "failed"), ("451 Try later", "queued")])
async def test_smtp_refusals_for_good_and_for_now(database: None, configure: Configure, refusal: str, status: str) -> None:
    async with run_smtp() as (box, port):
        configure(SMTP_URL=f"smtp://127.0.0.1:{port}")
        box.refusal = refusal
        mail_id = await queue()
        results = await asyncio.gather(deliver(mail_id), return_exceptions=True)
    assert (await row(mail_id))[0] == status
    assert isinstance(results[0], Unavailable) is (status == "queued")


async def test_a_wrong_smtp_password_is_tried_again_later(database: None, configure: Configure) -> None:
    async with run_smtp() as (_, port):
        configure(SMTP_URL=f"smtp://omni:wrong@127.0.0.1:{port}")
        mail_id = await queue()
        with pytest.raises(Unavailable):
            await deliver(mail_id)
    assert (await row(mail_id))[0] == "queued"
