"""What somebody fills in to connect SendGrid."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from omni_app.channels.adapters.sendgrid.signing import read_key
from omni_app.channels.mail.composing import untagged
from omni_app.customers.addresses import normalize_email
from omni_app.infra.errors import Invalid

BASE_URL = "https://api.sendgrid.com"


class SendGridSettings(BaseModel):
    """One address of a business, received and sent by SendGrid."""

    model_config = ConfigDict(frozen=True)

    address: str = Field(
        title="Your support address",
        description="Customers write to it and answers come from it. Its domain is authenticated in SendGrid.",
        max_length=254,
        json_schema_extra={"placeholder": "support@help.example.com"},
    )
    from_name: str = Field(default="", title="Name of the sender", description="Shown before the address.", max_length=100)
    api_key: SecretStr = Field(
        title="API key",
        description="Settings → API Keys, with “Mail Send” and read access to “Sender Authentication”.",
        json_schema_extra={"placeholder": "SG.…"},
    )
    event_key: str = Field(
        default="",
        title="Verification key of the event webhook",
        description="Mail Settings → Event Webhook → Signature Verification. Without it reports are believed by their address.",
        max_length=1000,
    )
    parse_key: str = Field(
        default="",
        title="Verification key of inbound parse",
        description="The public key of the parse security policy. Without it mail is believed by the webhook's address alone.",
        max_length=1000,
    )
    other_addresses: str = Field(
        default="",
        title="Other addresses of yours",
        description="One a line. Mail from them is not a customer's, and they get no copies.",
        max_length=4000,
        json_schema_extra={"group": "advanced", "multiline": True},
    )
    answers_per_hour: int = Field(
        default=6,
        ge=0,
        le=100,
        title="Automatic answers per thread and hour",
        description="Stops two machines from writing to each other without end.",
        json_schema_extra={"group": "advanced"},
    )
    base_url: str = Field(
        default=BASE_URL,
        title="Address of the API",
        description="https://api.eu.sendgrid.com for accounts kept in Europe.",
        max_length=300,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        json_schema_extra={
            "group": "advanced",
            "trusted": [BASE_URL, "https://api.eu.sendgrid.com"],
            "receives": ["api_key"],
        },
    )

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        return own_address(value)

    @field_validator("other_addresses")
    @classmethod
    def _check_others(cls, value: str) -> str:
        return "\n".join(own_address(line) for line in value.replace(",", "\n").splitlines() if line.strip())

    @field_validator("event_key", "parse_key")
    @classmethod
    def _check_key(cls, value: str) -> str:
        if value.strip():
            read_key(value.strip())
        return value.strip()

    @field_validator("base_url")
    @classmethod
    def _trim(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def own(self) -> frozenset[str]:
        """All addresses of this account, in lower case."""
        return frozenset((self.address, *self.other_addresses.split()))


def own_address(value: str) -> str:
    """An address of the business in lower case, without a plus tag. Raises ValueError in the reader's words."""
    try:
        return untagged(normalize_email(value, "address"))[0]
    except Invalid as error:
        raise ValueError(str(error)) from error
