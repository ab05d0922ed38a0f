"""Join two customers who turned out to be one person."""

from uuid import UUID

from omni_app.infra.database import Db


async def join_customers(db: Db, from_id: UUID, into_id: UUID, evidence: str) -> UUID:
    """Move everything of `from_id` to `into_id` and remember what moved; `from_id` stays as an empty shell. Gives the merge's id.

    Raises `NotFound`, `Forbidden`, `Conflict` when one of them is a shell already.
    """
    raise NotImplementedError
