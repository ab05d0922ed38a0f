"""Keys, encrypted fields, blind indexes and signed tokens.

One master key (32 bytes) stands at the top; HKDF derives a key for each purpose from it. Every customer has a data key of their
own, stored wrapped; destroying it makes everything encrypted under it unreadable. Algorithms: AES-256-GCM (NIST SP 800-38D,
96-bit random nonces), HMAC-SHA256, HKDF (RFC 5869).
"""

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, URLSafeTimedSerializer

from omni_app.infra.clock import now
from omni_app.infra.errors import SignedOut
from omni_app.settings import load_settings

_NONCE = 12


def create_master_key() -> str:
    """A fresh master key as base64 text, for `OMNI_MASTER_KEY` or the file `OMNI_HOME/master.key`."""
    return base64.b64encode(os.urandom(32)).decode()


@lru_cache
def _master_key() -> bytes:
    settings = load_settings()
    if settings.omni_master_key is not None:
        text = settings.omni_master_key.get_secret_value()
    else:
        path = settings.home / "master.key"
        if not path.exists():
            raise RuntimeError(f"no master key: set OMNI_MASTER_KEY or create {path.name} in OMNI_HOME")
        text = path.read_text()
    key = base64.b64decode(text.strip())
    if len(key) != 32:
        raise RuntimeError("the master key must be 32 bytes in base64")
    return key


@lru_cache
def _derived(purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(_master_key())


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:8]


def encrypt(key: bytes, text: str, context: str) -> str:
    """Encrypt `text` as `v1.<key id>.<base64 of nonce + ciphertext + tag>`, bound to `context` (table and column)."""
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), context.encode())
    return f"v1.{_key_id(key)}.{base64.b64encode(sealed).decode()}"


def decrypt(key: bytes, value: str, context: str) -> str:
    """Give back what `encrypt` took. Raise ValueError when the key, the context or the value is not the right one."""
    version, key_id, body = value.split(".", 2)
    if version != "v1" or key_id != _key_id(key):
        raise ValueError("this value was encrypted under another key")
    sealed = base64.b64decode(body)
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode()).decode()
    except InvalidTag as error:
        raise ValueError("this value was changed or belongs elsewhere") from error


def create_data_key() -> tuple[bytes, str]:
    """A new customer's data key and its wrapped form for the row."""
    key = os.urandom(32)
    return key, encrypt(_derived("wrap"), base64.b64encode(key).decode(), "data key")


def unwrap_data_key(wrapped: str) -> bytes:
    return base64.b64decode(decrypt(_derived("wrap"), wrapped, "data key"))


def encrypt_system(text: str, context: str) -> str:
    """Encrypt something that belongs to no customer (credentials, system mail)."""
    return encrypt(_derived("system"), text, context)


def decrypt_system(value: str, context: str) -> str:
    return decrypt(_derived("system"), value, context)


def seal_bytes(data: bytes, context: str) -> bytes:
    """The same for a file: nonce, ciphertext and tag, after the eight signs of the key's id."""
    key, nonce = _derived("files"), os.urandom(_NONCE)
    return _key_id(key).encode() + nonce + AESGCM(key).encrypt(nonce, data, context.encode())


def open_bytes(sealed: bytes, context: str) -> bytes:
    """Give back what `seal_bytes` took. Raise ValueError when the key, the context or the bytes are not the right ones."""
    key, body = _derived("files"), sealed[8:]
    if sealed[:8] != _key_id(key).encode():
        raise ValueError("this file was encrypted under another key")
    try:
        return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], context.encode())
    except InvalidTag as error:
        raise ValueError("this file was changed or belongs elsewhere") from error


def blind_index(*parts: str) -> str:
    """A keyed fingerprint (hex, 64 characters) by which an encrypted value can be found but not read."""
    return hmac.new(_derived("index"), "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def new_secret(prefix: str = "", nbytes: int = 32) -> str:
    return prefix + secrets.token_urlsafe(nbytes)


def fingerprint(secret: str) -> str:
    """SHA-256 (hex) of a random secret of at least 128 bits: safe to store, no salt needed at that entropy."""
    return hashlib.sha256(secret.encode()).hexdigest()


def sign(purpose: str, payload: dict[str, str]) -> str:
    """A signed, dated, URL-safe token that anyone can read and nobody can forge."""
    return URLSafeTimedSerializer(_derived("token"), salt=purpose).dumps(payload)


def verify(purpose: str, token: str, max_age_seconds: int) -> dict[str, str]:
    """Read a token made by `sign`. Raise `SignedOut` when it is forged, for another purpose, or too old."""
    if not token.isascii():  # a lone surrogate could not even be compared
        raise SignedOut("This link or session is not valid.")
    try:
        payload, signed_at = URLSafeTimedSerializer(_derived("token"), salt=purpose).loads(token, return_timestamp=True)
    except BadSignature as error:
        raise SignedOut("This link or session is not valid.") from error
    # A token from the future is ours all the same, signed before the clock was set back: its owner keeps the session.
    if (now() - signed_at).total_seconds() > max_age_seconds:
        raise SignedOut("This link or session has expired.")
    if not isinstance(payload, dict):
        raise SignedOut("This link or session is not valid.")
    return {str(key): str(value) for key, value in payload.items()}
