"""Send one mail by SMTP (RFC 5321), and say how far it got when the connection breaks.

Until the server was given the text nothing was sent. Once it was, only its answer says what became of it: a line that breaks
there leaves it open, and a second mail could be one too many.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import aiosmtplib

from omni_app.channels.adapters.smtp.account import SmtpSettings
from omni_app.channels.contract import CheckResult, OutboundMail, OutboundMessage, Receipt
from omni_app.channels.failures import Refused, Revoked, Unavailable, Uncertain
from omni_app.channels.mail.composing import ascii_address, build_mail, tagged, writable, write_name
from omni_app.infra.http import NotReached, check_host

TIMEOUT_SECONDS = 15.0
DATA_SECONDS = 40.0
# RFC 4954: the password is missing, wrong, too weak or would cross in the clear.
_NOT_SIGNED_IN = frozenset({530, 534, 535, 538})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def send_mail(message: OutboundMessage, settings: SmtpSettings) -> Receipt:
    """Hand over one mail. Raises `Refused`, `Revoked`, `Unavailable`, `Uncertain`."""
    if message.mail is None:
        raise Refused("This message has no subject and no thread; it cannot be sent as a mail.")
    to = next((one.value for one in message.to if one.kind == "email"), "")
    try:
        address = ascii_address(to)
        copies = writable(message.mail.cc, address)
        mail = replace(message.mail, cc=tuple(copies))
        content = await asyncio.to_thread(_write, message, mail, settings, address)
    except ValueError as error:
        raise Refused(str(error).capitalize() + ".", kind="recipient") from error
    async with _open(settings) as client:
        await _hand_over(client, settings.address, address, copies, content)
    # Reports of mail servers name the mail by its id.
    return Receipt(provider_id=message.mail.message_id)


def _write(message: OutboundMessage, mail: OutboundMail, settings: SmtpSettings, address: str) -> bytes:
    name = write_name(mail, settings.from_name, is_from_person=message.is_from_person)
    reply_to = tagged(settings.address, mail.reply_tag) if settings.has_plus_addresses else ""
    return build_mail(
        mail, sender=(name, settings.address), to=[address], reply_to=reply_to, text=message.text, files=message.files
    )


async def _hand_over(client: aiosmtplib.SMTP, sender: str, to: str, copies: list[str], content: bytes) -> None:
    size = len(content)
    limit = client.esmtp_extensions.get("size", "")
    if limit.isdigit() and 0 < int(limit) < size:
        most = int(limit) // (1024 * 1024)
        raise Refused(f"The mail server takes mail of at most {most} MB; this one is larger.", kind="content")
    try:
        await client.mail(sender, options=[f"size={size}"] if "size" in client.esmtp_extensions else [])
        await client.rcpt(to)
        for copy in copies:
            # A copy that cannot be delivered must not keep the answer from the customer.
            with suppress(aiosmtplib.SMTPRecipientRefused):
                await client.rcpt(copy)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error, "recipient" if isinstance(error, aiosmtplib.SMTPRecipientRefused) else "refused") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable("The mail server") from error
    try:
        await client.data(content, timeout=DATA_SECONDS)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error, "content") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Uncertain("The connection broke while the mail server took the mail; it may have it.") from error


def _refusal(error: aiosmtplib.SMTPResponseException, kind: Any) -> Exception:
    words = " ".join(str(error.message).split())[:400]
    if error.code in _NOT_SIGNED_IN:
        return Revoked(f"The mail server said: {error.code} {words}", code=str(error.code))
    if error.code >= 500:
        # 550 to 553 speak of an address when one was given (RFC 5321, section 4.2.3); the rest is policy.
        is_address = kind == "recipient" and error.code in {550, 551, 553} and " 5.7." not in f" {words}"
        return Refused(
            f"The mail server said: {error.code} {words}",
            code=str(error.code),
            kind="recipient" if is_address else "content" if error.code == 552 else "refused",
        )
    return Unavailable(f"The mail server ({error.code} {words})")


@asynccontextmanager
async def _open(settings: SmtpSettings) -> AsyncIterator[aiosmtplib.SMTP]:
    """A signed-in connection. Raises `Unavailable`, `Revoked`, `Refused`."""
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        timeout=TIMEOUT_SECONDS,
        tls_context=ssl.create_default_context(),
        local_hostname=settings.address.rpartition("@")[2].encode("idna").decode("ascii"),
        sock=await _connect(settings),
    )
    try:
        try:
            await client.connect()
        except aiosmtplib.SMTPResponseException as error:
            raise Unavailable(f"The mail server ({error.code} {error.message})") from error
        except aiosmtplib.SMTPNotSupported as error:
            raise Revoked("The mail server offers no STARTTLS. Choose another port or encryption.") from error
        except ssl.SSLCertVerificationError as error:
            raise Revoked(f"The mail server's certificate is not valid: {error.verify_message}.") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unavailable(f"The mail server ({_told(error)})") from error
        await _sign_in(client, settings)
        yield client
    finally:
        # Whatever is said at the door, the mail is handed over or not by now.
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await asyncio.wait_for(client.quit(), 2.0)
        client.close()


async def _connect(settings: SmtpSettings) -> socket.socket:
    """A connection to an address that was checked; the name alone could lead elsewhere by now."""
    address = await check_host(settings.smtp_host, settings.smtp_port)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(connection, (address, settings.smtp_port)), TIMEOUT_SECONDS)
    except (OSError, TimeoutError) as error:
        connection.close()
        raise NotReached(settings.smtp_host, "nobody answers there") from error
    return connection


async def _sign_in(client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
    username, password = settings.smtp_login
    if settings.smtp_security == "none" and settings.smtp_host not in _LOOPBACK:
        # A password never crosses a network in the clear.
        return
    try:
        await client.ehlo()
        if client.server_auth_methods:
            await client.login(username, password)
    except aiosmtplib.SMTPAuthenticationError as error:
        words = f"The mail server said: {error.code} {error.message}"
        raise Revoked(words, code=str(error.code)) if error.code >= 500 else Unavailable("The mail server") from error
    except aiosmtplib.SMTPNotSupported as error:
        raise Revoked(f"The mail server takes no password: {error.message}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"The mail server ({_told(error)})") from error


async def check_smtp(settings: SmtpSettings) -> CheckResult:
    """Sign in and leave again."""
    try:
        async with _open(settings):
            return CheckResult(is_ok=True, text=f"{settings.smtp_host} takes mail from {settings.smtp_login[0]}.")
    except Revoked as error:
        return CheckResult(is_ok=False, is_revoked=True, text=str(error))
    except (Refused, Unavailable) as error:
        return CheckResult(is_ok=False, text=str(error))


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
