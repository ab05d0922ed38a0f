import asyncio
import time

import pytest
from argon2 import PasswordHasher

from omni_app.infra.errors import Invalid
from omni_app.tenancy.passwords import check_strength, hash_password, is_outdated, verify_password


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "eleven char",
        "a" * 201,
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012",
        "passwordpassword",
        "PasswordPassword1",
        "Changeme-Changeme!",
        "maya@example.com",
        "Maya@Example.com1",
        "brookstreetdental",
        "Brook Street Dental 24",
    ],
)
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_strength(password, "maya@example.com", "Brook Street Dental")
    assert refused.value.fields[0].field == "password"


@pytest.mark.parametrize(
    "password",
    [
        "four plain words here",
        "tr0ub4dor&3xyz",
        "пароль из четырёх слов",
        "brook street dental opens at noon",
        "x" * 190 + "abcde",
    ],
)
def test_long_uncommon_passwords_are_accepted(password: str) -> None:
    check_strength(password, "maya@example.com", "Brook Street Dental")


async def test_a_hash_fits_its_password_alone() -> None:
    stored = await hash_password("four plain words here")
    assert stored.startswith("$argon2id$")
    assert "four" not in stored
    assert await verify_password(stored, "four plain words here")
    assert not await verify_password(stored, "four plain words her")
    assert not await verify_password(None, "four plain words here")
    assert not await verify_password("not a hash", "four plain words here")


async def test_one_password_typed_on_two_keyboards_is_one_password() -> None:
    assert await verify_password(await hash_password("caf\u00e9 und noch mehr"), "cafe\u0301 und noch mehr")


@pytest.mark.parametrize("password", ["\ud800" * 12, "\0" * 12, "😀" * 10_000, "x" * 1_000_000])
async def test_strange_passwords_are_wrong_and_break_nothing(password: str) -> None:
    assert not await verify_password(await hash_password("four plain words here"), password)


async def test_hashing_does_not_hold_up_the_loop() -> None:
    work = asyncio.gather(*(hash_password("four plain words here") for _ in range(3)))
    turns = 0
    until = time.monotonic() + 30
    while not work.done() and time.monotonic() < until:
        await asyncio.sleep(0)
        turns += 1
    await work
    assert turns > 3


def test_hashes_with_other_parameters_are_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("four plain words here"))


async def test_hashes_of_today_are_not_outdated() -> None:
    assert not is_outdated(await hash_password("four plain words here"))
