"""Files in an S3-compatible bucket, when `STORAGE_URL` names one."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from omni_app.infra.errors import NotFound, Unavailable
from omni_app.infra.log import get_logger
from omni_app.settings import Settings

log = get_logger(__name__)

_WHAT = "The file storage"


class Bucket:
    """`storage.Store` over one bucket. S3 writes whole objects or none, so nothing is ever half there."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError for a STORAGE_URL that is not `s3://bucket[/prefix]`."""
        url = urlsplit(settings.storage_url.get_secret_value() if settings.storage_url is not None else "")
        if url.scheme != "s3" or not url.netloc or url.username or url.query:
            raise ValueError("STORAGE_URL must look like s3://bucket/prefix; credentials stand in AWS_* variables")
        named: dict[str, Any] = {
            "access_key_id": settings.aws_access_key_id,
            "secret_access_key": settings.aws_secret_access_key,
            "session_token": settings.aws_session_token,
        }
        # What is not set is left to the machine: a role of its instance or its container.
        config: dict[str, Any] = {name: value.get_secret_value() for name, value in named.items() if value is not None}
        config["region"] = settings.aws_region
        # One DELETE for one object: not every S3-compatible server knows the bulk call.
        config["disable_bulk_delete"] = True
        if settings.aws_endpoint_url:
            config["endpoint"] = settings.aws_endpoint_url
        self._store = S3Store(
            url.netloc,
            prefix=url.path.strip("/") or None,
            config=config,  # type: ignore[arg-type]
            client_options={
                "allow_http": (settings.aws_endpoint_url or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    async def put(self, storage_key: str, data: bytes) -> None:
        """Store an object. Raises `Unavailable`."""
        try:
            await obstore.put_async(self._store, storage_key, data, use_multipart=False)
        except (BaseError, OSError) as error:
            raise _away(error) from error

    async def read(self, storage_key: str) -> bytes:
        """The whole object. Raises `NotFound`, `Unavailable`."""
        try:
            return bytes(await (await obstore.get_async(self._store, storage_key)).bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("file") from error
        except (BaseError, OSError) as error:
            raise _away(error) from error

    async def delete(self, storage_key: str) -> None:
        """Remove an object; one that is gone is done. Raises `Unavailable`."""
        try:
            await obstore.delete_async(self._store, storage_key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise _away(error) from error


def _away(error: Exception) -> Unavailable:
    # Its text names bucket, endpoint and request; the reader needs none of it, the operator does.
    log.warning("file storage failed", error=type(error).__name__, detail=str(error)[:300])
    return Unavailable(_WHAT)
