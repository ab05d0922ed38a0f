"""Who a business's own page vouches for: it signs the user it signed in, with a secret only its server has.

`user_hash` = hex HMAC-SHA256 (RFC 2104) of the UTF-8 bytes of `user` under the secret.
"""

import hashlib
import hmac

from sqlalchemy import text

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system, encrypt_system, new_secret
from omni_app.infra.database import Db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.scope import Permission

PREFIX = "ids_"
MOST_USER = 320

_CONTEXT = "businesses.identity_secret"
_READ = text("select identity_secret from businesses where id = :id")
_LOCK = text("select identity_secret from businesses where id = :id for update")
_WRITE = text("update businesses set identity_secret = :secret, updated_at = :now where id = :id")


def hash_user(secret: str, user: str) -> str:
    """What the page has to give for `user`: 64 hex digits."""
    return hmac.new(secret.encode(), user.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


async def has_secret(db: Db) -> bool:
    """Whether a secret was made already. Raises `NotFound`."""
    return bool(await _stored(db))


async def show_secret(db: Db) -> str:
    """The business's secret, made when there is none yet. Raises `Forbidden` without CONFIGURE; who looked is noted."""
    db.scope.require(Permission.CONFIGURE)
    stored = await _stored(db, is_locked=True)
    if not stored:
        return await _renew(db, "business.identity_secret_made")
    await audit.record(db, "business.identity_secret_shown", "business", db.scope.business_id)
    return decrypt_system(stored, _CONTEXT)


async def rotate_secret(db: Db) -> str:
    """A new secret; hashes made with the old one are refused from now on. Raises `Forbidden` without CONFIGURE."""
    db.scope.require(Permission.CONFIGURE)
    await _stored(db, is_locked=True)
    return await _renew(db, "business.identity_secret_rotated")


async def require_user(db: Db, user: str, user_hash: str) -> None:
    """Raise `Forbidden` unless the business's page signed `user`; there is no telling whether a secret was ever made."""
    secret = await _stored(db)
    # A comparison is made in any case, so that the time taken tells nothing.
    expected = hash_user(decrypt_system(secret, _CONTEXT) if secret else new_secret(), user[: MOST_USER + 1])
    given = user_hash.strip().lower()
    is_theirs = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    if not secret or not is_theirs or not 1 <= len(user) <= MOST_USER:
        raise Forbidden("This page could not prove who you are.")


async def try_hash(db: Db, user: str, user_hash: str) -> str:
    """For the set-up page: empty when the hash fits, else what is wrong. Raises `Invalid`, `Forbidden` without CONFIGURE."""
    db.scope.require(Permission.CONFIGURE)
    if not 1 <= len(user) <= MOST_USER:
        raise Invalid(f"Write the user, 1 to {MOST_USER} characters.", "user")
    given = user_hash.strip()
    if len(given) != 64 or any(sign not in "0123456789abcdefABCDEF" for sign in given):
        raise Invalid("The hash has 64 hex digits (0–9, a–f).", "user_hash")
    try:
        await require_user(db, user, given)
    except Forbidden:
        return "This hash does not fit. It must be the HMAC-SHA256 of exactly this user, under this business's secret."
    return ""


async def _stored(db: Db, *, is_locked: bool = False) -> str:
    row = (await db.execute(_LOCK if is_locked else _READ, {"id": db.scope.business_id})).one_or_none()
    if row is None:
        raise NotFound("business")
    return str(row.identity_secret)


async def _renew(db: Db, action: str) -> str:
    secret = new_secret(PREFIX)
    values = {"secret": encrypt_system(secret, _CONTEXT), "now": now(), "id": db.scope.business_id}
    await db.execute(_WRITE, values)
    await audit.record(db, action, "business", db.scope.business_id, level="WARNING")
    return secret
