"""A server that speaks OpenAI's completions and transcriptions over real HTTP on this machine, and misbehaves when told to."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMPLETIONS, TRANSCRIPTIONS = "/v1/chat/completions", "/v1/audio/transcriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived."""

    path: str
    authorization: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What the next answers are like; see `OpenAIStub.behave`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    usage: tuple[int, int] | None = (11, 7)
    raw: bytes | None = None
    seconds: float = 0.0
    hold: threading.Event | None = None
    on_call: Callable[[], None] | None = None
    pieces: tuple[str, ...] | None = None
    piece_seconds: float = 0.0
    holds: Mapping[int, threading.Event] = field(default_factory=dict)
    cut_after: int | None = None
    error_after: int | None = None
    is_endless: bool = False
    refuses_streams: bool = False
    heard_seconds: float | None = None


def _pieces(text: str) -> Iterator[str]:
    words = text.split(" ")
    return (word if place == 0 else f" {word}" for place, word in enumerate(words))


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as server-sent events."""

    how: Behaviour
    model: str
    pieces: tuple[str, ...]
    usage: dict[str, int] | None

    def events(self) -> Iterator[bytes | None]:
        """The events in order; None means: cut the connection now."""
        yield self._event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        for number, piece in enumerate(self.pieces):
            if number == self.how.cut_after:
                yield None
                return
            if number == self.how.error_after:
                yield b'data: {"error": {"message": "stub broke", "type": "server_error", "code": null, "param": null}}\n\n'
                return
            if (hold := self.how.holds.get(number)) is not None:
                hold.wait(60)
            if number and self.how.piece_seconds:
                time.sleep(self.how.piece_seconds)
            yield self._event([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        if self.how.is_endless:
            return
        yield self._event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if (hold := self.how.holds.get(len(self.pieces))) is not None:
            hold.wait(60)
        if self.usage is not None:
            yield self._event([], self.usage)
        yield b"data: [DONE]\n\n"

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
        body = {
            "id": "chatcmpl-stub",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        }
        return f"data: {json.dumps(body)}\n\n".encode()


class OpenAIStub:
    """`base_url` goes into `OPENAI_BASE_URL`. `calls` holds every completion request as it came; `count` is its length."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        self._behaviour = Behaviour()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def count(self) -> int:
        return len(self.calls)

    def behave(self, **how: Any) -> None:
        """Set how all further calls are answered; what is not named is normal again (`behave()` = be good).

        `status` (500, 429, 401 …) with `headers` (retry-after); `text` of the answer, default an echo of the last user message;
        `usage` = (input, output) tokens billed, None = not told; `raw` = body bytes instead of JSON; `seconds` = be slow;
        `hold` = an event to wait for before answering (a minute at most); `on_call` runs while the call is in flight.

        When a stream is asked for: `pieces` of the answer (default: its words), `piece_seconds` between them, `holds` = {number
        of a piece, or how many there are for the bill: event to wait for before it}, `cut_after` so many pieces the connection is
        lost, `error_after` so many comes
        an error event, `is_endless` = the body ends properly but without a finish reason,
        `refuses_streams` = a stream is answered with 400.

        Of a sound: `text` is what it says, `heard_seconds` what is billed (None = not told); its `Call.body` holds the form's
        fields, and of the file {"name", "media_type", "size"}.
        """
        self._behaviour = Behaviour(**how)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, call: Call) -> tuple[int, Mapping[str, str], bytes] | Streamed:
        with self._lock:
            self.calls.append(call)
        now = self._behaviour
        if now.on_call is not None:
            now.on_call()
        if now.hold is not None:
            now.hold.wait(60)
        if now.seconds:
            time.sleep(now.seconds)
        if now.raw is not None:
            return now.status, now.headers, now.raw
        if call.path == TRANSCRIPTIONS and now.status == 200:
            heard = {"text": "What does a check-up cost?" if now.text is None else now.text}
            if now.heard_seconds is not None:
                heard["usage"] = {"type": "duration", "seconds": now.heard_seconds}
            return 200, now.headers, json.dumps(heard).encode()
        if now.refuses_streams and call.body.get("stream"):
            return 400, now.headers, b'{"error": {"message": "stream is not supported", "type": "stub"}}'
        if now.status != 200:
            problem = {"error": {"message": f"stub says {now.status}", "type": "stub", "param": None, "code": None}}
            return now.status, now.headers, json.dumps(problem).encode()
        asked = [message["content"] for message in call.body["messages"] if message["role"] == "user"]
        text = now.text if now.text is not None else f"Echo: {asked[-1] if asked else ''}"
        usage = None
        if now.usage is not None:
            usage = {"prompt_tokens": now.usage[0], "completion_tokens": now.usage[1], "total_tokens": sum(now.usage)}
        if call.body.get("stream"):
            is_told = bool(call.body.get("stream_options", {}).get("include_usage"))
            return Streamed(now, call.body["model"], now.pieces or tuple(_pieces(text)), usage if is_told else None)
        completion = {
            "id": "chatcmpl-stub",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": call.body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": usage,
        }
        return 200, now.headers, json.dumps(completion).encode()


def _form(content_type: str, body: bytes) -> dict[str, Any]:
    """A multipart form, each file as what is known of it."""
    parts = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    fields: dict[str, Any] = {}
    for part in parts.iter_parts():
        name, data = str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True) or b""
        if part.get_filename() is None:
            fields[name] = data.decode()
        else:
            fields[name] = {"name": part.get_filename(), "media_type": part.get_content_type(), "size": len(data)}
    return fields


def start_openai_stub() -> OpenAIStub:
    """Start one on a free port of 127.0.0.1; call `close()` at the end."""
    return OpenAIStub()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that is gone is none of our errors: tests kill them."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(stub: OpenAIStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path not in (COMPLETIONS, TRANSCRIPTIONS):
                self._reply(404, {}, b'{"error": {"message": "unknown path"}}')
                return
            read = json.loads(body) if self.path == COMPLETIONS else _form(self.headers.get("content-type", ""), body)
            call = Call(path=self.path, authorization=self.headers.get("authorization"), body=read)
            answer = stub.answer(call)
            if isinstance(answer, Streamed):
                self._stream(answer)
            else:
                self._reply(*answer)

        def _stream(self, answer: Streamed) -> None:
            try:
                self.send_response(200)
                for name, value in {"content-type": "text/event-stream", "transfer-encoding": "chunked"}.items():
                    self.send_header(name, value)
                self.end_headers()
                for event in answer.events():
                    if event is None:
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.write(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # The caller stopped listening.

        def _reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # The caller gave up waiting.

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep the test output clean."""

    return Handler
