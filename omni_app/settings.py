"""The only reader of the environment.

Every value has a default that makes the embedded deployment work with nothing set. Secrets are `SecretStr`, so a printed or
logged settings object never shows them.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Deployment settings, read once per process from environment variables (names in upper case) and an optional `.env`."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", frozen=True, populate_by_name=True)

    port: int = Field(default=3000, ge=1, le=65535)
    host: str = Field(default="127.0.0.1", alias="OMNI_HOST")
    omni_home: Path = Path(".omni")
    public_url: str | None = Field(default=None, description="Address people reach Omni at; default http://localhost:PORT")
    namespace: str = Field(default="omni", alias="OMNI_NAMESPACE", description="Prefix of every Redis key, queue and channel")
    web_workers: int = Field(default=1, ge=1, le=16)

    database_url: SecretStr | None = Field(default=None, description="Connects as omni_app")
    omni_database_system_url: SecretStr | None = Field(default=None, description="Connects as omni_system")
    omni_database_owner_url: SecretStr | None = Field(default=None, description="Connects as omni_owner, for migrations only")
    redis_url: SecretStr | None = None
    database_pool: int = Field(default=12, ge=1, le=100)
    system_pool: int = Field(default=2, ge=1, le=20)

    omni_master_key: SecretStr | None = Field(default=None, description="32 random bytes, base64; default: OMNI_HOME/master.key")

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str = "gpt-4o-mini"
    openai_price_input_nusd: int | None = Field(default=None, ge=0, description="Nano-dollars per token; default: price list")
    openai_price_output_nusd: int | None = Field(default=None, ge=0, description="Nano-dollars per token; default: price list")
    model_timeout_seconds: float = Field(default=30.0, gt=0, le=600)

    default_budget_nusd: int = Field(
        default=50_000_000_000, ge=0, le=1_000_000_000_000_000, description="Monthly budget of a new business, nano-dollars"
    )

    api_calls_per_hour: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Of one API key, in any 60 minutes; default: the number of the plan"
    )

    smtp_url: SecretStr | None = Field(default=None, description="smtp[s]://user:password@host:port")
    sendgrid_api_key: SecretStr | None = None
    sendgrid_base_url: str = "https://api.sendgrid.com"
    mail_from: str = "Omni <omni@localhost.localdomain>"

    meta_app_secret: SecretStr | None = Field(default=None, description="Of the deployment's own Meta app, for all businesses")
    meta_verify_token: SecretStr | None = Field(default=None, description="What that app sends when its webhook is set up")
    meta_graph_url: str = "https://graph.facebook.com"
    sendgrid_webhook_key: SecretStr | None = Field(default=None, description="Public key of the deployment's signed webhooks")
    mail_domain: str | None = Field(default=None, description="Domain of the Message-IDs of mail we send; default: of public_url")

    sandbox_url: str | None = Field(default=None, alias="OMNI_SANDBOX_URL", description="Base address of the provider simulator")
    sandbox_smtp_port: int = Field(default=0, alias="OMNI_SANDBOX_SMTP_PORT", ge=0, le=65535)
    sandbox_imap_port: int = Field(default=0, alias="OMNI_SANDBOX_IMAP_PORT", ge=0, le=65535)
    sandbox_token: SecretStr | None = Field(
        default=None, alias="OMNI_SANDBOX_TOKEN", description="Of its control API; default: OMNI_HOME/sandbox.token"
    )
    sandbox: str = Field(default="on", alias="OMNI_SANDBOX", description="off: the embedded deployment starts no simulator")
    egress_allow: str = Field(
        default="", alias="OMNI_EGRESS_ALLOW", description="host:port, comma separated: private addresses that may be called"
    )
    webhooks_per_minute: int = Field(
        default=6000, ge=1, le=1_000_000, description="Verified webhooks one connection may deliver to one web process"
    )
    events_kept_days: int = Field(default=30, ge=1, le=3650, description="How long what providers sent can be read and replayed")
    send_timeout_seconds: float = Field(
        default=45.0, ge=1, le=80, description="How long a provider may take to accept one message before its fate is unknown"
    )
    unknown_after_seconds: int = Field(
        default=600, ge=1, le=86_400, description="Until staff are asked about a message nobody knows the fate of"
    )

    storage_url: SecretStr | None = Field(
        default=None, description="s3://bucket/prefix; credentials and endpoint as AWS_* variables; default: OMNI_HOME/files"
    )
    aws_access_key_id: SecretStr | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_region: str = Field(default="us-east-1", validation_alias=AliasChoices("aws_region", "aws_default_region"))
    aws_endpoint_url: str | None = Field(default=None, description="Of another S3-compatible server")
    media_most_bytes: int = Field(
        default=25 * 1024 * 1024, alias="OMNI_MEDIA_MOST_BYTES", ge=1024, le=100 * 1024 * 1024, description="Of one received file"
    )
    transcription_model: str = Field(default="whisper-1", description="Of the OpenAI-compatible server, for voice notes")

    worker_threads: int = Field(default=16, ge=1, le=64)
    log_level: str = "INFO"
    metrics_token: SecretStr | None = Field(default=None, description="Bearer token for /metrics from other machines")
    secure_cookies: bool = Field(default=False, description="Set when the public address is https")

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def home(self) -> Path:
        return self.omni_home if self.omni_home.is_absolute() else ROOT / self.omni_home


@lru_cache
def load_settings() -> Settings:
    """Read the environment once; call `load_settings.cache_clear()` after changing it (the supervisor does)."""
    return Settings()
