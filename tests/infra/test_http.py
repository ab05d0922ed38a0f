"""Out to other people's servers, over real sockets: what left, what came back, and what must not be called."""

import asyncio
import gzip
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from omni_app.infra.clock import now
from omni_app.infra.http import Answer, Broken, Guard, Http, NotAllowed, NotReached, TooLarge, close_http, open_http

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


def answers(*parts: bytes, status: str = "200 OK", heard: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if heard is not None:
            heard.append(request)
        writer.write(f"HTTP/1.1 {status}\r\n".encode() + b"".join(parts))
        await writer.drain()

    return serve


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a port of its own; every connection is closed once `serve` is done with it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    opened = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield opened.sockets[0].getsockname()[1]
    finally:
        opened.close()


@asynccontextmanager
async def client(port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **guard: object) -> AsyncIterator[Http]:
    http = Http(guard=Guard(allow=f"{host}:{port}", **guard), tls=tls)  # type: ignore[arg-type]
    try:
        yield http
    finally:
        await http.aclose()


async def ask(serve: Serve, path: str = "/", **arguments: object) -> Answer:
    async with server(serve) as port, client(port) as http:
        return await http.request("GET", f"http://127.0.0.1:{port}{path}", **arguments)  # type: ignore[arg-type]


# Times to try one after the other: what a request has to reach within a short one takes longer on a busy machine.
PATIENCE = (0.2, 1.0, 5.0, 20.0)


async def ask_until_it_leaves(serve: Serve) -> Answer:
    for seconds in PATIENCE[:-1]:
        with suppress(NotReached):
            return await ask(serve, timeout=seconds)
    return await ask(serve, timeout=PATIENCE[-1])


async def test_a_request_goes_out_as_it_was_meant_and_the_answer_comes_back() -> None:
    heard: list[bytes] = []
    serve = answers(b"X-Two: a\r\nX-Two: b\r\nContent-Length: 12\r\n\r\n", b'{"ok": true}', heard=heard)
    async with server(serve) as port, client(port) as http:
        answer = await http.request(
            "POST",
            f"http://127.0.0.1:{port}/v1?a=1",
            query={"b": "zwei & drei"},
            json={"text": "Grüße"},
            headers={"Authorization": "Bearer x", "Accept": "application/json"},
        )
    assert (answer.status, answer.json(), answer.headers["x-two"]) == (200, {"ok": True}, "a, b")
    text = heard[0].decode()
    assert text.startswith("POST /v1?a=1&b=zwei")
    assert "Bearer x" in text
    assert text.endswith('{"text":"Grüße"}')
    assert text.lower().count("\r\naccept:") == 1
    assert "cookie" not in text.lower()


async def test_a_file_and_fields_go_out_as_a_form() -> None:
    heard: list[bytes] = []
    async with server(answers(b"Content-Length: 0\r\n\r\n", heard=heard)) as port, client(port) as http:
        await http.request(
            "POST", f"http://127.0.0.1:{port}/", form={"type": "image/png"}, files={"file": ("a.png", b"\x89PNG", "image/png")}
        )
    assert all(part in heard[0] for part in (b'name="type"', b'filename="a.png"', b"\x89PNG"))


async def test_no_cookie_of_one_answer_is_in_the_next_request() -> None:
    heard: list[bytes] = []
    async with server(answers(b"Set-Cookie: a=1\r\nContent-Length: 0\r\n\r\n", heard=heard)) as port, client(port) as http:
        for _ in range(2):
            await http.request("GET", f"http://127.0.0.1:{port}/")
    assert all(b"cookie" not in one.lower() for one in heard)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "404 Not Found", "503 Unavailable"])
async def test_any_status_is_an_answer_and_no_redirect_is_followed(status: str) -> None:
    heard: list[bytes] = []
    serve = answers(b"Location: http://127.0.0.1:1/metadata\r\nContent-Length: 0\r\n\r\n", status=status, heard=heard)
    assert (await ask(serve)).status == int(status[:3])
    assert len(heard) == 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example.com/", "https://shop.example.com:22/", "ftp://shop.example.com/", "https:///x", "https://"),
        *("https://user:secret-token@shop.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/"),
        *("https://0x7f.1/", "https://localhost/", "https://169.254.169.254/latest/meta-data", "not a url", "https://a b/"),
        *("https://[::ffff:10.0.0.1]/", "https://127.0.0.1.:8443/", "gopher://127.0.0.1:6379/_x", "file:///etc/passwd"),
    ],
)
async def test_what_may_not_be_called_is_not_called(url: str) -> None:
    http = Http(guard=Guard(allow=""))
    with pytest.raises(NotAllowed) as refused:
        await http.request("GET", url + "?token=secret-token")
    assert "secret-token" not in str(refused.value)
    await http.aclose()


async def test_a_name_is_looked_up_once_and_the_connection_goes_where_the_check_looked() -> None:
    """DNS rebinding: the second answer of the resolver would lead inside; nobody asks a second time."""
    asked: list[str] = []
    calls: list[bytes] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.216.34", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.1"]

    async with server(answers(b"Content-Length: 0\r\n\r\n", heard=calls)) as port:
        http = Http(guard=Guard(resolve=resolve, allow=""))
        for _ in range(2):
            with pytest.raises(NotAllowed):
                await http.request("GET", "https://rebinding.example.com/")
        await http.aclose()
        assert not calls
        async with client(port, "shop.example.com", resolve=resolve) as http:
            await http.request("GET", f"http://shop.example.com:{port}/")
        assert asked == ["rebinding.example.com", "rebinding.example.com", "shop.example.com"]
        assert f"Host: shop.example.com:{port}".encode().lower() in calls[0].lower()


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await ask(answers(b"Content-Length: 0\r\n\r\n"))).status == 200


async def test_a_long_answer_is_cut_off_whatever_it_says_of_its_length() -> None:
    with pytest.raises(TooLarge):
        await ask(answers(b"Content-Length: 100000\r\n\r\n"), most_bytes=99_999)
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    with pytest.raises(TooLarge):
        await ask(answers(b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 8), most_bytes=200_000)


async def test_a_gzip_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 30_000_000, 1), 6)
    head = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with pytest.raises(TooLarge):
        await ask(answers(head, bomb), most_bytes=1_000_000)
    packed = gzip.compress(b"hello")
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    assert (await ask(answers(head, packed))).body == b"hello"


async def test_a_server_that_says_nothing_or_stops_halfway_is_left_in_time() -> None:
    silence = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await silence.wait()

    async def stop_halfway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")
        await silence.wait()

    for serve in (say_nothing, stop_halfway):
        with pytest.raises(Broken, match="too long"):
            await ask_until_it_leaves(serve)
    silence.set()


async def test_what_broke_after_the_request_left_may_have_been_carried_out() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    short = answers(b"Content-Length: 10\r\n\r\nfive!")
    no_http = answers(b"", status="what is this")
    bad_gzip = answers(b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
    for serve in (hang_up, short, no_http, bad_gzip):
        with pytest.raises(Broken) as broken:
            await ask(serve, "/bot123:secret-token/send")
        assert "secret-token" not in str(broken.value)


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with server(answers()) as port:
        pass
    async with client(port) as http:
        with pytest.raises(NotReached):
            await http.request("GET", f"http://127.0.0.1:{port}/")


async def test_a_header_with_a_line_break_never_leaves() -> None:
    heard: list[bytes] = []
    with pytest.raises(NotReached):
        await ask(answers(b"Content-Length: 0\r\n\r\n", heard=heard), headers={"x-name": "a\r\nx-evil: 1"})
    assert not heard


async def test_more_calls_than_connections_wait_and_those_in_vain_were_not_sent() -> None:
    arrived, gate = asyncio.Semaphore(0), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.release()
        await gate.wait()

    async with server(wait) as port, client(port) as http:
        url = f"http://127.0.0.1:{port}/"
        calls = [asyncio.create_task(http.request("GET", url, timeout=60)) for _ in range(100)]
        for _ in calls:
            await arrived.acquire()
        with pytest.raises(NotReached):
            await http.request("GET", url, timeout=0.5)
        gate.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, Broken) for one in outcomes)
    assert arrived.locked()


def certificate(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(for the server, for a client that believes it) of a certificate for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.9"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem + secret)
        file.flush()
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(file.name)
    believing = ssl.create_default_context(cadata=pem.decode())
    return serving, believing


async def test_tls_checks_the_name_although_the_connection_goes_to_an_address() -> None:
    serving, believing = certificate("shop.example.com")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with server(answers(b"Content-Length: 2\r\n\r\nok"), serving) as port:
        async with client(port, "shop.example.com", tls=believing, resolve=resolve) as http:
            assert (await http.request("GET", f"https://shop.example.com:{port}/")).body == b"ok"
        async with client(port, "bank.example.com", tls=believing, resolve=resolve) as http:
            with pytest.raises(NotReached):
                await http.request("GET", f"https://bank.example.com:{port}/")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("0", 0), ("999999999999999999999", 3600), ("-5", None), ("soon", None), ("", None), ("²", None)],
)
def test_a_wait_is_read_in_seconds(value: str, seconds: int | None) -> None:
    wait = Answer(status=429, headers={"retry-after": value}, body=b"").retry_after
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_a_wait_is_read_as_a_date() -> None:
    def wait(at: datetime) -> timedelta:
        value = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        read = Answer(status=429, headers={"retry-after": value}, body=b"").retry_after
        assert read is not None
        return read

    assert timedelta(seconds=50) < wait(now() + timedelta(minutes=1)) <= timedelta(minutes=1)
    assert wait(now() - timedelta(days=1)) == timedelta(0)
    assert wait(now() + timedelta(days=1)) == timedelta(hours=1)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b"9" * 10_000])
def test_a_body_that_is_no_json_is_none(body: bytes) -> None:
    assert Answer(status=200, headers={}, body=body).json() is None


async def test_a_process_has_one_client_until_it_is_closed() -> None:
    first = open_http()
    assert open_http() is first
    await close_http()
    assert open_http() is not first
    await close_http()
