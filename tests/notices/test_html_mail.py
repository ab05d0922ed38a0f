"""Mail with HTML and images: stored encrypted, built as the standards say, sent by SMTP and SendGrid, shown without rights."""

import base64
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from uuid import UUID

import pytest

from omni_app.infra.database import system_db
from omni_app.infra.errors import NotFound, Unavailable
from omni_app.infra.ids import new_id
from omni_app.notices import queue_mail
from omni_app.notices.letters import Letter, showable, to_message
from omni_app.notices.mailbox import list_mails, load_mail_page, load_statuses
from omni_app.notices.sending import deliver
from omni_app.settings import load_settings
from tests.making import rows
from tests.notices.servers import run_sendgrid, run_smtp
from tests.notices.test_notices import Configure, configure

__all__ = ["configure"]

pytestmark = pytest.mark.usefixtures("database")

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = '<!doctype html><html><head><title>T</title></head><body><p>Grüße</p><img src="cid:cost" alt="Cost"></body></html>'


async def queue(html: str = HTML, images: dict[str, bytes] | None = None) -> UUID:
    async with system_db("test") as db:
        return await queue_mail(
            db, "maya@example.com", "Report", "Grüße in plain", html=html, images={"cost": PNG} if images is None else images
        )


async def test_html_and_images_are_stored_encrypted() -> None:
    await queue("<p>A secret figure</p>", {"cost": b"A secret picture"})
    (stored,) = await rows("select html, images from mails")
    assert stored["html"]
    assert stored["images"]
    assert "secret" not in str(stored)
    assert base64.b64encode(b"A secret picture").decode() not in str(stored)


@pytest.mark.parametrize("name", ["", "a b", "x>y", "x" * 65, "a\r\nb", "ü"])
async def test_a_name_that_is_no_content_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a content id"):
        await queue(images={name: PNG})


async def test_smtp_gets_plain_text_first_and_the_html_with_its_image(configure: Configure) -> None:
    async with run_smtp() as (box, port):
        configure(SMTP_URL=f"smtp://127.0.0.1:{port}", MAIL_FROM="Omni <omni@brook.example>")
        mail_id = await queue()
        await deliver(mail_id)
        await deliver(mail_id)
    (mail,) = box.mails
    assert mail["Message-ID"] == f"<{mail_id}@brook.example>"
    message = BytesParser(EmailMessage, policy=default).parsebytes(mail.as_bytes())
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(related, EmailMessage)
    assert (plain.get_content_type(), plain.get_content().strip()) == ("text/plain", "Grüße in plain")
    assert related.get_content_type() == "multipart/related"
    page, image = related.iter_parts()
    assert isinstance(page, EmailMessage)
    assert isinstance(image, EmailMessage)
    assert (page.get_content_type(), page.get_content().strip()) == ("text/html", HTML)
    assert (image.get_content_type(), image["Content-ID"], image.get_content_disposition()) == ("image/png", "<cost>", "inline")
    assert image.get_content() == PNG


async def test_sendgrid_gets_both_texts_in_order_and_the_image_by_its_content_id(configure: Configure) -> None:
    with run_sendgrid() as sendgrid:
        configure(SENDGRID_API_KEY="SG.test", SENDGRID_BASE_URL=sendgrid.url)
        sendgrid.answers = [(503, {})]
        mail_id = await queue()
        with pytest.raises(Unavailable):
            await deliver(mail_id)
        await deliver(mail_id)
        await deliver(mail_id)
    assert len(sendgrid.requests) == 2
    body = sendgrid.requests[1][2]
    assert body["content"] == [{"type": "text/plain", "value": "Grüße in plain"}, {"type": "text/html", "value": HTML}]
    assert body["attachments"] == [
        {
            "content": base64.b64encode(PNG).decode(),
            "type": "image/png",
            "filename": "cost.png",
            "disposition": "inline",
            "content_id": "cost",
        }
    ]
    assert (await load_statuses([mail_id]))[mail_id] == ("sent", "")


async def test_an_address_refused_for_good_is_failed_and_says_why(configure: Configure) -> None:
    async with run_smtp() as (box, port):
        configure(SMTP_URL=f"smtp://127.0.0.1:{port}")
        box.refusal = "550 No such user"
        mail_id = await queue()
        await deliver(mail_id)
    (mail,) = (await list_mails("maya@example.com")).items
    assert (mail.status, mail.error, mail.has_html) == ("failed", "The mail server refused the address.", True)
    assert (await load_statuses([mail_id, new_id()])) == {mail_id: ("failed", "The mail server refused the address.")}


async def test_a_kept_mail_has_its_page_beside_its_text() -> None:
    mail_id = await queue()
    await deliver(mail_id)
    folder = load_settings().home / "mail"
    assert (folder / f"{mail_id}.txt").read_text(encoding="utf-8").endswith("Grüße in plain")
    page = folder / f"{mail_id}.html"
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600


async def test_people_open_the_pages_of_their_own_mail_only() -> None:
    mail_id, plain = await queue(), await queue("", {})
    page = await load_mail_page("Maya@example.com", mail_id)
    assert "cid:cost" not in page
    assert page.index("Content-Security-Policy") < page.index("<title>")
    assert "default-src" in page
    assert await load_mail_page("maya@example.com", plain) == ""
    for stranger, wanted in (("ben@example.com", mail_id), ("", mail_id), ("maya@example.com", new_id())):
        with pytest.raises(NotFound):
            await load_mail_page(stranger, wanted)


def test_a_page_without_a_head_gets_the_policy_too_and_unknown_images_stay() -> None:
    shown = showable('<p><img src="cid:other"></p>', {"cost": PNG})
    assert shown.startswith("<meta http-equiv")
    assert shown.endswith('<p><img src="cid:other"></p>')


def test_a_mail_without_html_stays_one_part() -> None:
    message = to_message(Letter(id=new_id(), to_email="a@example.com", subject="S", text="T"), "omni@example.com")
    assert message.get_content_type() == "text/plain"
