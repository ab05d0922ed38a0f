"""A bucket over real HTTP on this machine: PUT, GET and DELETE of objects, each with its Signature Version 4 checked.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"
)


class S3Stub:
    """`url` is the endpoint. `objects` {path: bytes}; `calls` [(method, path)]; the next `failing` calls are answered 503."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        self.failing = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        path = urlsplit(target).path
        self.calls.append((method, path))
        if self.failing > 0:
            self.failing -= 1
            return 503, _error("SlowDown")
        if not is_signed(method, target, headers, body):
            return 403, _error("SignatureDoesNotMatch")
        if method == "PUT":
            self.objects[path] = body
            return 200, b""
        if method == "DELETE":
            self.objects.pop(path, None)
            return 204, b""
        if path not in self.objects:
            return 404, _error("NoSuchKey")
        return 200, self.objects[path]


def is_signed(method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether this request was signed with `SECRET`, headers and body included."""
    match = _SIGNED.fullmatch(headers.get("authorization", ""))
    if match is None or match[1] != KEY_ID or match[3] != REGION:
        return False
    payload = headers.get("x-amz-content-sha256", "")
    if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(body).hexdigest():
        return False
    url = urlsplit(target)
    query = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(url.query, True))
    names = match[4].split(";")
    canonical = "\n".join(
        (
            *(method, url.path, "&".join(f"{name}={value}" for name, value in query)),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names),
            *("", match[4], payload),
        )
    )
    scope = f"{match[2]}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{headers.get('x-amz-date', '')}\n{scope}\n{digest}"
    key = f"AWS4{SECRET}".encode()
    for part in (match[2], REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), match[5])


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>stub</Message></Error>".encode()


def _handler(stub: S3Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = stub.answer(self.command, self.path, headers, body)
            self.send_response(status)
            self.send_header("etag", '"stub"')
            self.send_header("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")
            if status != 204:
                self.send_header("content-length", str(len(answer)))
            self.end_headers()
            if status != 204:
                self.wfile.write(answer)

        do_GET = do_PUT = do_DELETE = _serve

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep the test output clean."""

    return Handler
