"""The accounts by which staff may begin a conversation."""

import pytest

from omni_app.channels.connections import switch_connection
from omni_app.conversations.ways import list_ways
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Permission
from tests.conversations.desk import make_desk, without
from tests.conversations.mail_desk import open_mail_desk
from tests.harness.simulator import Sandbox
from tests.making import rows

pytestmark = pytest.mark.usefixtures("database")


async def test_only_accounts_that_work_and_may_begin_are_offered(sandbox: Sandbox) -> None:
    desk = await open_mail_desk(sandbox)
    async with open_db(desk.maya) as db:
        (way,) = await list_ways(db)
    assert (way.id, way.channel, way.has_subject, way.needs_template) == (desk.connection_id, "email", True, False)
    # WhatsApp begins with a template.
    await rows(
        """update channel_connections set kind = 'whatsapp', channel = 'whatsapp' where id = :id returning id""",
        id=desk.connection_id,
    )
    async with open_db(desk.maya) as db:
        (way,) = await list_ways(db)
        assert way.needs_template
        assert not way.has_subject
    await rows("update channel_connections set health = 'revoked' where id = :id returning id", id=desk.connection_id)
    async with open_db(desk.maya) as db:
        assert await list_ways(db) == []
    await rows("update channel_connections set health = 'ok' where id = :id returning id", id=desk.connection_id)
    async with open_db(desk.system) as db:
        await switch_connection(db, desk.connection_id, False)
    async with open_db(desk.maya) as db:
        assert await list_ways(db) == []
    stranger = (await make_desk("Attackers")).maya
    async with open_db(stranger) as db:
        assert await list_ways(db) == []
    with pytest.raises(Forbidden):
        async with open_db(without(desk.maya, Permission.REPLY)) as db:
            await list_ways(db)
