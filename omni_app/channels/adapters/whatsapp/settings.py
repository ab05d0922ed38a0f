"""What a business fills in to connect its number, and what WhatsApp can do."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from omni_app.channels.contract import Capabilities, Hook, Step, TextLimit
from omni_app.settings import load_settings

HOOK = "meta/whatsapp"
MEGABYTE = 1024 * 1024

# https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
CAPABILITIES = Capabilities(
    text_limit=TextLimit(most=4096),
    formatting="whatsapp",
    media={
        "image": 5 * MEGABYTE,
        "audio": 16 * MEGABYTE,
        "video": 16 * MEGABYTE,
        "document": 100 * MEGABYTE,
        "sticker": 500 * 1024,
    },
    media_types=frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/webp",
            "audio/aac",
            "audio/amr",
            "audio/mpeg",
            "audio/mp4",
            "audio/ogg",
            "video/mp4",
            "video/3gpp",
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    ),
    reply_window=timedelta(hours=24),
    has_typing=True,
    has_templates=True,
    has_reactions=True,
    may_start=True,
    reports_delivered=True,
    reports_read=True,
    cost_unit="conversation",
    bills_window=True,
    sends_a_second=60,
)

# A payload has up to 3 MB.
WEBHOOKS = (Hook(path=HOOK, title="Messages and statuses", answers_challenge=True, most_bytes=4 * MEGABYTE),)

GUIDE = (
    Step(
        title="Make an app at Meta",
        text="At developers.facebook.com make an app of the type “Business” and add the product WhatsApp to it. Choose or create "
        "the WhatsApp Business account it works for.",
    ),
    Step(
        title="Add your number",
        text="Under WhatsApp › API setup add the phone number and confirm it. Copy the phone number id and the WhatsApp Business "
        "account id from that page: they are long numbers, not the phone number itself.",
    ),
    Step(
        title="Make a token that stays",
        text="In the business settings make a system user, give it the app and the WhatsApp account, and generate a token with "
        "whatsapp_business_messaging and whatsapp_business_management. The token shown under API setup ends after a day.",
    ),
    Step(
        title="Fill in the fields here",
        text="Copy the app secret from App settings › Basic. The verify token may stay empty: Omni makes one. Save.",
    ),
    Step(
        title="Set up the webhook",
        text="Under WhatsApp › Configuration paste {webhook:meta/whatsapp} as callback address and {made:verify_token}. "
        "Subscribe to messages, message_template_status_update, message_template_quality_update, template_category_update, "
        "phone_number_quality_update, account_update and user_preferences; if the number is also used in the WhatsApp Business "
        "app, smb_message_echoes too.",
    ),
    Step(
        title="Test",
        text="Press “Test connection”: Omni asks Meta for the number and reads your templates. Then write to the number "
        "from a phone.",
    ),
)


def _number(value: object) -> object:
    """Ids are copied as numbers, and with blanks around them."""
    return str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else value


def _bare(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


MetaId = Annotated[str, BeforeValidator(_number)]
Token = Annotated[SecretStr, BeforeValidator(_bare)]


class WhatsAppSettings(BaseModel):
    """One WhatsApp number at Meta's Cloud API."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phone_number_id: MetaId = Field(
        title="Phone number id",
        description="Under WhatsApp › API setup, below the number. Not the number itself.",
        min_length=1,
        max_length=32,
        pattern=r"^[0-9]+$",
        json_schema_extra={"placeholder": "106540352242922"},
    )
    business_account_id: MetaId = Field(
        title="WhatsApp Business account id",
        description="On the same page. Your templates are read from it.",
        min_length=1,
        max_length=32,
        pattern=r"^[0-9]+$",
        json_schema_extra={"placeholder": "102290129340398"},
    )
    access_token: Token = Field(
        title="Access token", description="Of a system user, so that it does not end after a day.", min_length=1, max_length=1000
    )
    app_secret: Token = Field(
        default=SecretStr(""),
        title="App secret",
        description="Under App settings › Basic. It proves that messages come from Meta. Empty only with the app of this Omni.",
        max_length=200,
    )
    verify_token: Token = Field(
        default=SecretStr(""),
        title="Verify token",
        description="Any long word; the same one goes into Meta's webhook form. Empty: Omni makes one and shows it.",
        max_length=200,
        json_schema_extra={"made": True},
    )
    graph_url: Annotated[str, BeforeValidator(_bare)] = Field(
        default="",
        title="Graph address",
        description="Empty: Meta's own.",
        max_length=300,
        json_schema_extra={
            "placeholder": "https://graph.facebook.com",
            "group": "advanced",
            "trusted": ["", "https://graph.facebook.com"],
            "receives": ["access_token"],
        },
    )
    api_version: Annotated[str, BeforeValidator(_bare)] = Field(
        default="v24.0",
        title="Graph version",
        description="Like v24.0. Meta keeps a version for two years.",
        pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$",
        json_schema_extra={"group": "advanced"},
    )

    @field_validator("graph_url")
    @classmethod
    def check_graph_url(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("An address begins with https://.")
        return value.rstrip("/")

    @property
    def base(self) -> str:
        """The address everything is asked at, with the version and without a final slash."""
        return f"{(self.graph_url or load_settings().meta_graph_url).rstrip('/')}/{self.api_version}"
