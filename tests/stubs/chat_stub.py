"""A chat gateway from memory: the widget's wire protocol over real HTTP and WebSocket, plus a customer's strict web page.

Two servers on two ports, so the page is of another origin than the chat, as on a customer's site. The stub can be told to
misbehave the way networks and servers do; every frame it hears is kept in `heard`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.stubs.upload_front import open_front, read_parts

WIDGET = Path(__file__).parents[2] / "assets" / "widget.js"
KEY = "wk_test"
Frame = dict[str, Any]
Answer = Callable[[str], Frame | None]

CONFIG: Frame = {
    "name": "Harbour Dental",
    "greeting": "Hello! Questions about a visit? I answer right away.",
    "suggestions": ["I have a toothache", "What does a check-up cost?", "Change my appointment"],
    "colors": {"primary": "#0f4c5c", "on_primary": "#ffffff", "accent": "#b84a1e"},
    "status_line": "Answers in seconds",
    "lang": "en",
    "dir": "ltr",
    "foot": "Answers by an AI assistant and our team",
    "pre_chat": {"enabled": False, "required": False, "fields": ["name", "email"]},
    "sounds": False,
    "attachments": {"max_bytes": 1_000_000, "types": ["image/png", "application/pdf", "text/plain"]},
    "online": True,
    "away": "",
    "back_at": None,
}
STRANGER: Frame = {"proof": "none", "name": "", "claimed": ""}
CODE = "314159"


def echo(text: str) -> Frame:
    """Answers with what was asked; reveals whether a message reached the other side unchanged."""
    return {"text": f"You asked: {text}"}


class Cut(Exception):
    """The connection ends here and now."""


@dataclass
class Talk:
    """One visitor's conversation."""

    id: str
    messages: list[Frame] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    status: str | None = None
    speaker: str = "ai"
    agent: Frame | None = None
    identity: Frame = field(default_factory=lambda: dict(STRANGER))
    sockets: set[ServerConnection] = field(default_factory=set)

    def state(self) -> Frame:
        return {
            "id": self.id if self.messages else None,
            "status": self.status,
            "speaker": self.speaker,
            "agent": self.agent,
            "seq": len(self.messages),
        }

    def store(self, role: str, text: str, **extra: Any) -> Frame:
        seq = len(self.messages) + 1
        message = {
            "id": f"{self.id}-{seq}",
            "seq": seq,
            "role": role,
            "text": text,
            "at": datetime.now(UTC).isoformat(),
            "client_id": None,
            "author": None,
            "sources": [],
            "offer_person": False,
            "attachments": [],
            "status": "delivered" if role == "customer" else "sent",
        } | extra
        self.messages.append(message)
        self.status = self.status or "open"
        return message


class ChatStub:
    """Set the fields below at any time; they count from the next frame on."""

    def __init__(self) -> None:
        self.config = dict(CONFIG)
        self.answer: Answer = echo
        self.is_down = False  # HTTP 503 for the config and the socket
        self.is_deaf = False  # connections stay open, nothing is taken or answered
        self.drop_before_storing = 0  # so many messages: connection cut, nothing kept
        self.drop_before_ack = 0  # so many messages: kept, connection cut before the ack
        self.forget_ack = 0  # so many messages: swallowed without a word
        self.is_doubling = False  # every frame goes out twice
        self.refuse_with: Frame | None = None  # error for every `say`
        self.refuse_claim: Frame | None = None  # error for every `claim`
        self.refuse_upload: tuple[int, Frame] | None = None  # status and body for every upload
        self.is_upload_slow = False  # uploads wait for `may_upload`
        self.may_upload = asyncio.Event()
        self.hours: Frame = {"online": True, "away": "", "back_at": None}
        self.files: dict[str, tuple[Frame, bytes]] = {}
        self.links: dict[str, str] = {}  # path -> file id; cleared, the links have expired
        self.sessions: dict[str, Talk] = {}
        self.may_welcome = asyncio.Event()
        self.may_welcome.set()
        self.heard: list[Frame] = []
        self.config_calls = 0
        self.origin = ""
        self.page = ""
        self._numbers = count(1)
        self._news = asyncio.Condition()

    # -- what a test does

    @property
    def talk(self) -> Talk:
        """The only conversation there is."""
        (talk,) = self.sessions.values()
        return talk

    async def drop(self) -> None:
        """Cuts every connection."""
        for talk in self.sessions.values():
            for socket in list(talk.sockets):
                socket.transport.abort()

    async def staff_says(self, text: str, author: str = "Maya Chen") -> None:
        await self._send_all(self.talk, {"t": "message", "message": self.talk.store("staff", text, author=author)})

    async def take_over(self, name: str = "Maya Chen", initials: str = "MC") -> None:
        self.talk.speaker, self.talk.agent = "human", {"name": name, "initials": initials}
        await self.tell_state()

    async def hand_back(self) -> None:
        self.talk.speaker, self.talk.agent = "ai", None
        await self.tell_state()

    async def is_typing(self, who: str, on: bool, name: str | None = None) -> None:
        await self._send_all(self.talk, {"t": "typing", "who": who, "name": name, "on": on})

    async def streams(self, message_id: str, *texts: str) -> None:
        """An answer grows; each text is the whole of it so far."""
        for text in texts:
            await self._send_all(self.talk, {"t": "delta", "message_id": message_id, "text": text})

    async def assistant_says(self, text: str, **extra: Any) -> None:
        await self._send_all(self.talk, {"t": "message", "message": self.talk.store("assistant", text, **extra)})

    async def staff_has_read(self, seq: int) -> None:
        await self._send_all(self.talk, {"t": "status", "seq": seq, "status": "read"})

    async def tell_state(self) -> None:
        await self._send_all(self.talk, self._about(self.talk) | {"t": "state", "conversation": self.talk.state()})

    async def forget_customer(self) -> None:
        """Everything about the visitor is erased."""
        talk = self.talk
        talk.messages.clear()
        talk.taken.clear()
        talk.status, talk.speaker, talk.agent, talk.identity = None, "ai", None, dict(STRANGER)
        await self.tell_state()

    def said(self) -> list[str]:
        """What the visitor said, as kept."""
        return [message["text"] for talk in self.sessions.values() for message in talk.messages if message["role"] == "customer"]

    def heard_kinds(self) -> list[str]:
        return [frame["t"] for frame in self.heard]

    async def has_heard(self, kind: str, times: int) -> None:
        """Returns when so many frames of this kind have come."""
        async with self._news:
            await self._news.wait_for(lambda: self.heard_kinds().count(kind) >= times)

    # -- HTTP

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ChatStub"]:
        async with (
            serve(self._talk, "127.0.0.1", 0, process_request=self._http, max_size=2**20) as omni,
            open_front(_port(omni), self._upload) as front,
            serve(self._talk, "127.0.0.1", 0, process_request=self._page) as site,
        ):
            self.origin = f"http://127.0.0.1:{front}"
            self.page = f"http://localhost:{_port(site)}"
            yield self

    async def _upload(self, path: str, body: bytes) -> tuple[int, Frame]:
        """POST of a file: the answer's status and body."""
        if self.is_upload_slow:
            await self.may_upload.wait()
        if self.refuse_upload:
            return self.refuse_upload
        token, name, kind, data = read_parts(body)
        if path != f"/chat/{KEY}/attachments" or token not in self.sessions:
            return 401, {"message": "Open the chat again."}
        number = next(self._numbers)
        file_id = f"file-{number}"
        view = {"id": file_id, "name": name, "media_type": kind, "size": len(data)}
        self.files[file_id] = view, data
        return 200, view

    def _link(self, file_id: str) -> str:
        path = f"/files/{file_id}.{next(self._numbers)}"
        self.links[path] = file_id
        return path

    def _linked(self, file_id: str) -> Frame:
        return self.files[file_id][0] | {"url": self._link(file_id)}

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        if path == "/widget.js":
            return _reply(200, WIDGET.read_text(), "text/javascript")
        if path.startswith("/chat/") and path.endswith("/config"):
            self.config_calls += 1
            if self.is_down:
                return _reply(503, "{}", "application/json")
            if path != f"/chat/{KEY}/config":
                return _reply(404, '{"detail": "unknown"}', "application/json")
            return _reply(200, json.dumps(self.config), "application/json")
        if path in self.links:
            view, data = self.files[self.links[path]]
            return _reply(200, data, view["media_type"])
        if path == "/chat/ws":
            return _reply(503, "", "text/plain") if self.is_down else None
        return _reply(404, "", "text/plain")

    def _page(self, connection: ServerConnection, request: Request) -> Response:
        """A customer's page; query: key, lang, dir, tags (how often the tag stands there), tag (more attributes of the tag)."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query, True).items()}
        key, more = asked.get("key", KEY), asked.get("tag", "")
        tag = f'<script async src="{self.origin}/widget.js" data-business="{key}" {more}></script>'
        html = (
            f'<!doctype html><html lang="{asked.get("lang", "en")}" dir="{asked.get("dir", "ltr")}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>A customer</title>'
            f"{tag * int(asked.get('tags', '1'))}</head><body><h1>A customer's page</h1><a href='#'>A link</a></body></html>"
        )
        socket_origin = self.origin.replace("http", "ws")
        policy = f"default-src 'none'; script-src {self.origin}; connect-src {self.origin} {socket_origin}"
        return _reply(200, html, "text/html", policy)

    # -- WebSocket

    async def _talk(self, socket: ServerConnection) -> None:
        business = parse_qs(urlsplit(socket.request.path if socket.request else "").query).get("business", [""])[0]
        if business != KEY:
            await self._send(socket, {"t": "error", "id": None, "code": "gone", "message": "This chat is gone.", "retry": False})
            await socket.close(4404)
            return
        talk: Talk | None = None
        try:
            async for raw in socket:
                frame = json.loads(raw)
                async with self._news:
                    self.heard.append(frame)
                    self._news.notify_all()
                if self.is_deaf:
                    continue
                if frame["t"] == "hello":
                    talk = await self._welcome(socket, frame)
                elif talk is not None:
                    await self._handle(socket, talk, frame)
        except ConnectionClosed:
            pass
        except Cut:
            socket.transport.abort()  # what already waits in the buffer is not read either
        finally:
            if talk is not None:
                talk.sockets.discard(socket)

    async def _welcome(self, socket: ServerConnection, frame: Frame) -> Talk:
        await self.may_welcome.wait()
        token = frame["session"]
        if token not in self.sessions:
            number = next(self._numbers)
            token = f"session-{number}"
            self.sessions[token] = Talk(id=f"talk-{number}")
        talk = self.sessions[token]
        talk.sockets.add(socket)
        missed = [message for message in talk.messages if message["seq"] > frame["seen"]][-100:]
        welcome = {"t": "welcome", "session": token, "conversation": talk.state(), "messages": missed}
        await self._send(socket, self._about(talk) | welcome)
        return talk

    def _about(self, talk: Talk) -> Frame:
        return {"identity": talk.identity, **self.hours}

    async def _identify(self, socket: ServerConnection, talk: Talk, frame: Frame) -> None:
        """`claim` and `code`: what is claimed is masked like the real one; the code is always `CODE`."""
        if frame["t"] == "claim":
            if self.refuse_claim:
                await self._send(socket, {"t": "error", "id": frame["id"]} | self.refuse_claim)
                return
            mail = frame.get("email", "")
            masked = f"{mail[:1]}•••@{mail.partition('@')[2]}" if mail else ""
            talk.identity = {"proof": "claimed" if masked else "none", "name": frame.get("name", ""), "claimed": masked}
        elif frame.get("send"):
            await self._send(socket, {"t": "ack", "id": frame["id"], "seq": 0})
            return
        elif frame["code"] != CODE:
            wrong = {"code": "invalid", "field": "code", "message": "This is not the code we sent.", "retry": False}
            await self._send(socket, {"t": "error", "id": frame["id"]} | wrong)
            return
        else:
            talk.identity = {"proof": "proven", "name": talk.identity["name"] or "Sarah", "claimed": ""}
        for other in list(talk.sockets):
            told = {"id": frame["id"]} if other is socket else {}
            await self._send(other, {"t": "identity", "identity": talk.identity} | told)

    async def _handle(self, socket: ServerConnection, talk: Talk, frame: Frame) -> None:
        if frame["t"] == "ping":
            await self._send(socket, {"t": "pong"})
        elif frame["t"] == "person":
            await self._send(socket, {"t": "ack", "id": frame["id"], "seq": len(talk.messages)})
            if talk.status != "waiting":
                talk.status = "waiting"
                await self._send_all(talk, {"t": "message", "message": talk.store("system", "We are asking the team.")})
                await self.tell_state()
        elif frame["t"] in ("claim", "code"):
            await self._identify(socket, talk, frame)
        elif frame["t"] == "link":
            found = {"id": frame["id"], "attachment": frame["attachment"], "url": self._link(frame["attachment"])}
            await self._send(socket, {"t": "link"} | found)
        elif frame["t"] == "say":
            await self._take(socket, talk, frame)

    async def _take(self, socket: ServerConnection, talk: Talk, frame: Frame) -> None:
        if self.refuse_with:
            await self._send(socket, {"t": "error", "id": frame["id"]} | self.refuse_with)
            return
        if self.forget_ack:
            self.forget_ack -= 1
            return
        if self.drop_before_storing:
            self.drop_before_storing -= 1
            raise Cut
        is_new = frame["id"] not in talk.taken
        if is_new:
            files = [self._linked(file_id) for file_id in frame.get("attachments", ())]
            message = talk.store("customer", frame["text"], client_id=frame["id"], attachments=files)
            talk.taken[frame["id"]] = message["seq"]
        is_cut = self.drop_before_ack > 0
        if is_cut:
            self.drop_before_ack -= 1
            talk.sockets.discard(socket)
        else:
            await self._send(socket, {"t": "ack", "id": frame["id"], "seq": talk.taken[frame["id"]]})
        if is_new:
            await self._send_all(talk, {"t": "message", "message": message})
            reply = self.answer(frame["text"])
            if reply and talk.speaker == "ai":
                await self._send_all(talk, {"t": "message", "message": talk.store("assistant", **reply)})
        if is_cut:
            raise Cut

    async def _send_all(self, talk: Talk, frame: Frame) -> None:
        for socket in list(talk.sockets):
            await self._send(socket, frame)

    async def _send(self, socket: ServerConnection, frame: Frame) -> None:
        try:
            for _ in range(2 if self.is_doubling else 1):
                await socket.send(json.dumps(frame))
        except ConnectionClosed:
            pass  # the visitor is away; the replay tells them


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])


def _reply(status: int, body: str | bytes, kind: str, policy: str | None = None) -> Response:
    charset = "; charset=utf-8" if isinstance(body, str) else ""
    headers = Headers({"Content-Type": kind + charset, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})
    content = body.encode() if isinstance(body, str) else body
    headers["Content-Length"] = str(len(content))
    headers["Connection"] = "close"
    if policy:
        headers["Content-Security-Policy"] = policy
    return Response(status, "", headers, content)
