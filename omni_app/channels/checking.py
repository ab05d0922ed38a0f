"""Try a connection against its provider, and keep what came of it."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from omni_app.channels.accounts import is_at_provider, open_account
from omni_app.channels.contract import CheckResult
from omni_app.channels.templates import keep_templates
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import OmniError
from omni_app.infra.http import open_http
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope

log = get_logger(__name__)

_KEEP = text(
    """
    update channel_connections set health = :health, health_detail = :detail, health_at = :now,
      failures = case when cast(:is_ok as boolean) then 0 else failures end,
      paused_until = case when cast(:is_ok as boolean) then null else paused_until end,
      verified_at = case when cast(:is_proof as boolean) then coalesce(verified_at, cast(:now as timestamptz))
        else verified_at end,
      account_key = case when cast(:is_proof as boolean) and cast(:account_key as text) <> '' then cast(:account_key as text)
        else account_key end
    where id = :id and version = :version
    """
)


async def check_connection(scope: Scope, connection_id: UUID) -> CheckResult:
    """Ask the provider whether the settings are right; the light shows the outcome.

    A success at the provider itself proves the account: events of the shared webhook address go to this connection from then on.
    At another server (`accounts.is_at_provider`) it only means that sending works. Raises `NotFound`, `Forbidden` without
    CONFIGURE; what the provider says is in the result.
    """
    scope.require(Permission.CONFIGURE)
    async with open_db(scope) as db:
        account = await open_account(db, connection_id)
        version = (await db.execute("select version from channel_connections where id = :id", {"id": connection_id})).scalar_one()
    try:
        result = await account.adapter.check(account.settings, open_http())
    except OmniError as error:
        result = CheckResult(is_ok=False, text=str(error))
    except Exception:
        log.exception("connection check failed", kind=account.kind)
        result = CheckResult(is_ok=False, text="The test could not be carried out. Try again; the log holds the reason.")
    try:
        async with open_db(scope) as db:
            await _keep(db, connection_id, version, result, is_proof=result.is_ok and is_at_provider(account))
            if result.is_ok and account.adapter.capabilities.has_templates:
                await keep_templates(db, connection_id, result.templates)
    except IntegrityError:
        result = CheckResult(
            is_ok=False,
            text="Another business has connected this account already. Disconnect it there first, or ask us if it is yours.",
        )
        async with open_db(scope) as db:
            await _keep(db, connection_id, version, result)
    return result


async def _keep(db: Db, connection_id: UUID, version: int, result: CheckResult, *, is_proof: bool = False) -> None:
    health = "ok" if result.is_ok else "revoked" if result.is_revoked else "failing"
    values = {
        "id": connection_id,
        "version": version,
        "health": health,
        "detail": "" if result.is_ok else result.text[:500],
        "is_ok": result.is_ok,
        "is_proof": is_proof,
        "account_key": result.account_key,
        "now": now(),
    }
    await db.execute(_KEEP, values)
    live.publish(db, "channel.changed", connection_id=connection_id)
