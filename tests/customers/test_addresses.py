"""Contact points as callers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.customers.addresses import Address, parse_address
from omni_app.infra.errors import Invalid


def test_an_email_is_one_address_in_any_case() -> None:
    assert parse_address("chat", " Sofia@Example.COM ", None, None).value == "sofia@example.com"


def test_a_phone_number_is_kept_in_e164() -> None:
    assert parse_address("sms", None, "+1 (902) 555-0148", None) == Address(kind="phone", channel="", value="+19025550148")


def test_a_national_number_needs_a_region() -> None:
    with pytest.raises(Invalid) as refused:
        parse_address("sms", None, "902 555 0148", None)
    assert refused.value.fields[0].field == "customer.phone"
    assert parse_address("sms", None, "902 555 0148", None, region="CA").value == "+19025550148"


def test_an_external_id_belongs_to_its_channel() -> None:
    telegram, chat = (parse_address(channel, None, None, "42") for channel in ("telegram", "chat"))
    assert telegram.index != chat.index


def test_an_external_id_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        parse_address("chat", None, None, "a\ud800")
    assert refused.value.fields[0].field == "customer.external_id"


@given(st.sampled_from(["email", "phone", "external_id"]), st.text(max_size=300))
def test_any_text_is_either_an_address_or_an_error_that_names_its_field(field: str, value: str) -> None:
    given_as = {"email": None, "phone": None, "external_id": None, field: value}
    try:
        found = parse_address("chat", **given_as).value
    except Invalid as error:
        found = error.fields[0].field
    assert found
    assert not found.startswith("customer.") or found == f"customer.{field}" or field == "external_id"
