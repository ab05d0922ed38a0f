"""The mail server Omni sends by: real SMTP with accounts, and letters a customer writes back go into the mailbox `imap` shows."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from email.utils import parseaddr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.routing import BaseRoute

from embedded.sandbox.accounts import JSON, Account, Message, Outgoing
from embedded.sandbox.faults import Fault
from embedded.sandbox.mail import build_mail, read_letter, show_mail
from embedded.sandbox.world import Misused, World

MOST_BYTES = 36 * 1024 * 1024
_DENIED = "535 5.7.8 Error: authentication failed"


class Mailbox:
    """One mailbox with a user name and a password for each account."""

    kind = "smtp"
    hooks: tuple[str, ...] = ()
    most_attempts = 1

    def __init__(self, world: World) -> None:
        self.world = world

    def new_account(self, given: JSON) -> tuple[JSON, JSON]:
        address = str(given.get("address") or f"support@mail-{secrets.token_hex(3)}.example")
        if "@" not in address:
            raise Misused("address must be a mail address")
        credentials = {
            "address": address,
            "username": str(given.get("username") or address),
            "password": str(given.get("password") or secrets.token_urlsafe(12)),
            "smtp_host": "127.0.0.1",
            "smtp_port": self.world.mail_ports.get("smtp", 0),
            "imap_host": "127.0.0.1",
            "imap_port": self.world.mail_ports.get("imap", 0),
        }
        # What a client that signs in calls this mailbox.
        credentials["mailbox"] = f"{credentials['username']} at {credentials['imap_host']}".lower()
        return credentials, {"uid_validity": 1, "authserv_id": "mx.sandbox.example"}

    def routes(self) -> list[BaseRoute]:
        return []

    def inbound(self, account: Account, given: JSON) -> list[str]:
        """A letter into the mailbox, `copies` times. What the receiving server found out stands in its first header."""
        letter = read_letter(self.world, account, given)
        domain = letter.sender.partition("@")[2]
        spf, dkim = str(given.get("spf") or "pass"), str(given.get("dkim") or "pass")
        server = account.options.get("authserv_id", "mx.sandbox.example")
        head = (
            f"Delivered-To: {letter.envelope_to[0]}\r\n"
            f"Authentication-Results: {server}; spf={spf} smtp.mailfrom={letter.sender};\r\n"
            f" dkim={dkim} header.d={domain}; dmarc={'pass' if 'pass' in (spf, dkim) else 'fail'} header.from={domain}\r\n"
        )
        raw = (head.encode() if given.get("authenticated", True) else b"") + build_mail(letter)
        for _ in range(max(1, min(int(given.get("copies", 1)), 100))):
            self.put(account, raw, letter.at)
        shown = show_mail(raw)
        detail = {key: shown[key] for key in ("subject", "from", "to", "cc", "html", "headers", "files")}
        text = letter.text or letter.html
        address = letter.sender.lower()
        self.world.hear(account, address, letter.message_id, "mail", text, detail, name=letter.name, at=letter.at)
        return [letter.message_id]

    def put(self, account: Account, raw: bytes, at: float) -> int:
        """Lay a mail into the mailbox; its UID."""
        uid = int(account.state.get("uid_next", 1))
        account.state["uid_next"] = uid + 1
        self.world.store.run("insert into mailbox values (?, ?, '', ?, ?)", (account.id, uid, raw, at))
        self.world.store.keep_account(account)
        return uid

    def path_of(self, account: Account, message: Message) -> Sequence[str]:
        """A mail server reports nothing; whom it cannot reach it sends a bounce for."""
        contact = self.world.store.contact(account.id, message.address)
        return ("bounce",) if contact is not None and contact.details.get("is_unreachable") else ()

    def report(self, account: Account, message: Message, state: str, error: JSON) -> None:
        """A report of delivery (RFC 3464) as a mail: bounce and failed say no, anything else says nothing."""
        if state not in ("bounce", "failed"):
            return
        code, text = str(error.get("code") or "5.1.1"), str(error.get("text") or "550 5.1.1 No such user here")
        mail_id = message.detail.get("headers", {}).get("message-id", "")
        raw = _bounce(account.credentials["address"], message.address, mail_id, code, text)
        self.put(account, raw, message.at)

    def sign(self, account: Account, outgoing: Outgoing, url: str, at: float) -> Mapping[str, str]:
        return {}

    def challenge(self, account: Account, url: str) -> tuple[str, str] | None:
        return None

    def gives_up(self, outgoing: Outgoing, status: int) -> bool:
        return True

    def find(self, username: str, password: str) -> Account | None:
        """The account somebody signs in to; none while its password counts as withdrawn."""
        account = self.world.store.find_account(self.kind, username=username, password=password)
        if account is None or self.world.is_revoked(account):
            return None
        return account

    async def listen(self, port: int) -> asyncio.Server:
        """Start the SMTP server on 127.0.0.1. Raises OSError when the port is taken."""

        def connect() -> SMTP:
            return SMTP(
                _Desk(self),
                data_size_limit=MOST_BYTES,
                enable_SMTPUTF8=True,
                hostname="mx.sandbox.example",
                ident="ESMTP sandbox",
                authenticator=self._sign_in,
                auth_require_tls=False,
            )

        return await asyncio.get_running_loop().create_server(connect, "127.0.0.1", port)

    def _sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        account = self.find(data.login.decode(errors="replace"), data.password.decode(errors="replace"))
        return AuthResult(success=account is not None, handled=False, auth_data=account)


class _Desk:
    """What aiosmtpd asks at each step of one conversation."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._account: Account | None = None
        self._fault: Fault | None = None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        signed_in = session.auth_data if isinstance(session.auth_data, Account) else None
        # Without a password the address names the account, as on a server that trusts this machine.
        self._account = signed_in or self._mailbox.world.store.find_account(self._mailbox.kind, address=address.lower())
        if self._account is None:
            return "530 5.7.0 Authentication required"
        self._fault = await self._mailbox.world.meet(self._account, None)
        if self._fault is not None and (said := _REFUSALS.get(self._fault.kind)):
            return _said(self._fault, said)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._fault is not None and self._fault.kind in ("reject", "window_closed"):
            return _said(self._fault, "550 5.1.1 <{address}>: Recipient address rejected: User unknown").format(address=address)
        if "@" not in address:
            return "501 5.1.3 Bad recipient address syntax"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        account, fault = self._account, self._fault
        assert account is not None
        if fault is not None and fault.kind == "timeout_before_accept":
            return await self._hang_up(server, fault)
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        queue_id = secrets.token_hex(5).upper()
        shown = show_mail(raw)
        detail = {**shown, "recipients": list(envelope.rcpt_tos), "envelope_from": envelope.mail_from}
        first = str(envelope.rcpt_tos[0]).lower()
        mail_id = shown["headers"].get("message-id") or f"<{queue_id}@sandbox>"
        text = shown["text"] or shown["html"]
        self._mailbox.world.accept(account, first, mail_id, "mail", text, detail, fault)
        for address in map(str.lower, envelope.rcpt_tos):
            self._deliver_here(address, raw)
        if fault is not None and fault.kind == "timeout_after_accept":
            return await self._hang_up(server, fault)
        return f"250 2.0.0 Ok: queued as {queue_id}"

    def _deliver_here(self, address: str, raw: bytes) -> None:
        """Mail between two simulated mailboxes arrives."""
        for other in self._mailbox.world.store.accounts(self._mailbox.kind):
            if parseaddr(str(other.credentials["address"]))[1].lower() == address:
                self._mailbox.put(other, raw, other.created_at)

    async def _hang_up(self, server: SMTP, fault: Fault) -> str:
        await asyncio.sleep(fault.seconds or 0.0)
        # uvloop's transports are no asyncio.Transport.
        if (abort := getattr(server.transport, "abort", None)) is not None:
            abort()
        return "421 4.3.0 Closing"


_REFUSALS = {
    "rate_limited": "450 4.7.1 Error: too much mail, come back later",
    "server_error": "451 4.3.0 Error: queue file write error",
    "revoked": _DENIED,
}


def _said(fault: Fault, usual: str) -> str:
    return f"{fault.code or usual.split()[0]} {fault.text}" if fault.text else usual


def _bounce(to: str, recipient: str, mail_id: str, code: str, text: str) -> bytes:
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery System <mailer-daemon@mx.sandbox.example>",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <{secrets.token_hex(8)}@mx.sandbox.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="bounce"',
        "",
        "--bounce",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"I'm sorry to have to inform you that your message could not be delivered to <{recipient}>: {text}",
        "",
        "--bounce",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.sandbox.example",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {code}",
        f"Diagnostic-Code: smtp; {text}",
        "",
        "--bounce",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {mail_id}",
        f"To: {recipient}",
        "",
        "--bounce--",
        "",
    ]
    return "\r\n".join(lines).encode()
