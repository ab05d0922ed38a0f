"""Being a customer of a sandbox connection, against the running simulator."""

import os
from uuid import UUID, uuid4

import pytest

from omni_app.channels.connections import create_connection
from omni_app.channels.simulating import (
    MOST_TEXT,
    clear_faults,
    list_phones,
    play_fault,
    say,
    send_webhook_again,
    watch_phone,
)
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, Unavailable
from omni_app.infra.scope import Permission, Scope
from omni_app.settings import load_settings
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.making import Made, make_business

pytestmark = pytest.mark.usefixtures("database")

ANN = "19025550123"


async def connect(made: Made, number: SandboxAccount, *, is_sandbox: bool = True, **other: str) -> UUID:
    values = {
        "phone_number_id": number.credentials["phone_number_id"],
        "business_account_id": number.credentials["waba_id"],
        "access_token": number.credentials["access_token"],
        "app_secret": number.credentials["app_secret"],
        **other,
    }
    async with open_db(made.scope) as db:
        return await create_connection(db, "whatsapp", "Front desk", values, is_sandbox=is_sandbox)


def with_only(made: Made, *permissions: Permission) -> Scope:
    return Scope(business_id=made.scope.business_id, actor=made.scope.actor, permissions=frozenset(permissions))


async def test_a_customer_writes_and_is_seen(sandbox: Sandbox) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    async with open_db(made.scope) as db:
        (phone,) = await list_phones(db)
    assert (phone.connection_id, phone.channel, phone.is_on) == (connection_id, "whatsapp", True)
    await say(made.scope, connection_id, {"from": ANN, "name": "Ann Lee", "text": "Do you treat children?"})
    await number.inbound("19025550124", name="Bo", text="Hello")
    played = await watch_phone(made.scope, connection_id, ANN)
    assert [(one.address, one.name) for one in played.threads] == [("19025550124", "Bo"), (ANN, "Ann Lee")]
    assert [(one.is_ours, one.text) for one in played.messages] == [(False, "Do you treat children?")]
    assert [one.state for one in played.webhooks] == ["kept", "kept"]
    # Without an address: who wrote last.
    assert [one.text for one in (await watch_phone(made.scope, connection_id)).messages] == ["Hello"]


async def test_failures_are_played_until_they_are_cleared(sandbox: Sandbox) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    await play_fault(made.scope, connection_id, "rate_limited", 3)
    await play_fault(made.scope, connection_id, "revoked")
    other = await sandbox.account("whatsapp")
    await other.fault("server_error")
    assert [(one.kind, one.left) for one in (await watch_phone(made.scope, connection_id)).faults] == [
        ("rate_limited", 3),
        ("revoked", None),
    ]
    await clear_faults(made.scope, connection_id)
    assert (await watch_phone(made.scope, connection_id)).faults == []
    assert len((await sandbox.call("GET", "/faults"))["faults"]) == 1


async def test_only_webhooks_of_this_account_are_sent_again(sandbox: Sandbox) -> None:
    made, number, other = await make_business(faqs=()), await sandbox.account("whatsapp"), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    await number.inbound(ANN, text="Mine")
    await other.inbound(ANN, text="Not mine")
    (mine,), (foreign,) = await number.webhooks(), await other.webhooks()
    await send_webhook_again(made.scope, connection_id, mine["id"])
    with pytest.raises(NotFound):
        await send_webhook_again(made.scope, connection_id, foreign["id"])


async def test_bad_input_is_refused_in_words(sandbox: Sandbox) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    for given in ({"from": ANN, "text": "x" * (MOST_TEXT + 1)}, {"from": "nobody", "text": "Hello"}):
        with pytest.raises(Invalid) as problem:
            await say(made.scope, connection_id, given)
        assert problem.value.fields[0].field == "text"
    for kind, count in (("earthquake", 1), ("rate_limited", 0), ("rate_limited", 101)):
        with pytest.raises(Invalid):
            await play_fault(made.scope, connection_id, kind, count)


async def test_nobody_plays_without_the_permission(sandbox: Sandbox) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    looks, nobody = with_only(made, Permission.VIEW), with_only(made)
    await watch_phone(looks, connection_id)
    for refused in (
        say(looks, connection_id, {"from": ANN, "text": "Hello"}),
        play_fault(looks, connection_id, "reject"),
        clear_faults(looks, connection_id),
        send_webhook_again(looks, connection_id, 1),
        watch_phone(nobody, connection_id),
    ):
        with pytest.raises(Forbidden):
            await refused
    async with open_db(nobody) as db:
        with pytest.raises(Forbidden):
            await list_phones(db)
    assert await number.messages() == []


async def test_other_connections_are_not_there(sandbox: Sandbox) -> None:
    made, other, number = await make_business(faqs=()), await make_business(faqs=()), await sandbox.account("whatsapp")
    foreign = await connect(other, number)
    real = await connect(made, await sandbox.account("whatsapp"), is_sandbox=False)
    for connection_id in (foreign, real, uuid4()):
        with pytest.raises(NotFound):
            await watch_phone(made.scope, connection_id)
        with pytest.raises(NotFound):
            await say(made.scope, connection_id, {"from": ANN, "text": "Hello"})
    async with open_db(made.scope) as db:
        assert await list_phones(db) == []


async def test_knowing_the_number_of_another_account_opens_nothing(sandbox: Sandbox) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    await number.inbound(ANN, text="Between us")
    connection_id = await connect(made, number, access_token="EAAB-guessed", app_secret="guessed", verify_token="guessed")
    with pytest.raises(NotFound):
        await watch_phone(made.scope, connection_id, ANN)


async def test_a_sandbox_that_is_away_is_said_so(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    made, number = await make_business(faqs=()), await sandbox.account("whatsapp")
    connection_id = await connect(made, number)
    monkeypatch.setitem(os.environ, "OMNI_SANDBOX_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(os.environ, "OMNI_EGRESS_ALLOW", "127.0.0.1:9")
    load_settings.cache_clear()
    try:
        with pytest.raises(Unavailable):
            await watch_phone(made.scope, connection_id)
    finally:
        monkeypatch.undo()
        load_settings.cache_clear()
