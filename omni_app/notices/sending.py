"""Deliver queued mail: by SendGrid, else by SMTP, else into a file that the operator can read."""

import asyncio
import os
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import httpx2

from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system
from omni_app.infra.database import system_db
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.infra.log import get_logger
from omni_app.notices.letters import Letter, showable, to_message, to_sendgrid, unlock_images
from omni_app.settings import Settings, load_settings

log = get_logger(__name__)

_TIMEOUT_SECONDS = 20.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# SendGrid's and proxies' ways to say "not now"; 401 and 403 are the deployment's fault and mended there.
_LATER = frozenset({401, 403, 408, 425, 429})

Status = Literal["sent", "kept", "failed"]


async def deliver(mail_id: UUID) -> None:
    """Send one mail unless that was done already. Raise `Unavailable` when it may work later.

    An address refused for good makes the mail `failed`. A crash between sending and noting it sends the mail twice, with the
    same Message-ID, rather than never.
    """
    letter = await _find_letter(mail_id)
    if letter is None:
        return
    settings = load_settings()
    try:
        status = await _hand_over(letter, settings)
    except Unavailable as error:
        await _note(mail_id, "queued", str(error))
        raise
    except Rejected as error:
        log.warning("mail refused", mail_id=str(mail_id), error=str(error))
        await _note(mail_id, "failed", str(error))
        return
    await _note(mail_id, status, None)


async def _hand_over(letter: Letter, settings: Settings) -> Status:
    # An empty variable is an unset one.
    if key := settings.sendgrid_api_key and settings.sendgrid_api_key.get_secret_value():
        await _send_by_sendgrid(letter, settings, key)
        return "sent"
    if url := settings.smtp_url and settings.smtp_url.get_secret_value():
        await _send_by_smtp(letter, settings, url)
        return "sent"
    await asyncio.to_thread(_keep, letter, settings)
    return "kept"


async def _find_letter(mail_id: UUID) -> Letter | None:
    async with system_db("read a mail to send") as db:
        found = await db.execute(
            "select to_email, subject, text, html, images from mails where id = :id and status = 'queued'", {"id": mail_id}
        )
        row = found.one_or_none()
    if row is None:
        return None
    return Letter(
        id=mail_id,
        to_email=row.to_email,
        subject=decrypt_system(row.subject, "mails.subject"),
        text=decrypt_system(row.text, "mails.text"),
        html=decrypt_system(row.html, "mails.html") if row.html else "",
        images=unlock_images(row.images),
    )


async def _note(mail_id: UUID, status: str, error: str | None) -> None:
    async with system_db("note a mail's delivery") as db:
        await db.execute(
            "update mails set status = :status, error = :error, sent_at = :sent_at where id = :id and status = 'queued'",
            {"status": status, "error": error, "sent_at": now() if status == "sent" else None, "id": mail_id},
        )


async def _send_by_sendgrid(letter: Letter, settings: Settings, key: str) -> None:
    """POST /v3/mail/send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send): 202 when it is accepted."""
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS) as http:
            answer = await http.post(
                f"{settings.sendgrid_base_url.rstrip('/')}/v3/mail/send",
                json=to_sendgrid(letter, settings.mail_from),
                headers={"Authorization": f"Bearer {key}"},
            )
    except httpx2.HTTPError as error:
        raise Unavailable("SendGrid") from error
    if answer.status_code in _LATER or answer.status_code >= 500:
        raise Unavailable(f"SendGrid (answer {answer.status_code})", _retry_after(answer))
    if answer.status_code >= 300:
        raise Rejected(f"SendGrid refused the mail with {answer.status_code}.")


def _retry_after(answer: httpx2.Response) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(seconds), 3600)) if seconds.isdigit() else None


async def _send_by_smtp(letter: Letter, settings: Settings, url: str) -> None:
    """SMTP (RFC 5321) with TLS from the start (`smtps://`) or STARTTLS; a password never crosses a network in the clear."""
    server = urlsplit(url)
    is_tls = server.scheme == "smtps"
    must_upgrade = not is_tls and server.username is not None and server.hostname not in _LOOPBACK
    try:
        await aiosmtplib.send(
            to_message(letter, settings.mail_from),
            sender=parseaddr(settings.mail_from)[1],
            recipients=[letter.to_email],
            hostname=server.hostname or "localhost",
            port=server.port,
            username=unquote(server.username) if server.username else None,
            password=unquote(server.password) if server.password else None,
            use_tls=is_tls,
            # None: upgrade when the server offers it.
            start_tls=True if must_upgrade else False if is_tls else None,
            timeout=_TIMEOUT_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        if all(refused.code >= 500 for refused in error.recipients):
            raise Rejected("The mail server refused the address.") from error
        raise Unavailable("The mail server") from error
    except aiosmtplib.SMTPDataError as error:
        if error.code >= 500:
            raise Rejected(f"The mail server refused the mail with {error.code}.") from error
        raise Unavailable("The mail server") from error
    # Wrong password, no TLS, refused sender: the deployment is set up wrong, and the mail goes once that is mended.
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"The mail server ({type(error).__name__})") from error


def _keep(letter: Letter, settings: Settings) -> None:
    """Write OMNI_HOME/mail/<id>.txt (and .html beside it) for the operator alone; the same mail again replaces its files."""
    folder = settings.home / "mail"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if letter.html:
        _write(folder / f"{letter.id}.html", showable(letter.html, letter.images))
    _write(folder / f"{letter.id}.txt", f"To: {letter.to_email}\nSubject: {letter.subject}\n\n{letter.text}")


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
