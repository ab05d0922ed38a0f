"""A server that speaks OpenAI's chat completions over real HTTP on this machine, and misbehaves when told to."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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
        `hold` = an event to wait for before answering (ten seconds at most); `on_call` runs while the call is in flight.
        """
        self._behaviour = Behaviour(**how)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        with self._lock:
            self.calls.append(call)
        now = self._behaviour
        if now.on_call is not None:
            now.on_call()
        if now.hold is not None:
            now.hold.wait(10)
        if now.seconds:
            time.sleep(now.seconds)
        if now.raw is not None:
            return now.status, now.headers, now.raw
        if now.status != 200:
            problem = {"error": {"message": f"stub says {now.status}", "type": "stub", "param": None, "code": None}}
            return now.status, now.headers, json.dumps(problem).encode()
        asked = [message["content"] for message in call.body["messages"] if message["role"] == "user"]
        text = now.text if now.text is not None else f"Echo: {asked[-1] if asked else ''}"
        usage = None
        if now.usage is not None:
            usage = {"prompt_tokens": now.usage[0], "completion_tokens": now.usage[1], "total_tokens": sum(now.usage)}
        completion = {
            "id": "chatcmpl-stub",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": call.body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": usage,
        }
        return 200, now.headers, json.dumps(completion).encode()


def start_openai_stub() -> OpenAIStub:
    """Start one on a free port of 127.0.0.1; call `close()` at the end."""
    return OpenAIStub()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _handler(stub: OpenAIStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path != "/v1/chat/completions":
                self._reply(404, {}, b'{"error": {"message": "unknown path"}}')
                return
            call = Call(path=self.path, authorization=self.headers.get("authorization"), body=json.loads(body))
            self._reply(*stub.answer(call))

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
