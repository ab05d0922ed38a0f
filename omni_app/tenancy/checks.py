"""Checks of what people type into the forms about a business and its people.

Each gives back the clean value or raises `Invalid` with the field's name.
"""

import unicodedata
from functools import lru_cache
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from omni_app.infra.errors import Invalid

# Marks that turn the reading direction around: a name with one can disguise the text after it.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_text(value: str, field: str, label: str, *, shortest: int = 0, longest: int) -> str:
    """`value` stripped. Refuse lone surrogates and control characters except line breaks and tabs, and wrong lengths."""
    if not isinstance(value, str):
        raise Invalid(f"{label} must be text.", field=field)
    text = value.strip()
    for sign in text:
        if sign in _TURNS or (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\r\t"):
            raise Invalid(f"{label} contains a character that cannot be shown.", field=field)
    if len(text) < shortest:
        raise Invalid(f"{label} is missing.", field=field)
    if len(text) > longest:
        raise Invalid(f"{label} may have {longest:,} characters; this has {len(text):,}.", field=field)
    return text


def check_name(value: str, field: str, label: str) -> str:
    """A name on one line, 1 to 120 characters, inner spaces made single."""
    return " ".join(check_text(value, field, label, shortest=1, longest=120).split())


def check_email(value: str, field: str = "email") -> str:
    """The address in lower case. Only its form is checked; nothing is looked up."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid("Write an e-mail address, like maya@example.com.", field=field)
    try:
        return validate_email(value.strip(), strict=True, check_deliverability=False, test_environment=True).normalized.lower()
    except (EmailNotValidError, UnicodeError) as error:
        raise Invalid("This is not an e-mail address. It looks like maya@example.com.", field=field) from error


@lru_cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_timezone(value: str) -> str:
    """The name of a time zone of the IANA database, such as `Europe/Berlin`."""
    if value not in _timezones():
        raise Invalid("This time zone is not known. Choose one like Europe/Berlin.", field="timezone")
    return value
