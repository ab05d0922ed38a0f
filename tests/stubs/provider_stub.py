"""A provider's API over real HTTP on this machine that answers what it is told to, and remembers what it was asked."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class ProviderStub:
    """`answer_with` sets what every request is answered from then on; `hang` keeps it waiting until the stub is closed."""

    asked: list[Asked] = field(default_factory=list)
    _status: int = 200
    _body: bytes = b"{}"
    _headers: Mapping[str, str] = field(default_factory=dict)
    _hangs: bool = False
    _released: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def answer_with(self, status: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> None:
        self._status, self._body, self._headers, self._hangs = status, body, headers or {}, False

    def hang(self) -> None:
        self._hangs = True

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def __enter__(self) -> "ProviderStub":
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                stub.asked.append(Asked(method=self.command, path=self.path, headers=headers, body=self.rfile.read(length)))
                if stub._hangs:
                    stub._released.wait()
                    self.close_connection = True
                    return
                self.send_response(stub._status)
                for name, value in {"content-type": "application/json", **stub._headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(stub._body)))
                self.end_headers()
                self.wfile.write(stub._body)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
