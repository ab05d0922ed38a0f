"""What a connection test proves: that an account is one's own, when the provider itself says so."""

import json

import pytest

from omni_app.channels.checking import check_connection
from omni_app.channels.connections import create_connection
from omni_app.channels.locating import find_by_keys, forget_located
from omni_app.infra.database import open_db
from omni_app.settings import load_settings
from tests.channels.whatsapp.line import open_whatsapp
from tests.channels.whatsapp.payloads import NUMBER_ID
from tests.channels.whatsapp.samples import settings_at
from tests.harness.simulator import Sandbox
from tests.making import make_business, rows
from tests.stubs.provider_stub import ProviderStub

pytestmark = pytest.mark.usefixtures("database")


async def test_a_server_somebody_named_in_the_settings_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_located()
    made = await make_business(faqs=())
    with ProviderStub() as stub:
        # It says that the number is theirs, as a server of one's own would of any number.
        stub.answer_with(200, json.dumps({"id": NUMBER_ID, "verified_name": "Northside Dental", "data": []}).encode())
        monkeypatch.setenv("OMNI_EGRESS_ALLOW", stub.host)
        load_settings.cache_clear()
        async with open_db(made.scope) as db:
            connection_id = await create_connection(db, "whatsapp", "Theirs", settings_at(stub.url))
        result = await check_connection(made.scope, connection_id)
    load_settings.cache_clear()
    assert result.is_ok
    (kept,) = await rows("select health, verified_at from channel_connections")
    assert kept == {"health": "ok", "verified_at": None}
    # What Meta sends for that number to the address shared by all businesses is not theirs.
    assert await find_by_keys("whatsapp", [NUMBER_ID]) == {}


async def test_the_simulator_proves_the_accounts_it_made(sandbox: Sandbox) -> None:
    async with open_whatsapp(sandbox, answers=False) as line:
        kept = await line.connection()
    assert kept["health"] == "ok"
    assert kept["verified_at"] is not None
