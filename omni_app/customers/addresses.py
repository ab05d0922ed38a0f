"""Contact points as given by a caller, checked and normalised. Nothing is stored here."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from omni_app.infra.crypto import blind_index
from omni_app.infra.errors import FieldError, Invalid

CHANNELS = ("voice", "chat", "email", "sms", "whatsapp", "telegram", "instagram")
# Lone surrogates too: they come as "\\ud800" in JSON and cannot be written as UTF-8.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One normalised contact point: `kind` email, phone or external; `channel` is set for external ids only."""

    kind: str
    channel: str
    value: str

    @property
    def index(self) -> str:
        """The blind index under which the value is found."""
        return blind_index("contact_point", self.kind, self.channel, self.value)

    @property
    def hints(self) -> list[str]:
        """Blind indexes of the part people search by: a number's last four digits, a mail address's domain."""
        if self.kind == "phone":
            return [hint_index("phone", self.value[-4:])]
        if self.kind == "email":
            return [hint_index("email", self.value.rpartition("@")[2])]
        return []


def hint_index(kind: str, part: str) -> str:
    """The blind index of a part of an address, as `contact_points.hints` holds it."""
    return blind_index("contact_point_hint", kind, part)


def parse_address(
    channel: str, email: str | None, phone: str | None, external_id: str | None, region: str | None = None
) -> Address:
    """The one contact point of a caller. `region` (ISO 3166) completes national phone numbers.

    Raises `Invalid` naming `customer`, `customer.email`, `customer.phone` or `customer.external_id`.
    """
    given = [value for value in (email, phone, external_id) if value is not None]
    if len(given) != 1:
        message = "Give exactly one of email, phone or external_id."
        raise Invalid(message, fields=[FieldError(field="customer", message=message)])
    if email is not None:
        return Address(kind="email", channel="", value=normalize_email(email, "customer.email"))
    if phone is not None:
        return Address(kind="phone", channel="", value=normalize_phone(phone, "customer.phone", region))
    value = unicodedata.normalize("NFC", external_id or "").strip()
    if not value or len(value) > 200 or _CONTROL.search(value):
        raise Invalid("The external id needs 1 to 200 printable characters.", "customer.external_id")
    return Address(kind="external", channel=channel, value=value)


def normalize_email(value: str, field: str) -> str:
    """The address in lower case (RFC 5321 allows case in the local part; no provider we know uses it). Raises `Invalid`."""
    try:
        # test_environment lets reserved names such as clinic.test pass: demos and tests use them.
        checked = validate_email(value.strip(), check_deliverability=False, test_environment=True)
    except (EmailNotValidError, ValueError) as error:
        raise Invalid("This is not a valid e-mail address.", field) from error
    return checked.normalized.lower()


def normalize_phone(value: str, field: str, region: str | None = None) -> str:
    """The number in E.164. Raises `Invalid` when it is not a possible number or lacks its country code."""
    try:
        number = phonenumbers.parse(value.strip()[:40], region)
    except phonenumbers.NumberParseException as error:
        raise Invalid("Write the phone number with its country code, like +1 902 555 0100.", field) from error
    if not phonenumbers.is_possible_number(number):
        raise Invalid("This phone number is too short or too long for its country.", field)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
