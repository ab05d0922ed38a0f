import asyncio

import pytest

from omni_app.infra.errors import Conflict, Invalid
from omni_app.tenancy.signing_up import sign_up
from tests.tenancy.people import CLIENT, PASSWORD, actions, mails_to, owner, sql


async def test_who_signs_up_is_the_signed_in_owner_of_a_new_business(database: None) -> None:
    viewer = await owner("Brook Street Dental", "Maya@Example.com")
    assert (viewer.role, viewer.business_name, viewer.email, viewer.name) == (
        "owner",
        "Brook Street Dental",
        "maya@example.com",
        "Maya Okafor",
    )
    (business,) = await sql("select name, timezone, widget_key from businesses")
    assert (business["name"], business["timezone"]) == ("Brook Street Dental", "Europe/London")
    assert business["widget_key"].startswith("wk_")
    (person,) = await sql("select password_hash from users")
    assert person["password_hash"].startswith("$argon2id$")


async def test_a_sign_up_is_in_the_trail_without_password_and_address(database: None) -> None:
    viewer = await owner()
    (line,) = await sql("select * from audit_entries where action = 'business.created'")
    assert (line["business_id"], line["actor_id"], line["ip"]) == (viewer.business_id, viewer.member_id, CLIENT.ip)
    assert line["request_id"] == "request-1"
    assert "maya@example.com" not in str(line)
    assert PASSWORD not in str(await sql("select * from audit_entries"))


async def test_the_welcome_mail_is_queued_with_its_job(database: None) -> None:
    await owner()
    ((subject, text),) = await mails_to("maya@example.com")
    assert subject == "Brook Street Dental is on Omni"
    assert "Maya Okafor" in text
    (job,) = await sql("select name, queue from outbox")
    assert job == {"name": "SendMail", "queue": "outbound"}


async def test_an_address_with_an_account_cannot_sign_up_again(database: None) -> None:
    await owner()
    with pytest.raises(Conflict, match="already has an account"):
        await sign_up("Another", "Somebody", "MAYA@example.com", PASSWORD, "UTC", CLIENT)
    assert len(await sql("select 1 from businesses")) == 1


async def test_two_sign_ups_with_one_address_at_one_moment_make_one_business(database: None) -> None:
    results = await asyncio.gather(
        *(sign_up(f"Business {n}", "Maya", "maya@example.com", PASSWORD, "UTC", CLIENT) for n in range(4)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "Conflict", "str"]
    assert len(await sql("select 1 from businesses")) == len(await sql("select 1 from users")) == 1


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("business_name", {"business_name": " "}),
        ("business_name", {"business_name": "x" * 121}),
        ("person_name", {"person_name": ""}),
        ("email", {"email": "maya"}),
        ("password", {"password": "short"}),
        ("password", {"password": "Brook Street Dental"}),
        ("timezone", {"timezone": "Mars/Base"}),
    ],
)
async def test_wrong_input_names_its_field_and_stores_nothing(database: None, field: str, changes: dict[str, str]) -> None:
    given = {
        "business_name": "Brook Street Dental",
        "person_name": "Maya",
        "email": "maya@example.com",
        "password": PASSWORD,
        "timezone": "UTC",
    }
    with pytest.raises(Invalid) as refused:
        await sign_up(**{**given, **changes}, client=CLIENT)
    assert refused.value.fields[0].field == field
    assert await sql("select 1 from users") == await actions() == []
