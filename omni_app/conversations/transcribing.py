"""What a voice note says, written down once by the paid provider, so that it can be answered like any other message."""

from uuid import UUID

from omni_app.budgets import Worst, pay
from omni_app.conversations.receiving import MAX_TEXT
from omni_app.infra.database import open_db
from omni_app.infra.errors import NotFound, Rejected, Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.infra.storage import read_file
from omni_app.speech.contract import Transcriber, Transcript
from omni_app.speech.durations import minutes_of, seconds_of
from omni_app.speech.registry import find_transcriber

log = get_logger(__name__)

SERVICE = "speech_to_text"
# What a person says in one breath; a recorded meeting is not to be paid for by whoever sends it.
LONGEST_SECONDS = 15 * 60

# The same bytes of the same account were written down before: a repeated event costs nothing twice.
_LOAD = """
    select a.media_type, a.storage_key, a.transcript, a.customer_id, a.conversation_id,
      (select t.transcript from attachments t where t.connection_id = a.connection_id and t.sha256 = a.sha256
        and t.transcript <> '' limit 1) as known
    from attachments a where a.id = :id and a.status = 'stored'
"""


async def transcribe_voice(
    scope: Scope, attachment_id: UUID, *, channel: str = "", transcriber: Transcriber | None = None
) -> str:
    """The words of a stored sound, kept on its row; "" when there are none to be had (no provider, no money, not understood).

    Never raises for what the provider says: the message goes on as a file. `transcriber` defaults to the configured one.
    """
    transcriber = transcriber or find_transcriber()
    if transcriber is None:
        return ""
    async with open_db(scope) as db:
        row = (await db.execute(_LOAD, {"id": attachment_id})).one_or_none()
    if row is None or row.transcript:
        return row.transcript if row is not None else ""
    words = row.known or await _pay_for(scope, transcriber, row.storage_key, row.media_type, channel, row.customer_id)
    if words:
        async with open_db(scope) as db:
            await db.execute("update attachments set transcript = :words where id = :id", {"id": attachment_id, "words": words})
    return words


async def _pay_for(
    scope: Scope, transcriber: Transcriber, storage_key: str, media_type: str, channel: str, customer_id: UUID | None
) -> str:
    try:
        data = await read_file(storage_key)
        seconds = seconds_of(data, media_type)
        if seconds > LONGEST_SECONDS:
            log.info("voice note too long to write down", minutes=minutes_of(seconds))
            return ""
        worst = Worst(
            provider=transcriber.provider,
            model=transcriber.name,
            service=SERVICE,
            units={"minute": minutes_of(seconds)},
            channel=channel or None,
            customer_id=customer_id,
        )

        def used(heard: Transcript) -> dict[str, int]:
            return {"minute": minutes_of(seconds if heard.seconds is None else heard.seconds)}

        paid = await pay(scope, worst, lambda: transcriber.transcribe(data, media_type), used)
    except (Rejected, Unavailable, NotFound) as error:
        log.warning("voice note not written down", error=str(error))
        return ""
    return paid.result.text.replace("\x00", "").strip()[:MAX_TEXT]
