"""Connecting, changing, switching and removing accounts."""

from dataclasses import replace

import pytest

from omni_app.channels.accounts import open_account
from omni_app.channels.connections import (
    create_connection,
    list_connections,
    load_connection,
    remove_connection,
    switch_connection,
    update_connection,
)
from omni_app.channels.health import FIRST_PAUSE, TRIPS, note_revoked, note_sent, note_trouble
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.scope import Permission
from tests.channels.meta import connect, values
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_secrets_are_kept_encrypted_and_never_shown() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    (row,) = await rows("select settings, token, token_index from channel_connections")
    assert "EAAB-test-token" not in str(row)
    async with open_db(made.scope) as db:
        view = await load_connection(db, connection_id)
        account = await open_account(db, connection_id)
    assert "EAAB-test-token" not in str(view)
    assert {"access_token", "app_secret", "verify_token"} <= view.has
    assert view.values["phone_number_id"] == "100200300"
    assert account.settings.access_token.get_secret_value() == "EAAB-test-token"  # type: ignore[attr-defined]
    assert view.health == "untested"
    assert view.webhooks[0].url.endswith(view.webhooks[0].url.rpartition("/")[2])


async def test_a_verify_token_nobody_thought_of_is_made_once_and_shown_to_be_copied() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, "whatsapp", "Desk", {**values(), "verify_token": " "})
        view = await load_connection(db, connection_id)
        account = await open_account(db, connection_id)
    word = view.made["verify_token"]
    assert len(word) >= 32
    assert account.adapter.webhook_keys(account.settings)["verify_token"] == word
    async with open_db(made.scope) as db:
        await update_connection(db, connection_id, "Desk", {**values(), "verify_token": ""}, view.version)
        assert (await load_connection(db, connection_id)).made["verify_token"] == word
    # Who has a word of their own keeps it.
    other, _ = await connect(made, "100200301")
    async with open_db(made.scope) as db:
        assert (await load_connection(db, other)).made == {"verify_token": values()["verify_token"]}


async def test_wrong_fields_are_named_and_nothing_is_stored() -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        with pytest.raises(Invalid) as problem:
            await create_connection(db, "whatsapp", "X", {"phone_number_id": "not a number"})
        with pytest.raises(Invalid) as nameless:
            await create_connection(db, "whatsapp", "  ", values())
        with pytest.raises(NotFound):
            await create_connection(db, "carrier-pigeon", "X", {})
        with pytest.raises(Invalid) as networks:
            await create_connection(db, "whatsapp", "X", values(), allowed_ips=["everywhere"])
    assert {"phone_number_id", "access_token"} <= {field.field for field in problem.value.fields}
    assert nameless.value.fields[0].field == "name"
    assert networks.value.fields[0].field == "allowed_ips"
    assert await rows("select id from channel_connections") == []


async def test_a_secret_left_empty_stays_and_a_new_one_has_to_be_tested() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    await rows("update channel_connections set health = 'ok', verified_at = now() returning id")
    async with open_db(made.scope) as db:
        await update_connection(
            db, connection_id, "Desk", {**values(), "access_token": "", "app_secret": "", "verify_token": ""}, 1
        )
        view = await load_connection(db, connection_id)
    assert (view.name, view.health, view.is_verified, view.version) == ("Desk", "ok", True, 2)
    async with open_db(made.scope) as db:
        with pytest.raises(Conflict):
            await update_connection(db, connection_id, "Desk", values(), 1)
        await update_connection(db, connection_id, "Desk", {**values(), "access_token": "EAAB-other"}, 2)
        view = await load_connection(db, connection_id)
    assert (view.health, view.is_verified) == ("untested", False)


async def test_a_kept_secret_goes_to_no_other_server() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    empty = {**values(), "access_token": ""}
    async with open_db(made.scope) as db:
        version = (await load_connection(db, connection_id)).version
        with pytest.raises(Invalid) as problem:
            await update_connection(db, connection_id, "Desk", {**empty, "graph_url": "https://graph.example.org"}, version)
        assert [wrong.field for wrong in problem.value.fields] == ["access_token"]
        assert "“Graph address” has changed" in str(problem.value)
        # The provider itself may have it, and whoever writes it anew knows it.
        await update_connection(db, connection_id, "Desk", {**empty, "graph_url": "https://graph.facebook.com"}, version)
        elsewhere = {**values(), "graph_url": "https://graph.example.org"}
        await update_connection(db, connection_id, "Desk", elsewhere, version + 1)
        assert (await load_connection(db, connection_id)).values["graph_url"] == "https://graph.example.org"


async def test_another_business_and_a_viewer_reach_nothing() -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    connection_id, _ = await connect(made)
    async with open_db(other.scope) as db:
        assert await list_connections(db) == []
        for work in (load_connection(db, connection_id), switch_connection(db, connection_id, False)):
            with pytest.raises(NotFound):
                await work
        with pytest.raises(NotFound):
            await remove_connection(db, connection_id)
    viewer = replace(made.scope, permissions=frozenset({Permission.VIEW, Permission.REPLY}))
    async with open_db(viewer) as db:
        for work in (list_connections(db), load_connection(db, connection_id), switch_connection(db, connection_id, False)):
            with pytest.raises(Forbidden):
                await work


async def test_removing_it_takes_what_its_provider_sent() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    async with open_db(made.scope) as db:
        await remove_connection(db, connection_id)
        assert await list_connections(db) == []


async def test_trouble_in_a_row_stops_sending_and_success_opens_again() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    async with open_db(made.scope) as db:
        for _ in range(TRIPS - 1):
            assert await note_trouble(db, connection_id, "HTTP 503") is None
        until = await note_trouble(db, connection_id, "HTTP 503")
        assert until is not None
        assert until - now() <= FIRST_PAUSE
        longer = await note_trouble(db, connection_id, "HTTP 503")
        assert longer is not None
        assert longer > until
        assert (await load_connection(db, connection_id)).health == "failing"
        await note_sent(db, connection_id)
        account = await open_account(db, connection_id)
        assert (account.health, account.paused_until) == ("ok", None)
        await note_revoked(db, connection_id, "Error validating access token")
        await note_trouble(db, connection_id, "HTTP 503")
        view = await load_connection(db, connection_id)
    assert view.health == "revoked"
