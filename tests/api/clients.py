"""Programs with keys of each role, for tests of the API."""

from omni_app.infra.database import open_db
from omni_app.tenancy.api_keys import create_key
from tests.making import Made


async def key_of(made: Made, role: str) -> dict[str, str]:
    """The headers of a new key that may do what `role` may."""
    async with open_db(made.scope) as db:
        _, secret = await create_key(db, f"A {role}'s key", role=role)
    return {"Authorization": f"Bearer {secret}"}
