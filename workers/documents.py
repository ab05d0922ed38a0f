"""Read documents in the background, and remove files nobody needs."""

from time import monotonic
from uuid import UUID

from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Scope, system_scope
from omni_app.infra.storage import delete_file, read_file
from omni_app.knowledge.jobs import DeleteFile, ReadDocument
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
from workers.registry import handles

# Small enough that the bar moves about twice a second, and that a crash costs no more than that.
BATCH = 16
# A job's claim lasts two minutes; what is left after this goes to the next job.
SLICE_SECONDS = 40.0


@handles(ReadDocument)
async def read_document(business_id: UUID | None, job: ReadDocument) -> None:
    """Bring one document one slice further; whatever was done already is not done again."""
    assert business_id is not None
    scope = system_scope(business_id)
    document = await begin_reading(scope, job.document_id)
    if document is None:
        return
    if not document.has_passages and not await _read(scope, document):
        return
    if await _embed(scope, document, until=monotonic() + SLICE_SECONDS):
        await put_into_service(scope, document)
    else:
        await go_on_later(scope, document.id)


async def _read(scope: Scope, document: ToRead) -> bool:
    try:
        data = await read_file(document.storage_key)
        reading = await read_apart(data, document.file_name)
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


@handles(DeleteFile)
async def remove_file(_: UUID | None, job: DeleteFile) -> None:
    """Twice is as good as once."""
    await delete_file(job.storage_key)
