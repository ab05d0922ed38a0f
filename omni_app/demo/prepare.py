"""`python -m omni_app.demo.prepare`: migrate as omni_owner, then fill in prices and the demo business, in one process."""

import asyncio

from alembic.config import Config

from alembic import command
from omni_app.budgets.listed import seed_prices
from omni_app.demo.seeding import OWNER, keep_address, seed_demo
from omni_app.demo.simulated import connect_sandbox
from omni_app.infra.background import finish_tasks
from omni_app.infra.database import close_engines, open_engines, system_db
from omni_app.infra.http import close_http
from omni_app.infra.log import configure_logging, get_logger
from omni_app.infra.redis import close_redis
from omni_app.settings import ROOT, load_settings

log = get_logger(__name__)


async def fill() -> None:
    """Prices and the demo business; does nothing that is done already."""
    open_engines()
    async with system_db("prepare: prices") as db:
        await seed_prices(db)
    home = load_settings().home
    access = await seed_demo(home)
    if access is not None:
        log.info("demo business created")
    keep_address(home)
    if made := await connect_sandbox(OWNER[1]):
        log.info("sandbox connected", connections=made)
    await finish_tasks(5)
    await close_http()
    await close_engines()
    await close_redis()


def main() -> None:
    """Bring database and demo up to date; safe to run again after a crash at any line."""
    settings = load_settings()
    configure_logging("prepare", settings.log_level)
    if settings.omni_database_owner_url is not None:
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
    asyncio.run(fill())


if __name__ == "__main__":
    main()
