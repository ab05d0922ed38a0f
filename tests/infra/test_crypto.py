"""Encrypted fields, blind indexes, signed tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.infra.crypto import blind_index, create_data_key, decrypt, encrypt, sign, unwrap_data_key, verify
from omni_app.infra.errors import SignedOut


@given(st.text())
def test_what_is_encrypted_comes_back_and_does_not_show(value: str) -> None:
    key, wrapped = create_data_key()
    sealed = encrypt(key, value, "table.column")
    assert decrypt(unwrap_data_key(wrapped), sealed, "table.column") == value
    assert len(value) < 8 or value not in sealed


def test_the_same_value_looks_different_each_time() -> None:
    key, _ = create_data_key()
    assert encrypt(key, "x", "a.b") != encrypt(key, "x", "a.b")


def test_another_key_another_column_or_a_changed_value_is_refused() -> None:
    key, _ = create_data_key()
    other, _ = create_data_key()
    sealed = encrypt(key, "secret", "a.b")
    for wrong_key, value, context in ((other, sealed, "a.b"), (key, sealed, "a.c"), (key, sealed[:-4] + "AAA=", "a.b")):
        with pytest.raises(ValueError, match="value"):
            decrypt(wrong_key, value, context)


def test_blind_indexes_keep_parts_apart() -> None:
    assert blind_index("a", "bc") != blind_index("ab", "c")
    assert blind_index("a", "b") == blind_index("a", "b")


def test_a_token_is_for_one_purpose_and_one_time_span() -> None:
    token = sign("widget", {"visitor": "v"})
    assert verify("widget", token, 60) == {"visitor": "v"}
    for purpose, value, age in (("reset", token, 60), ("widget", token + "x", 60), ("widget", "", 60), ("widget", token, -1)):
        with pytest.raises(SignedOut):
            verify(purpose, value, age)
