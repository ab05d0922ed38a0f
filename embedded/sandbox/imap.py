"""A mailbox by IMAP: the part of RFC 3501 that a client needs to find and fetch new mail.

CAPABILITY NOOP LOGIN LOGOUT SELECT EXAMINE STATUS LIST CHECK CLOSE EXPUNGE and SEARCH, FETCH, STORE, plain or by UID. One folder,
INBOX. Searches by ALL, UNSEEN, SEEN, UID, SINCE; every other key of a search matches everything.
"""

import asyncio
import calendar
import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser

from embedded.sandbox.accounts import Account
from embedded.sandbox.smtp import Mailbox

PATIENCE_SECONDS = 300.0
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r?\n$")
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^()]*\))|(\S+)')
_SECTION = re.compile(r"BODY(?:\.PEEK)?\[(?P<part>[^\]]*)\](?:<(?P<start>\d+)\.(?P<count>\d+)>)?")


@dataclass(slots=True, kw_only=True)
class Mail:
    """One mail of the selected folder; `number` counts from 1 without gaps."""

    number: int
    uid: int
    flags: set[str]
    raw: bytes
    at: float


class ImapServer:
    """Serves the mailboxes of one world on 127.0.0.1."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def listen(self, port: int) -> asyncio.Server:
        """Raises OSError when the port is taken."""
        return await asyncio.start_server(self._converse, "127.0.0.1", port, limit=1 << 20)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self._mailbox, writer)
        writer.write(b"* OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] sandbox ready\r\n")
        try:
            while not session.is_over and (line := await _next_command(reader, writer)):
                await session.obey(line)
                await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            # The client left or speaks something else.
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _next_command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """One command with its literals put in quotes; "" at the end."""
    whole = b""
    while True:
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await reader.readline()
        found = _LITERAL.search(line)
        if found is None:
            return (whole + line).decode("utf-8", "replace").rstrip("\r\n")
        if not found[2]:
            writer.write(b"+ go on\r\n")
        literal = await reader.readexactly(min(int(found[1]), 1 << 20))
        whole += line[: found.start()] + b'"' + literal.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class _Session:
    def __init__(self, mailbox: Mailbox, writer: asyncio.StreamWriter) -> None:
        self._mailbox = mailbox
        self._store = mailbox.world.store
        self._writer = writer
        self._account: Account | None = None
        self._is_selected = False
        self.is_over = False

    def _say(self, text: str | bytes) -> None:
        self._writer.write((text if isinstance(text, bytes) else text.encode()) + b"\r\n")

    async def obey(self, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name, _, tail = rest.partition(" ")
        verb, by_uid = name.upper(), False
        if verb == "UID":
            name, _, tail = tail.partition(" ")
            verb, by_uid = name.upper(), True
        commands: dict[str, Callable[[str, str], None]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._nothing,
            "CHECK": self._nothing,
            "LOGIN": self._login,
            "LOGOUT": self._logout,
            "LIST": self._list,
            "STATUS": self._status,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "CLOSE": self._close,
            "EXPUNGE": self._expunge,
        }
        on_mail = {"SEARCH": self._search, "FETCH": self._fetch, "STORE": self._change}
        if verb in commands:
            if self._account is None and verb not in ("CAPABILITY", "NOOP", "LOGIN", "LOGOUT"):
                self._say(f"{tag} NO Please sign in first")
                return
            commands[verb](tag, tail)
        elif verb in on_mail:
            if not self._is_selected:
                self._say(f"{tag} BAD No folder is selected")
                return
            on_mail[verb](tail, by_uid)
            self._say(f"{tag} OK {verb} completed")
        else:
            self._say(f"{tag} BAD Unknown command {verb}")

    def _capability(self, tag: str, tail: str) -> None:
        self._say("* CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS")
        self._say(f"{tag} OK CAPABILITY completed")

    def _nothing(self, tag: str, tail: str) -> None:
        if self._is_selected:
            self._say(f"* {len(self._mails())} EXISTS")
        self._say(f"{tag} OK completed")

    def _login(self, tag: str, tail: str) -> None:
        given = _arguments(tail)
        self._account = self._mailbox.find(given[0], given[1]) if len(given) == 2 else None
        if self._account is None:
            self._say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials")
        else:
            self._say(f"{tag} OK LOGIN completed")

    def _logout(self, tag: str, tail: str) -> None:
        self._say("* BYE sandbox signing off")
        self._say(f"{tag} OK LOGOUT completed")
        self.is_over = True

    def _list(self, tag: str, tail: str) -> None:
        self._say('* LIST (\\HasNoChildren) "/" "INBOX"')
        self._say(f"{tag} OK LIST completed")

    def _figures(self) -> dict[str, int]:
        assert self._account is not None
        mails = self._mails()
        return {
            "MESSAGES": len(mails),
            "RECENT": 0,
            "UIDNEXT": int(self._account.state.get("uid_next", 1)),
            "UIDVALIDITY": int(self._account.options.get("uid_validity", 1)),
            "UNSEEN": sum("\\Seen" not in mail.flags for mail in mails),
        }

    def _is_inbox(self, tag: str, tail: str) -> bool:
        given = _arguments(tail)
        if given and given[0].upper() == "INBOX":
            return True
        self._say(f"{tag} NO [NONEXISTENT] Unknown mailbox")
        return False

    def _status(self, tag: str, tail: str) -> None:
        if not self._is_inbox(tag, tail):
            return
        figures = self._figures()
        wanted = re.findall(r"[A-Z]+", tail.rpartition("(")[2].upper())
        self._say(f'* STATUS "INBOX" ({" ".join(f"{name} {figures[name]}" for name in wanted if name in figures)})')
        self._say(f"{tag} OK STATUS completed")

    def _select(self, tag: str, tail: str) -> None:
        if not self._is_inbox(tag, tail):
            return
        self._is_selected = True
        figures = self._figures()
        self._say("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        self._say(f"* {figures['MESSAGES']} EXISTS")
        self._say("* 0 RECENT")
        self._say(f"* OK [UIDVALIDITY {figures['UIDVALIDITY']}] valid")
        self._say(f"* OK [UIDNEXT {figures['UIDNEXT']}] next")
        self._say(f"{tag} OK [READ-WRITE] completed")

    def _close(self, tag: str, tail: str) -> None:
        self._is_selected = False
        self._say(f"{tag} OK CLOSE completed")

    def _expunge(self, tag: str, tail: str) -> None:
        assert self._account is not None
        for mail in reversed(self._mails()):
            if "\\Deleted" in mail.flags:
                self._store.run("delete from mailbox where account_id = ? and uid = ?", (self._account.id, mail.uid))
                self._say(f"* {mail.number} EXPUNGE")
        self._say(f"{tag} OK EXPUNGE completed")

    # --- mail ---

    def _mails(self) -> list[Mail]:
        assert self._account is not None
        rows = self._store.run("select uid, flags, raw, at from mailbox where account_id = ? order by uid", (self._account.id,))
        return [
            Mail(number=number, uid=row["uid"], flags=set(row["flags"].split()), raw=bytes(row["raw"]), at=row["at"])
            for number, row in enumerate(rows, 1)
        ]

    def _search(self, tail: str, by_uid: bool) -> None:
        words = _arguments(re.sub(r"(?i)^charset \S+ ", "", tail))
        found = self._mails()
        position = 0
        while position < len(words):
            key = words[position].upper().strip("()")
            value = words[position + 1] if position + 1 < len(words) else ""
            if key == "UID" or key[:1].isdigit():
                numbers = value if key == "UID" else key
                found = _among(found, numbers, by_uid=key == "UID")
                position += key == "UID"
            elif key in ("SEEN", "UNSEEN"):
                found = [mail for mail in found if ("\\Seen" in mail.flags) == (key == "SEEN")]
            elif key == "SINCE":
                since = _day(value.strip("()"))
                found = [mail for mail in found if mail.at >= since]
                position += 1
            position += 1
        self._say(("* SEARCH " + " ".join(str(mail.uid if by_uid else mail.number) for mail in found)).rstrip())

    def _fetch(self, tail: str, by_uid: bool) -> None:
        numbers, _, items = tail.partition(" ")
        for mail in _among(self._mails(), numbers, by_uid=by_uid):
            if "BODY[" in items.upper() or "RFC822" in re.findall(r"[A-Z0-9.]+", items.upper()):
                self._flag(mail, mail.flags | {"\\Seen"})
            self._say(f"* {mail.number} FETCH (".encode() + b" ".join(_parts(mail, items, by_uid)) + b")")

    def _change(self, tail: str, by_uid: bool) -> None:
        numbers, _, rest = tail.partition(" ")
        how, _, listed = rest.partition(" ")
        flags = set(listed.strip("()").split())
        for mail in _among(self._mails(), numbers, by_uid=by_uid):
            changed = mail.flags | flags if how[0] == "+" else mail.flags - flags if how[0] == "-" else flags
            self._flag(mail, changed)
            if "SILENT" not in how.upper():
                self._say(f"* {mail.number} FETCH (UID {mail.uid} FLAGS ({' '.join(sorted(changed))}))")

    def _flag(self, mail: Mail, flags: set[str]) -> None:
        assert self._account is not None
        mail.flags = flags
        self._store.run(
            "update mailbox set flags = ? where account_id = ? and uid = ?", (" ".join(sorted(flags)), self._account.id, mail.uid)
        )


def _arguments(text: str) -> list[str]:
    """Words, quoted strings and lists in brackets."""
    return [
        re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else (found[2] or found[3])
        for found in _ARGUMENT.finditer(text)
    ]


def _among(mails: Sequence[Mail], numbers: str, *, by_uid: bool) -> list[Mail]:
    """Those of a sequence set like 3,5:8,10:*; "*" is the last one, and 10:* is never empty (RFC 3501, section 6.4.8)."""
    if not mails:
        return []
    last = mails[-1].uid if by_uid else mails[-1].number
    wanted: list[tuple[int, int]] = []
    for part in numbers.strip("()").split(","):
        low, _, high = part.partition(":")
        ends = [last if end == "*" else int(end) for end in (low, high or low)]
        wanted.append((min(ends), max(ends)))
    return [mail for mail in mails if any(low <= (mail.uid if by_uid else mail.number) <= high for low, high in wanted)]


def _parts(mail: Mail, items: str, by_uid: bool) -> list[bytes]:
    words = re.findall(r"[A-Z0-9.]+", _SECTION.sub("", items.upper()))
    made: list[bytes] = []
    if by_uid or "UID" in words:
        made.append(f"UID {mail.uid}".encode())
    if "FLAGS" in words:
        made.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
    if "RFC822.SIZE" in words:
        made.append(f"RFC822.SIZE {len(mail.raw)}".encode())
    if "INTERNALDATE" in words:
        made.append(time.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"', time.gmtime(mail.at)).encode())
    if "RFC822" in words:
        made.append(b"RFC822 " + _literal(mail.raw))
    if "RFC822.HEADER" in words:
        made.append(b"RFC822.HEADER " + _literal(_head(mail.raw)))
    for found in _SECTION.finditer(items.upper()):
        content = _section(mail.raw, found["part"])
        label = f"BODY[{found['part']}]"
        if found["start"] is not None:
            start = int(found["start"])
            content, label = content[start : start + int(found["count"])], f"{label}<{start}>"
        made.append(f"{label} ".encode() + _literal(content))
    return made


def _section(raw: bytes, part: str) -> bytes:
    if not part:
        return raw
    if part == "TEXT":
        return raw.partition(b"\r\n\r\n")[2]
    if part.startswith("HEADER.FIELDS"):
        wanted = set(re.findall(r"[A-Z0-9-]+", part.partition("(")[2]))
        head = BytesHeaderParser().parsebytes(_head(raw))
        lines = [f"{name}: {value}\r\n" for name, value in head.items() if name.upper() in wanted]
        return "".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"
    return _head(raw)


def _head(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _literal(content: bytes) -> bytes:
    return f"{{{len(content)}}}\r\n".encode() + content


def _day(text: str) -> float:
    """A day as IMAP writes it, in UTC; the beginning of time when it is none."""
    try:
        return float(calendar.timegm(time.strptime(text, "%d-%b-%Y")))
    except ValueError:
        return 0.0
