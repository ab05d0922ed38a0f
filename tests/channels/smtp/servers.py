"""Mail servers that follow a script: SMTP that says what it is told to or hangs up, IMAP with a mailbox in memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CUT = "cut"
"""Hang up instead of an answer."""
TEXT = "text"
"""The step at which the mail itself has been sent."""

_FRIENDLY = {
    "EHLO": "250-here\r\n250-SIZE 1000000\r\n250 AUTH PLAIN",
    "AUTH": "235 ok",
    "DATA": "354 go on",
    "QUIT": "221 bye",
}


@dataclass(slots=True)
class Post:
    """`says` {verb: answer} replaces the friendly one; `heard` are the commands, `mails` what was taken."""

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def answer(self, verb: str, friendly: str) -> str:
        return self.says.get(verb, friendly)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            verb = line.split(" ")[0].upper()
            step = line.split(":")[0].upper() if verb in {"MAIL", "RCPT"} else verb
            said = self.says.get(line.upper()) or self.answer(step, _FRIENDLY.get(verb, "250 ok"))
            if said == CUT:
                break
            writer.write(f"{said}\r\n".encode())
            if verb == "DATA" and said.startswith("354"):
                content = await reader.readuntil(b"\r\n.\r\n")
                said = self.answer(TEXT, "250 queued")
                if said == CUT:
                    break
                self.mails.append(content.removesuffix(b".\r\n"))
                writer.write(f"{said}\r\n".encode())
            if verb == "QUIT":
                break
        writer.close()


@dataclass(slots=True)
class Mailbox:
    """`mails` {uid: bytes}; `sizes` {uid: bytes said} pretends; `failing` uids cannot be fetched; `recent` came in the last days
    (None: all); `literal` is announced as the length of every mail."""

    port: int = 0
    validity: int = 7
    mails: dict[int, bytes] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    failing: set[int] = field(default_factory=set)
    recent: set[int] | None = None
    literal: int = 0
    password: str = "app password"
    heard: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK here\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.heard.append(command)
            status = self._obey(command, writer)
            writer.write(f"{tag} {status}\r\n".encode())
            if command.upper() == "LOGOUT":
                break
        writer.close()

    def _obey(self, command: str, writer: asyncio.StreamWriter) -> str:
        upper = command.upper()
        if upper == "CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif upper.startswith("LOGIN"):
            return "OK in" if self.password in command else "NO [AUTHENTICATIONFAILED] Invalid credentials"
        elif upper.startswith("STATUS"):
            last = max(self.mails, default=0)
            said = f"UIDVALIDITY {self.validity} UIDNEXT {last + 1} MESSAGES {len(self.mails)}"
            writer.write(f'* STATUS "INBOX" ({said})\r\n'.encode())
        elif upper.startswith(("SELECT", "EXAMINE")):
            writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())
        elif found := re.match(r"UID SEARCH UID (\d+):\*", upper):
            # "*" is the last mail, also when its number is smaller (RFC 3501, section 6.4.8).
            uids = [uid for uid in self.mails if uid >= int(found[1])] or sorted(self.mails)[-1:]
            writer.write(f"* SEARCH {' '.join(map(str, uids))}\r\n".encode())
        elif upper.startswith("UID SEARCH SINCE"):
            recent = self.mails if self.recent is None else self.recent
            writer.write(f"* SEARCH {' '.join(map(str, recent))}\r\n".encode())
        elif found := re.match(r"UID FETCH ([\d,]+) (.*)", upper):
            return self._fetch([int(uid) for uid in found[1].split(",")], found[2], writer)
        elif upper == "LOGOUT":
            writer.write(b"* BYE\r\n")
        return "OK done"

    def _fetch(self, uids: list[int], what: str, writer: asyncio.StreamWriter) -> str:
        for number, uid in enumerate(uids, 1):
            if uid in self.failing and "BODY" in what:
                return "NO [SERVERBUG] cannot read it"
            mail = self.mails.get(uid)
            if mail is None:
                continue
            if "RFC822.SIZE" in what:
                writer.write(f"* {number} FETCH (UID {uid} RFC822.SIZE {self.sizes.get(uid, len(mail))})\r\n".encode())
                continue
            content = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in what else mail
            length = self.literal or len(content)
            writer.write(f"* {number} FETCH (UID {uid} BODY[] {{{length}}}\r\n".encode() + content + b")\r\n")
        return "OK done"


@asynccontextmanager
async def serve(server: Post | Mailbox) -> AsyncIterator[None]:
    """The server on a port of its own, on the loop of the test."""
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield
