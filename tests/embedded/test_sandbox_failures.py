"""The failures the simulator can play, and what it does with webhooks nobody takes."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from embedded.sandbox.app import make_world
from embedded.sandbox.store import MOST_MEDIA_BYTES, Store
from embedded.sandbox.world import World
from tests.embedded.providers import call, open_ear
from tests.harness.simulator import Refused, Sandbox, SandboxAccount
from tests.harness.waiting import until

ANA = "491511234567"


@pytest.fixture
async def account(sandbox: Sandbox) -> SandboxAccount:
    opened = await sandbox.account("whatsapp", options={"verify": False})
    await opened.inbound(ANA, text="Hi")
    return opened


async def send(account: SandboxAccount, text: str = "Hello") -> httpx2.Response:
    url = f"{account.sandbox.url}/graph/{account.credentials['phone_number_id']}/messages"
    body = {"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": {"body": text}}
    return await call("POST", url.replace("/graph/", "/graph/v23.0/"), account.credentials["access_token"], json=body)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "rate_limited", "retry_after": 7}, 429, 130429),
        ({"kind": "server_error"}, 500, 131016),
        ({"kind": "reject"}, 400, 131026),
        ({"kind": "reject", "code": "131031"}, 403, 131031),
        ({"kind": "window_closed", "count": 1}, 400, 131047),
        ({"kind": "revoked", "count": 1}, 401, 190),
    ],
)
async def test_a_counted_failure_ends_by_itself(account: SandboxAccount, fault: dict[str, Any], status: int, code: int) -> None:
    await account.fault(**fault)
    answer = await send(account)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert await account.outbox() == []
    assert (await send(account)).status_code == 200


@pytest.mark.parametrize(("kind", "taken"), [("timeout_after_accept", 1), ("timeout_before_accept", 0)])
async def test_a_broken_connection_tells_nobody_whether_it_was_taken(account: SandboxAccount, kind: str, taken: int) -> None:
    await account.fault(kind)
    with pytest.raises(httpx2.RemoteProtocolError):
        await send(account)
    assert len(await account.outbox()) == taken


async def test_a_withdrawn_token_stays_withdrawn_until_cleared(account: SandboxAccount) -> None:
    await account.fault("revoked", count=None)
    number = f"{account.sandbox.url}/graph/v23.0/{account.credentials['phone_number_id']}"
    assert [(await send(account)).status_code for _ in range(2)] == [401, 401]
    assert (await call("GET", number, account.credentials["access_token"])).status_code == 401
    await account.sandbox.clear_faults()
    assert (await send(account)).status_code == 200


async def test_a_slow_answer_is_an_answer(account: SandboxAccount) -> None:
    await account.fault("slow", seconds=0.05)
    assert (await send(account)).elapsed.total_seconds() >= 0.05


async def test_accepted_and_failed_later(account: SandboxAccount) -> None:
    await account.fault("fail_later", code="131049", text="held back")
    await send(account)
    await account.sandbox.settled()
    status = json.loads((await account.requests())[-1].body)["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"], status["errors"][0]["title"]) == ("failed", 131049, "held back")


async def test_failures_of_one_account_are_not_anothers(account: SandboxAccount) -> None:
    other = await account.sandbox.account("whatsapp")
    await other.inbound(ANA, text="Hi")
    await account.fault("server_error")
    assert (await send(other)).status_code == 200
    with pytest.raises(Refused, match="kind must be one of"):
        await account.fault("earthquake")


async def test_a_webhook_is_sent_again_until_it_is_taken(account: SandboxAccount) -> None:
    async with open_ear() as ear:
        ear.answers = [500, 503]
        await account.connect(ear.url)
        await account.inbound(ANA, text="Again")
        await until(lambda: len(ear.heard) == 3)
        assert len(set(ear.bodies)) == 1

        async def delivered() -> list[dict[str, Any]]:
            return await account.webhooks(state="delivered")

        [webhook] = await until(delivered)
    assert [one["status"] for one in webhook["tries"]] == [500, 503, 200]
    assert all(one["ms"] > 0 for one in webhook["tries"])


async def test_twice_and_out_of_order(account: SandboxAccount) -> None:
    async with open_ear() as ear:
        await account.connect(ear.url)
        await account.fault("duplicate")
        await account.inbound(ANA, text="twice")
        await until(lambda: len(ear.heard) == 2)
        assert ear.bodies[0] == ear.bodies[1]
        # The first is held back for so long; on a busy machine the second may not be written in a short time.
        for seconds in (0.1, 2.0, 20.0):
            heard = len(ear.heard)
            await account.fault("disorder", seconds=seconds)
            await account.inbound(ANA, text="first")
            await account.inbound(ANA, text="second")
            await until(lambda: len(ear.heard) == heard + 2, 60)  # noqa: B023
            if [b"second" in ear.bodies[heard], b"first" in ear.bodies[heard + 1]] == [True, True]:
                return
    raise AssertionError("never out of order")


@pytest.mark.parametrize("spoil", ["bad_signature", "no_signature", "truncated", "not_json", "wrong_shape"])
async def test_spoilt_on_purpose(account: SandboxAccount, spoil: str) -> None:
    await account.inbound(ANA, text="Hello", malformed=spoil)
    good, spoilt = await account.requests()
    assert spoilt.headers.get("x-hub-signature-256") != good.headers["x-hub-signature-256"]
    if spoil == "bad_signature":
        assert len(spoilt.headers["x-hub-signature-256"]) == len(good.headers["x-hub-signature-256"])


async def test_any_body_can_be_sent_signed(account: SandboxAccount) -> None:
    await account.send_raw(b'{"a": [}')
    assert (await account.requests())[-1].body == b'{"a": [}'


async def test_only_the_holder_of_the_token_controls_it_and_no_web_page(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/control/accounts"
    assert (await call("GET", url)).status_code == 401
    assert (await call("GET", url, "wrong")).status_code == 401
    assert (await call("GET", url, sandbox.token)).status_code == 200
    async with httpx2.AsyncClient(trust_env=False, headers={"authorization": f"Bearer {sandbox.token}"}) as client:
        assert (await client.get(url, headers={"origin": "https://evil.example"})).status_code == 403
        assert (await client.get(url, headers={"host": "evil.example"})).status_code == 403
        assert (await client.post(url, content=b"[]")).status_code == 400
        assert (await client.post(url, content=b"{")).status_code == 400


async def test_webhooks_go_to_this_machine_only(sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="must be on this machine"):
        await sandbox.account("whatsapp", "https://example.org/hook")
    with pytest.raises(Refused, match="provider must be one of"):
        await sandbox.account("pigeon")


async def test_accounts_threads_and_waiting_webhooks_survive_a_restart(tmp_path: Path) -> None:
    world = make_world(tmp_path / "sandbox.db")
    given = {"provider": "whatsapp", "id": "a", "webhook_url": "http://127.0.0.1:9/x"}
    account = world.open_account(given)
    world.providers["whatsapp"].inbound(account, {"from": ANA, "text": "Hi"})
    await world.stop()
    again = World(Store(tmp_path / "sandbox.db"))
    assert again.account("a").credentials == account.credentials
    assert [message.text for message in again.store.messages(account="a")] == ["Hi"]
    assert again.store.run("select state from webhooks").fetchone()["state"] == "waiting"
    await again.stop()


async def test_the_public_address_is_reached_on_this_machine() -> None:
    world = World(Store(":memory:"), "https://omni.example", "http://127.0.0.1:3000")
    assert world.localise("https://omni.example/webhooks/x") == "http://127.0.0.1:3000/webhooks/x"
    world.check_url("https://omni.example/webhooks/x")
    await world.stop()


def test_only_the_newest_stay() -> None:
    store = Store(":memory:")
    big = b"x" * (MOST_MEDIA_BYTES // 2)
    first, second = (store.add_media("a", name, "image/png", big) for name in ("one", "two"))
    store.add_media("a", "three", "image/png", b"small")
    assert (store.media(first.id) is None, store.media(second.id) is None) == (True, False)
    store.close()
