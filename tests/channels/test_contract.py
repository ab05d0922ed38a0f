"""Every adapter through the same cases, over the real webhook address and a real HTTP provider."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from omni_app.channels.accounts import read_settings
from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.contract import (
    DeliveryUpdate,
    Identifier,
    Ignored,
    InboundMessage,
    OutboundMail,
    OutboundMessage,
    RawEvent,
    Receipt,
    WebhookRequest,
)
from omni_app.channels.failures import Refused, Revoked, Uncertain
from omni_app.channels.locating import forget_located
from omni_app.channels.receipts import open_body
from omni_app.channels.registry import all_adapters, load_adapter
from omni_app.channels.splitting import split_text
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.egress import Guard
from omni_app.infra.errors import Invalid, Unavailable
from omni_app.infra.http import Http
from tests.channels.contract_samples import Sample, Samples, kinds_with_samples, samples_of
from tests.making import Made, make_business, open_client, rows
from tests.stubs.provider_stub import ProviderStub

KINDS = kinds_with_samples()
HOOKED = [kind for kind in KINDS if samples_of(kind).sign is not None]
HTTP_SENDERS = [kind for kind in KINDS if samples_of(kind).settings_at is not None]


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    forget_located()
    async with open_client() as opened:
        yield opened


@pytest.fixture
async def business(database: object) -> Made:
    return await make_business(faqs=())


@pytest.fixture
def provider() -> Iterator[ProviderStub]:
    with ProviderStub() as stub:
        yield stub


async def connect(made: Made, kind: str) -> tuple[UUID, dict[str, str]]:
    """A connection with the sample settings; its id, and hook -> path of its own webhook address."""
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, kind, f"Test {kind}", samples_of(kind).settings)
        view = await load_connection(db, connection_id)
    return connection_id, {hook.path: "/webhooks/" + hook.url.partition("/webhooks/")[2] for hook in view.webhooks}


async def post(client: httpx2.AsyncClient, path: str, samples: Samples, sample: Sample, **changes: Any) -> httpx2.Response:
    assert samples.sign is not None
    sent = samples.sign(sample.hook, sample.body, changes.get("at", now()))
    return await client.post(path, content=changes.get("body", sample.body), headers=dict(sent.headers), params=dict(sent.query))


async def stored(connection_id: UUID) -> list[dict[str, Any]]:
    return await rows("select * from channel_events where connection_id = :id order by received_at, id", id=connection_id)


def raw_events(kind: str, sample: Sample) -> list[RawEvent]:
    """The sample cut by the adapter as its webhook would."""
    samples = samples_of(kind)
    assert samples.sign is not None
    sent = samples.sign(sample.hook, sample.body, now())
    request = WebhookRequest(
        hook=sample.hook,
        method="POST",
        url=f"http://omni.test/webhooks/{sample.hook}",
        headers={name.lower(): value for name, value in sent.headers.items()},
        body=sample.body,
        received_at=now(),
    )
    return list(load_adapter(kind).split(request))


def test_every_adapter_brings_its_samples() -> None:
    assert sorted(all_adapters()) == KINDS


@pytest.mark.parametrize("kind", sorted(all_adapters()))
def test_what_an_adapter_says_of_itself_makes_a_page(kind: str) -> None:
    adapter = load_adapter(kind)
    assert adapter.title
    assert adapter.summary
    assert adapter.guide
    assert adapter.capabilities.text_limit.most > 0
    for name, field in adapter.settings_model.model_fields.items():
        assert field.title, f"{name} has no title"
        assert field.description, f"{name} has no help"
    with pytest.raises(Invalid) as problem:
        read_settings(adapter, {})
    assert problem.value.fields


@pytest.mark.parametrize("kind", HOOKED)
async def test_a_signed_event_is_stored_once_and_asked_for_once(kind: str, business: Made, client: httpx2.AsyncClient) -> None:
    connection_id, paths = await connect(business, kind)
    samples = samples_of(kind)
    assert samples.message is not None
    for _ in range(3):
        answer = await post(client, paths[samples.message.hook], samples, samples.message)
        assert answer.status_code == 200, answer.text
    (event,) = await stored(connection_id)
    assert event["status"] == "new"
    assert len(await rows("select 1 as x from outbox where name = 'HandleEvent'")) == 1
    body = await open_body(event["body"], event["storage_key"])
    assert body is not None
    (message,) = [one for one in load_adapter(kind).parse(body, event["hook"]) if isinstance(one, InboundMessage)]
    assert message.text
    assert message.sender.identifiers


@pytest.mark.parametrize("kind", HOOKED)
async def test_a_forged_event_is_refused_and_nothing_stored(kind: str, business: Made, client: httpx2.AsyncClient) -> None:
    connection_id, paths = await connect(business, kind)
    samples = samples_of(kind)
    assert samples.message is not None
    forged = samples.message.body.replace(b"e", b"o", 1)
    assert (await post(client, paths[samples.message.hook], samples, samples.message, body=forged)).status_code == 403
    bare = await client.post(paths[samples.message.hook], content=samples.message.body)
    assert bare.status_code == 403
    unknown_token = paths[samples.message.hook].rsplit("/", 1)[0] + "/" + "x" * 32
    assert (await post(client, unknown_token, samples, samples.message)).status_code == 404
    assert await stored(connection_id) == []


@pytest.mark.parametrize("kind", [kind for kind in HOOKED if samples_of(kind).is_dated])
async def test_a_signature_of_yesterday_is_refused(kind: str, business: Made, client: httpx2.AsyncClient) -> None:
    connection_id, paths = await connect(business, kind)
    samples = samples_of(kind)
    assert samples.message is not None
    answer = await post(client, paths[samples.message.hook], samples, samples.message, at=now() - timedelta(days=1))
    assert answer.status_code == 403
    assert await stored(connection_id) == []


@pytest.mark.parametrize("kind", [kind for kind in HOOKED if samples_of(kind).batch is not None])
async def test_a_batch_is_one_row_an_event(kind: str, business: Made, client: httpx2.AsyncClient) -> None:
    connection_id, paths = await connect(business, kind)
    samples = samples_of(kind)
    assert samples.batch is not None
    sample, count = samples.batch
    assert (await post(client, paths[sample.hook], samples, sample)).status_code == 200
    assert len(await stored(connection_id)) == count


@pytest.mark.parametrize("kind", HOOKED)
async def test_bodies_of_the_wrong_shape_are_kept_and_say_why(kind: str, business: Made, client: httpx2.AsyncClient) -> None:
    connection_id, paths = await connect(business, kind)
    samples = samples_of(kind)
    assert samples.wrong
    for sample in samples.wrong:
        answer = await post(client, paths[sample.hook], samples, sample)
        assert answer.status_code < 500, answer.text
    for event in await stored(connection_id):
        body = await open_body(event["body"], event["storage_key"])
        assert body is not None
        with contextlib.suppress(Invalid):
            load_adapter(kind).parse(body, event["hook"])


@pytest.mark.parametrize("kind", [kind for kind in HOOKED if samples_of(kind).unknown is not None])
def test_an_unknown_event_needs_nothing_done(kind: str) -> None:
    sample = samples_of(kind).unknown
    assert sample is not None
    for event in raw_events(kind, sample):
        for told in load_adapter(kind).parse(event.body, sample.hook):
            assert isinstance(told, Ignored) or (isinstance(told, InboundMessage) and told.kind == "unsupported")


@pytest.mark.parametrize("kind", [kind for kind in HOOKED if samples_of(kind).status is not None])
def test_a_status_names_what_it_is_about(kind: str) -> None:
    sample = samples_of(kind).status
    assert sample is not None
    (event,) = raw_events(kind, sample)
    updates = [one for one in load_adapter(kind).parse(event.body, sample.hook) if isinstance(one, DeliveryUpdate)]
    assert updates
    assert all(update.provider_id or update.delivery_id for update in updates)


@pytest.mark.parametrize("kind", sorted(all_adapters()))
def test_an_over_long_text_goes_out_in_parts_the_channel_takes(kind: str) -> None:
    limit = load_adapter(kind).capabilities.text_limit
    text = "Grüße aus der Praxis 🦷. " * (min(limit.most, 20_000) // 8)
    sizes = {
        "characters": len,
        "bytes": lambda part: len(part.encode()),
        "utf16": lambda part: len(part.encode("utf-16-le")) // 2,
    }
    parts = split_text(text, limit)
    assert all(sizes[limit.unit](part) <= limit.most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def message_to_send() -> OutboundMessage:
    return OutboundMessage(
        delivery_id=uuid4(),
        to=(Identifier(kind="phone", value="+19025550123"), Identifier(kind="email", value="ann@example.com")),
        text="A check-up is **$189**.",
        mail=OutboundMail(message_id="c1.m1.x@omni.test", subject="Re: Check-up"),
    )


async def send(kind: str, provider: ProviderStub) -> Receipt:
    adapter, samples = load_adapter(kind), samples_of(kind)
    assert samples.settings_at is not None
    settings = read_settings(adapter, dict(samples.settings_at(provider.url)))
    message = message_to_send()
    wanted = [one for one in message.to if (one.kind == "email") == (adapter.channel == "email")]
    outbound = OutboundMessage(
        delivery_id=message.delivery_id,
        to=tuple(wanted),
        text=message.text,
        mail=message.mail if adapter.channel == "email" else None,
    )
    http = Http(guard=Guard(allow=provider.host))
    return await adapter.send(outbound, settings, http)


@pytest.mark.parametrize("kind", HTTP_SENDERS)
async def test_an_accepted_send_gives_the_providers_id(kind: str, provider: ProviderStub) -> None:
    accepted = samples_of(kind).accepted
    assert accepted is not None
    answer, provider_id = accepted
    provider.answer_with(answer.status, answer.body, answer.headers)
    assert (await send(kind, provider)).provider_id == provider_id
    assert len(provider.asked) == 1


@pytest.mark.parametrize("kind", HTTP_SENDERS)
async def test_too_many_requests_say_when_to_come_back(kind: str, provider: ProviderStub) -> None:
    provider.answer_with(429, b"{}", {"retry-after": "17"})
    with pytest.raises(Unavailable) as problem:
        await send(kind, provider)
    assert problem.value.retry_after == timedelta(seconds=17)


@pytest.mark.parametrize("kind", HTTP_SENDERS)
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_provider_in_trouble_is_tried_again_later(kind: str, status: int, provider: ProviderStub) -> None:
    provider.answer_with(status, b"<html>oops</html>", {"content-type": "text/html"})
    with pytest.raises(Unavailable):
        await send(kind, provider)


@pytest.mark.parametrize("kind", HTTP_SENDERS)
async def test_a_connection_that_breaks_after_the_request_left_is_uncertain(kind: str) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    adapter, samples = load_adapter(kind), samples_of(kind)
    assert samples.settings_at is not None
    settings = read_settings(adapter, dict(samples.settings_at(f"http://127.0.0.1:{port}")))
    kinds = "email" if adapter.channel == "email" else "phone"
    message = message_to_send()
    outbound = OutboundMessage(
        delivery_id=message.delivery_id,
        to=tuple(one for one in message.to if one.kind == kinds),
        text="Hello",
        mail=message.mail if adapter.channel == "email" else None,
    )
    with pytest.raises(Uncertain):
        await adapter.send(outbound, settings, Http(guard=Guard(allow=f"127.0.0.1:{port}")))
    server.close()


@pytest.mark.parametrize("kind", HTTP_SENDERS)
async def test_a_provider_nobody_reaches_is_tried_again_later(kind: str) -> None:
    with ProviderStub() as gone:
        pass
    with pytest.raises(Unavailable):
        await send(kind, gone)


@pytest.mark.parametrize("kind", HTTP_SENDERS)
async def test_a_revoked_token_is_told_apart_from_a_refused_message(kind: str, provider: ProviderStub) -> None:
    samples = samples_of(kind)
    assert samples.revoked is not None
    assert samples.refused is not None
    provider.answer_with(samples.revoked.status, samples.revoked.body, samples.revoked.headers)
    with pytest.raises(Revoked):
        await send(kind, provider)
    provider.answer_with(samples.refused.status, samples.refused.body, samples.refused.headers)
    with pytest.raises(Refused) as problem:
        await send(kind, provider)
    assert str(problem.value)
