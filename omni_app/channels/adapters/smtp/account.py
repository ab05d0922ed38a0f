"""What somebody fills in to connect a mailbox."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from omni_app.channels.mail.composing import untagged
from omni_app.customers.addresses import normalize_email
from omni_app.infra.errors import Invalid

Security = Literal["tls", "starttls", "none"]


class SmtpSettings(BaseModel):
    """One mailbox of a business and the server its mail goes out by."""

    model_config = ConfigDict(frozen=True)

    address: str = Field(
        title="Your support address",
        description="Customers write to it and answers come from it.",
        max_length=254,
        json_schema_extra={"placeholder": "support@example.com"},
    )
    from_name: str = Field(default="", title="Name of the sender", description="Shown before the address.", max_length=100)
    username: str = Field(
        default="", title="User name", description="Often the address itself, which is taken when this is empty.", max_length=254
    )
    password: SecretStr = Field(
        title="Password", description="Gmail, Outlook and iCloud want an app password, not the one you sign in with."
    )
    smtp_host: str = Field(
        title="SMTP server",
        description="For sending: smtp.gmail.com, smtp.office365.com, …",
        max_length=253,
        json_schema_extra={"placeholder": "smtp.example.com", "receives": ["password"]},
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, title="SMTP port", description="587 with STARTTLS, 465 with TLS.")
    smtp_security: Security = Field(
        default="starttls", title="SMTP encryption", description="tls, starttls, or none (without a password only)."
    )
    imap_host: str = Field(
        title="IMAP server",
        description="For receiving: imap.gmail.com, outlook.office365.com, …",
        max_length=253,
        json_schema_extra={"placeholder": "imap.example.com", "receives": ["password", "imap_password"]},
    )
    imap_port: int = Field(default=993, ge=1, le=65535, title="IMAP port", description="993 with TLS, 143 with STARTTLS.")
    imap_security: Security = Field(default="tls", title="IMAP encryption", description="tls or starttls.")
    authserv_id: str = Field(
        default="",
        title="Name of your receiving server",
        description="What stands first in the Authentication-Results header of mail you received, like mx.google.com. Only with "
        "it a sender's address counts as proven; whoever writes is a stranger otherwise.",
        max_length=253,
        json_schema_extra={"placeholder": "mx.google.com"},
    )
    imap_username: str = Field(
        default="",
        title="IMAP user name",
        description="When it differs from the other.",
        max_length=254,
        json_schema_extra={"group": "advanced"},
    )
    imap_password: SecretStr = Field(
        default=SecretStr(""),
        title="IMAP password",
        description="When it differs from the other.",
        json_schema_extra={"group": "advanced"},
    )
    folder: str = Field(
        default="INBOX",
        min_length=1,
        max_length=200,
        title="Folder",
        description="Where mail to your address arrives.",
        json_schema_extra={"group": "advanced"},
    )
    has_plus_addresses: bool = Field(
        default=False,
        title="Plus addresses",
        description="Whether mail to name+anything@ reaches this mailbox too. Answers are then found by their address as well.",
        json_schema_extra={"group": "advanced"},
    )
    marks_read: bool = Field(
        default=False,
        title="Mark mail as read",
        description="Nothing in the mailbox is changed otherwise. Nothing is ever deleted.",
        json_schema_extra={"group": "advanced"},
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

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        return _own_address(value)

    @field_validator("other_addresses")
    @classmethod
    def _check_others(cls, value: str) -> str:
        return "\n".join(_own_address(line) for line in value.replace(",", "\n").splitlines() if line.strip())

    @field_validator("smtp_host", "imap_host")
    @classmethod
    def _check_host(cls, value: str) -> str:
        host = value.strip().lower().rstrip(".")
        if not host or any(sign in host for sign in "/@ \t\r\n") or "://" in host:
            raise ValueError("Write the server's name alone, like mail.example.com.")
        return host

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("This is no name of a folder.")
        return value

    @property
    def own(self) -> frozenset[str]:
        """All addresses of this account, in lower case."""
        return frozenset((self.address, *self.other_addresses.split()))

    @property
    def smtp_login(self) -> tuple[str, str]:
        """(user name, password) for sending."""
        return self.username or self.address, self.password.get_secret_value()

    @property
    def imap_login(self) -> tuple[str, str]:
        """(user name, password) for receiving."""
        return (
            self.imap_username or self.username or self.address,
            self.imap_password.get_secret_value() or self.password.get_secret_value(),
        )


def _own_address(value: str) -> str:
    try:
        return untagged(normalize_email(value, "address"))[0]
    except Invalid as error:
        raise ValueError(str(error)) from error
