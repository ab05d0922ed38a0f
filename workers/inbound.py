"""Handle what providers sent, ask those that send nothing, test connections again."""

from uuid import UUID

from omni_app.channels.checking import check_connection
from omni_app.channels.jobs import CheckConnection, HandleEvent, PollConnection
from omni_app.channels.polling import poll_connection
from omni_app.infra.scope import system_scope
from omni_app.orchestrator.hearing import hear
from workers.registry import handles


@handles(HandleEvent)
async def handle_event(business_id: UUID | None, job: HandleEvent) -> None:
    """Do what one stored event says."""
    assert business_id is not None
    await hear(system_scope(business_id), job.event_id)


@handles(PollConnection)
async def poll(business_id: UUID | None, job: PollConnection) -> None:
    """Bring in what came since the last time."""
    assert business_id is not None
    await poll_connection(system_scope(business_id), job.connection_id)


@handles(CheckConnection)
async def check(business_id: UUID | None, job: CheckConnection) -> None:
    """Try a connection again."""
    assert business_id is not None
    await check_connection(system_scope(business_id), job.connection_id)
