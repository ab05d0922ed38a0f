"""Fetch new mail by IMAP (RFC 3501), one poll at a time; on threads of its own: servers that hang keep nobody else waiting.

`state` is {"validity": UIDVALIDITY, "uid": the last one seen, "at": when, as ISO time}. The first poll only remembers where the
mailbox stands: what lay in it before is not the channel's. When the server numbers its mail anew, the mail of the last two days
is looked through; what was stored before is the same event again.

A stored event is one line of JSON of ours ({"to", "own", "proven", "skipped"}) and the mail as the server gave it.
"""

import asyncio
import imaplib
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxLoginError

from omni_app.channels.adapters.smtp.account import SmtpSettings
from omni_app.channels.adapters.smtp.trust import is_proven
from omni_app.channels.contract import CheckResult, Polled, RawEvent
from omni_app.channels.failures import Revoked, Unavailable
from omni_app.channels.mail.arriving import addresses_of, event_key, head_of
from omni_app.channels.mail.composing import clean_id, untagged
from omni_app.channels.mail.heads import read_ids
from omni_app.infra.clock import now
from omni_app.infra.egress import GUARD

MOST_MAILS = 50
MOST_MAIL_BYTES = 30 * 1024 * 1024
MOST_POLL_BYTES = 60 * 1024 * 1024
TIMEOUT_SECONDS = 20.0
LONGEST_SECONDS = 100.0
"""For one poll, however lively the server is: less than a job may take."""
# A server may send more than it announced; beyond this it is not listened to.
_MOST_BYTES = MOST_POLL_BYTES + MOST_MAIL_BYTES
_MOST_LINE = 1_000_000
_threads = ThreadPoolExecutor(8, thread_name_prefix="imap")
_T = TypeVar("_T")
_UID = re.compile(rb"UID (\d+)")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


async def on_thread(work: Callable[..., _T], *given: Any) -> _T:
    """Run `fetch_new` or `check_imap`."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *given)


def fetch_new(settings: SmtpSettings, address: str, state: Mapping[str, Any]) -> Polled:
    """New mail since `state`, at most 50 and 60 MB of it; the rest comes with the next poll.

    `address` is the checked one behind the server's name. Raises `Unavailable`, `Revoked`.
    """
    with _open(settings, address) as box:
        found = box.folder.status(settings.folder, ["UIDVALIDITY", "UIDNEXT"])
        validity, last = int(found["UIDVALIDITY"]), int(found["UIDNEXT"]) - 1
        at = now()
        if not state.get("validity"):
            return Polled(events=(), state=_state(validity, last, at))
        box.folder.set(settings.folder, readonly=not settings.marks_read)
        if int(state["validity"]) == validity:
            uids = [uid for uid in _search(box, f"UID {int(state['uid']) + 1}:*") if uid > int(state["uid"])]
            seen = int(state["uid"])
        else:
            uids = _search(box, f"SINCE {_day(state)}")
            seen = uids[0] - 1 if uids else last
        sizes = _sizes(box, uids[:MOST_MAILS])
        events: list[RawEvent] = []
        total = 0
        for uid, size in sizes:
            if events and total + min(size, MOST_MAIL_BYTES) > MOST_POLL_BYTES:
                break
            if (event := _fetch(box, settings, uid, size, validity)) is not None:
                events.append(event)
            total += min(size, MOST_MAIL_BYTES)
            seen = uid
        # Mail that was deleted between both questions is passed over.
        seen = seen if sizes else max((seen, *uids[:MOST_MAILS]))
        return Polled(events=tuple(events), state=_state(validity, seen, at))


def check_imap(settings: SmtpSettings, address: str) -> CheckResult:
    """Sign in and open the folder."""
    try:
        with _open(settings, address) as box:
            found = box.folder.status(settings.folder, ["MESSAGES"])
    except Revoked as error:
        return CheckResult(is_ok=False, is_revoked=True, text=str(error))
    except Unavailable as error:
        return CheckResult(is_ok=False, text=str(error))
    return CheckResult(is_ok=True, text=f"{settings.folder} holds {found['MESSAGES']} mails; new ones will come in.")


class _Box(BaseMailBox):
    """A mailbox at an address that was checked, whose certificate has to fit the name."""

    def __init__(self, settings: SmtpSettings, address: str) -> None:
        self._settings, self._address = settings, address
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return _Client(self._settings, self._address)


class _Client(imaplib.IMAP4):
    def __init__(self, settings: SmtpSettings, address: str) -> None:
        self._security, self._address, self._name = settings.imap_security, address, settings.imap_host
        self._until, self._left = monotonic() + LONGEST_SECONDS, _MOST_BYTES
        super().__init__(settings.imap_host, settings.imap_port, TIMEOUT_SECONDS)
        if self._security == "starttls":
            self.starttls(ssl.create_default_context())

    def read(self, size: int) -> bytes:
        """`size` bytes, or fewer when the server hangs up. Raises `abort` when that takes too long or is too much."""
        if size > self._left:
            raise self.abort("it sends more than it may")
        pieces: list[bytes] = []
        stream: Any = self.file
        while size and (ahead := self._ahead()):
            pieces.append(stream.read(min(size, ahead)))
            size -= len(pieces[-1])
        self._left -= sum(map(len, pieces))
        return b"".join(pieces)

    def readline(self) -> bytes:
        """The next line. Raises `abort` as `read`."""
        line = b""
        stream: Any = self.file
        while not line.endswith(b"\n") and (ahead := self._ahead()):
            line += stream.readline(ahead)
            if len(line) > min(_MOST_LINE, self._left):
                raise self.abort("it sends more than it may")
        self._left -= len(line)
        return line

    def _ahead(self) -> int:
        """How many bytes can be read without waiting, once there are any; 0 at the end."""
        if monotonic() > self._until:
            raise self.abort("it takes too long")
        stream: Any = self.file
        return len(stream.peek(1))

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connection = socket.create_connection((self._address, self.port), timeout)
        if self._security != "tls":
            return connection
        return ssl.create_default_context().wrap_socket(connection, server_hostname=self._name)


@contextmanager
def _open(settings: SmtpSettings, address: str) -> Iterator[BaseMailBox]:
    """A signed-in mailbox. Raises `Unavailable`, `Revoked`."""
    host = settings.imap_host
    if settings.imap_security == "none" and not GUARD.is_exempt(host, settings.imap_port):
        raise Revoked(f"A password never crosses a network in the clear: choose TLS or STARTTLS for {host}.")
    try:
        box = _Box(settings, address)
    except ssl.SSLCertVerificationError as error:
        raise Revoked(f"The certificate of {host} is not valid: {error.verify_message}.") from error
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unavailable(f"{host} ({_told(error)})") from error
    try:
        box.login(*settings.imap_login, initial_folder=None)
        yield box
    except MailboxLoginError as error:
        raise Revoked(f"{host} said: {_told(error)}") from error
    except (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError, LookupError, TypeError) as error:
        # The last three: an answer of another shape than IMAP's.
        # "[AUTHENTICATIONFAILED]" and its like (RFC 5530) come as an error of the protocol from some servers.
        if "AUTHENTICATIONFAILED" in str(error).upper():
            raise Revoked(f"{host} said: {_told(error)}") from error
        raise Unavailable(f"{host} ({_told(error)})") from error
    finally:
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
            box.logout()


def _search(box: BaseMailBox, criteria: str) -> list[int]:
    return sorted(int(uid) for uid in box.uids(criteria, charset=None))


def _sizes(box: BaseMailBox, uids: Sequence[int]) -> list[tuple[int, int]]:
    """(uid, bytes) of those that are still there."""
    if not uids:
        return []
    status, answer = box.client.uid("fetch", ",".join(map(str, uids)), "(UID RFC822.SIZE)")
    if status != "OK":
        raise Unavailable("The mailbox")
    lines = [one[0] if isinstance(one, tuple) else one for one in answer if one]
    found = [(_UID.search(line), _SIZE.search(line)) for line in lines]
    return sorted((int(uid[1]), int(size[1])) for uid, size in found if uid and size and int(uid[1]) in set(uids))


def _fetch(box: BaseMailBox, settings: SmtpSettings, uid: int, size: int, validity: int) -> RawEvent | None:
    """One mail, untouched in its mailbox (BODY.PEEK); of one that is too large only the head. None when it is gone."""
    is_large = size > MOST_MAIL_BYTES
    status, answer = box.client.uid("fetch", str(uid), "(BODY.PEEK[HEADER])" if is_large else "(BODY.PEEK[])")
    content = next((one[1] for one in answer if isinstance(one, tuple)), None)
    if status != "OK":
        # One mail the server cannot read must not keep back those behind it.
        return RawEvent(key=f"imap-{validity}-{uid}", body=json.dumps({"failed": _answered(answer)}).encode() + b"\n")
    if not isinstance(content, bytes):
        return None
    if settings.marks_read:
        box.client.uid("store", str(uid), "+FLAGS", "(\\Seen)")
    head = head_of(content)
    rfc_id = next((found for one in read_ids(head.raw("message-id")) if (found := clean_id(one))), "")
    said = {
        "to": _recipient(settings, addresses_of(head, "delivered-to", "x-original-to", "to", "cc")),
        "own": sorted(settings.own),
        "proven": is_proven(head, settings.authserv_id),
        "skipped": size if is_large else 0,
    }
    key = event_key(rfc_id or content.decode("latin-1"), settings.address)
    return RawEvent(key=key, body=json.dumps(said).encode() + b"\n" + content)


def _recipient(settings: SmtpSettings, addresses: Sequence[str]) -> str:
    """Our address as the sender wrote it, with its tag; the account's own when no header names it (a blind copy, a list)."""
    mine = [one for one in addresses if untagged(one)[0] in settings.own]
    return next((one for one in mine if "+" in one), mine[0] if mine else settings.address)


def _state(validity: int, uid: int, at: datetime) -> dict[str, Any]:
    return {"validity": validity, "uid": uid, "at": at.isoformat()}


def _day(state: Mapping[str, Any]) -> str:
    """The day before the last poll, as IMAP writes it whatever the machine's language."""
    try:
        at = datetime.fromisoformat(str(state.get("at")))
    except ValueError:
        at = now()
    day = at.astimezone(UTC) - timedelta(days=1)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day:02d}-{months[day.month - 1]}-{day.year}"


def _answered(answer: Sequence[Any]) -> str:
    return b" ".join(one for one in answer if isinstance(one, bytes)).decode("utf-8", "replace")[:300]


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
