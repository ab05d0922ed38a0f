"""The webhook addresses as a provider and as a stranger meet them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from omni_app.api.routes.webhooks import _refused_until
from omni_app.channels.connections import update_connection
from omni_app.channels.locating import forget_located
from omni_app.infra.database import open_db
from omni_app.limits.addresses import WEBHOOKS
from omni_app.settings import load_settings
from tests.channels.meta import SECRET, VERIFY, connect, envelope, signed, text_message, values, verify
from tests.making import count, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    forget_located()
    _refused_until.clear()
    async with open_client() as opened:
        yield opened


async def test_the_address_is_checked_with_the_bare_challenge(client: httpx2.AsyncClient) -> None:
    _, path = await connect(await make_business(faqs=()))
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY}
    answer = await client.get(path, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await client.get(path, params={**asked, "hub.verify_token": "guess"})).status_code == 403


async def test_a_webhook_sent_again_and_at_once_is_one_event(client: httpx2.AsyncClient) -> None:
    _, path = await connect(await make_business(faqs=()))
    body = envelope(text_message("Grüß Gott, offen?", "wamid.1"))
    answers = await asyncio.gather(*(client.post(path, content=body, headers=signed(body)) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert await count("channel_events") == 1


async def test_a_changed_secret_holds_at_once(client: httpx2.AsyncClient) -> None:
    made = await make_business(faqs=())
    connection_id, path = await connect(made)
    body = envelope(text_message("one", "wamid.1"))
    assert (await client.post(path, content=body, headers=signed(body))).status_code == 200
    async with open_db(made.scope) as db:
        await update_connection(db, connection_id, "Desk", {**values(), "app_secret": "another-secret"}, 1)
    body = envelope(text_message("two", "wamid.2"))
    assert (await client.post(path, content=body, headers=signed(body, "another-secret"))).status_code == 200


async def test_only_the_providers_networks_are_heard_when_they_are_listed(client: httpx2.AsyncClient) -> None:
    made = await make_business(faqs=())
    _, path = await connect(made, allowed_ips=["203.0.113.0/24"])
    body = envelope(text_message("Hello", "wamid.1"))
    assert (await client.post(path, content=body, headers=signed(body))).status_code == 403
    assert await count("channel_events") == 0


async def test_too_large_a_body_is_refused_before_it_is_read(client: httpx2.AsyncClient) -> None:
    _, path = await connect(await make_business(faqs=()))
    body = b"x" * (5 * 1024 * 1024)
    assert (await client.post(path, content=body, headers=signed(body))).status_code == 413


async def test_who_forges_again_and_again_is_not_heard_for_a_while(client: httpx2.AsyncClient) -> None:
    _, path = await connect(await make_business(faqs=()))
    body = envelope(text_message("Hello", "wamid.1"))
    forged = [await client.post(path, content=body, headers=signed(body, "guess")) for _ in range(WEBHOOKS + 1)]
    assert {answer.status_code for answer in forged[:WEBHOOKS]} == {403}
    assert forged[-1].status_code == 429
    refused = await client.post(path, content=body, headers=signed(body))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_the_shared_address_is_not_there_without_an_app_of_the_deployment(client: httpx2.AsyncClient) -> None:
    body = envelope(text_message("Hello", "wamid.1"))
    assert (await client.post("/webhooks/meta/whatsapp", content=body, headers=signed(body))).status_code == 404
    assert (await client.post("/webhooks/unheard/of", content=body)).status_code == 404


@pytest.fixture
def one_app_for_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The deployment has a Meta app of its own."""
    monkeypatch.setenv("META_APP_SECRET", SECRET)
    monkeypatch.setenv("META_VERIFY_TOKEN", VERIFY)
    load_settings.cache_clear()
    yield
    monkeypatch.undo()
    load_settings.cache_clear()


@pytest.mark.usefixtures("one_app_for_all")
async def test_the_shared_address_heeds_the_networks_of_the_connection_an_event_names(client: httpx2.AsyncClient) -> None:
    one, other = await make_business(faqs=()), await make_business(faqs=())
    first, _ = await connect(one, "111", allowed_ips=["203.0.113.0/24"])
    second, _ = await connect(other, "222")
    for connection_id in (first, second):
        await verify(connection_id)
    entries = [
        json.loads(envelope(text_message("mine", f"wamid.{number}"), phone_number_id=number))["entry"][0]
        for number in ("111", "222")
    ]
    alone = json.dumps({"object": "whatsapp_business_account", "entry": entries[:1]}).encode()
    # However often: it is the provider's request, so others are heard all the same.
    for _ in range(WEBHOOKS + 1):
        assert (await client.post("/webhooks/meta/whatsapp", content=alone, headers=signed(alone))).status_code == 403
    both = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    assert (await client.post("/webhooks/meta/whatsapp", content=both, headers=signed(both))).status_code == 200
    assert [row["connection_id"] for row in await rows("select connection_id from channel_events")] == [second]
    await rows("update channel_connections set allowed_ips = '[\"127.0.0.0/8\"]' where id = :id returning id", id=first)
    forget_located()
    assert (await client.post("/webhooks/meta/whatsapp", content=alone, headers=signed(alone))).status_code == 200
    assert await count("channel_events") == 2


@pytest.mark.usefixtures("one_app_for_all")
async def test_the_shared_address_gives_each_business_its_own_events(client: httpx2.AsyncClient) -> None:
    one, other = await make_business(faqs=()), await make_business(faqs=())
    first, _ = await connect(one, "111")
    second, _ = await connect(other, "222")
    for connection_id in (first, second):
        await verify(connection_id)
    entries = [
        json.loads(envelope(text_message("mine", f"wamid.{number}"), phone_number_id=number))["entry"][0]
        for number in ("111", "222", "333")
    ]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    assert (await client.post("/webhooks/meta/whatsapp", content=body, headers=signed(body))).status_code == 200
    stored = await rows("select connection_id, business_id, event_key from channel_events order by event_key")
    assert [(row["connection_id"], row["business_id"], row["event_key"]) for row in stored] == [
        (first, one.scope.business_id, "wamid.111"),
        (second, other.scope.business_id, "wamid.222"),
    ]


@pytest.mark.usefixtures("one_app_for_all")
async def test_an_account_nobody_proved_gets_nothing(client: httpx2.AsyncClient) -> None:
    await connect(await make_business(faqs=()), "111")
    body = envelope(text_message("whose?", "wamid.1"), phone_number_id="111")
    assert (await client.post("/webhooks/meta/whatsapp", content=body, headers=signed(body))).status_code == 200
    assert await count("channel_events") == 0
    assert (await client.post("/webhooks/meta/whatsapp", content=body, headers=signed(body, "guess"))).status_code == 403
