"""Bring a document from its file to passages that answer, in slices that may be cut off and repeated anywhere."""

from collections.abc import Awaitable, Callable
from time import monotonic
from uuid import UUID

from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Scope
from omni_app.infra.storage import read_file
from omni_app.knowledge.cutting import Reading
from omni_app.knowledge.passages import (
    ToRead,
    begin_reading,
    fail_reading,
    go_on_later,
    next_bare,
    put_into_service,
    store_reading,
    store_vectors,
)
from omni_app.knowledge.reading.apart import read_apart
from omni_app.knowledge.reading.blocks import Unreadable
from omni_app.llm.embedding import embed, load_embedder

# Small enough that the bar moves about twice a second, and that a crash costs no more than that.
BATCH = 16
# A job's claim lasts two minutes, reading may take one; what is left after this goes to the next job.
SLICE_SECONDS = 30.0

Read = Callable[[bytes, str], Awaitable[Reading]]


async def advance(scope: Scope, document_id: UUID, *, seconds: float = SLICE_SECONDS, read: Read = read_apart) -> None:
    """Work on a document for about `seconds`; what is left then goes to another job. Nothing happens when it is done."""
    document = await begin_reading(scope, document_id)
    if document is None:
        return
    if not document.has_passages and not await _read(scope, document, read):
        return
    if await _embed(scope, document, until=monotonic() + seconds):
        await put_into_service(scope, document)
    else:
        await go_on_later(scope, document.id)


async def _read(scope: Scope, document: ToRead, read: Read) -> bool:
    try:
        reading = await read(await read_file(document.storage_key), document.file_name)
    except Unreadable as error:
        await fail_reading(scope, document, str(error))
        return False
    except NotFound:
        await fail_reading(scope, document, "The file is gone from the disk. Upload it again.")
        return False
    await store_reading(scope, document, reading)
    return True


async def _embed(scope: Scope, document: ToRead, until: float) -> bool:
    """True when no passage is left without a vector."""
    while passages := await next_bare(scope, document, BATCH):
        vectors = await embed([one.words for one in passages])
        await store_vectors(scope, document, passages, vectors, load_embedder().name)
        if monotonic() > until:
            return False
    return True
