"""Passwords: argon2id (RFC 9106) on threads of their own, and what makes a password good enough (NIST SP 800-63B)."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from omni_app.infra.errors import Invalid

SHORTEST, LONGEST = 12, 200

# What OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two passes, about 50 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Two hashes at a time: sign-ins wait for one another rather than for memory, and never for the event loop.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")

# Known to every guessing tool and long enough to pass the length rule. Compared without digits at the end, signs and case.
_COMMON = frozenset(
    {
        "password", "passwordpassword", "passw0rdpassw0rd", "changeme", "changemechangeme", "letmein", "letmeinletmein",
        "qwertyuiop", "qwertyuiopasdf", "qwertyqwerty", "qwertyuiopasdfghjkl", "asdfghjkl", "asdfasdfasdf", "iloveyou",
        "iloveyousomuch", "iloveyouforever", "administrator", "adminadmin", "adminadminadmin", "welcome", "welcomewelcome",
        "trustno1trustno1", "sunshinesunshine", "correcthorsebatterystaple", "footballfootball", "baseballbaseball",
        "dragondragon", "monkeymonkey", "superman", "supermansuperman", "abcdefghijkl", "abcdefghijklmnopqrstuvwxyz",
        "thisismypassword", "mypassword", "mypasswordismypassword", "secretsecret", "omniomniomni", "omnipassword",
    }
)  # fmt: skip


def _plain(text: str) -> str:
    """Letters and digits only, in lower case, for comparing."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def check_strength(password: str, *known: str) -> None:
    """Raise `Invalid(field="password")` when `password` is easy to guess.

    `known` are texts an attacker would try first: the person's e-mail and name, the name of the business.
    """
    if not isinstance(password, str) or len(password) < SHORTEST:
        raise Invalid(f"Use at least {SHORTEST} characters. Four words are easy to keep in mind.", field="password")
    if len(password) > LONGEST:
        raise Invalid(f"Use at most {LONGEST} characters.", field="password")
    plain = _plain(password)
    if len(set(plain)) < 4:
        raise Invalid("Use more than a few different characters.", field="password")
    if plain.isdigit() or plain in _COMMON or plain.rstrip("0123456789") in _COMMON:
        raise Invalid("This password is among the first that are tried. Choose another one.", field="password")
    for text in known:
        for part in (text, text.partition("@")[0]):
            close = _plain(part)
            # A long password that merely mentions the name is fine; one that is little more than the name is not.
            if len(close) >= 4 and close in plain and len(plain) - len(close) < 5:
                raise Invalid("Do not use your name, e-mail address or business name as the password.", field="password")


def _bytes(password: str) -> bytes:
    # One password typed on two keyboards may differ in its Unicode form. What is longer than anyone could set is cut, not hashed.
    return unicodedata.normalize("NFKC", password[: LONGEST + 1]).encode("utf-8", "surrogatepass")


@lru_cache
def _nobody() -> str:
    """A hash that stands in for people who do not exist, so that they cost as much time as those who do."""
    return _hasher.hash(b"nobody")


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), _bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


async def hash_password(password: str) -> str:
    """The argon2id hash of `password`, salt and parameters included."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _bytes(password))


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to the hash `stored`; takes as long when `stored` is None, and is False then."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored, password)


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
