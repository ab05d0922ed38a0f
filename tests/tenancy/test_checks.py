import pytest

from omni_app.infra.errors import Invalid
from omni_app.tenancy.checks import check_email, check_name, check_text, check_timezone


@pytest.mark.parametrize(
    "email",
    ["", " ", "maya", "maya@", "@example.com", "maya@example", "a b@example.com", "maya@exa mple.com", "a@b@example.com",
     "maya@example.com\nBcc: all@example.com", "maya\0@example.com", "\ud800@example.com", "x" * 65 + "@example.com",
     "maya@[127.0.0.1]", "x@" + "y" * 260 + ".com", "😀" * 10_000],
)  # fmt: skip
def test_malformed_addresses_are_refused_by_name(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_email(email)
    assert refused.value.fields[0].field == "email"


def test_an_address_is_kept_in_lower_case() -> None:
    assert check_email("  Maya.Okafor@Example.COM ") == "maya.okafor@example.com"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Maya\0", "Maya \u202egnp.exe", "\ud800", "\x1b[31mred"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(name, "person_name", "Your name")
    assert refused.value.fields[0].field == "person_name"


def test_names_in_any_script_and_with_markup_are_kept_as_text() -> None:
    assert check_name("  Dr.  Amélie \n O'Neill ", "name", "The name") == "Dr. Amélie O'Neill"
    assert check_name("<script>alert(1)</script>", "name", "The name") == "<script>alert(1)</script>"
    assert check_name("عيادة النور", "name", "The name") == "عيادة النور"


def test_longer_text_keeps_its_lines() -> None:
    assert check_text("one\ntwo", "rules", "The rules", longest=10) == "one\ntwo"


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "America", "europe/london", "UTC\0"])
def test_unknown_time_zones_are_refused(zone: str) -> None:
    with pytest.raises(Invalid):
        check_timezone(zone)


def test_known_time_zones_are_kept() -> None:
    assert check_timezone("Asia/Kathmandu") == "Asia/Kathmandu"
    assert check_timezone("UTC") == "UTC"
