"""Structured logs: one JSON object a line, with the request id, without anybody's secrets or addresses."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAME = re.compile(r"pass|secret|token|cookie|authorization|api_?key|credential|otp", re.IGNORECASE)
_EMAIL = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})")
# With a plus any grouping is a phone number; without one, hyphens would also catch ids and dates.
_PHONE = re.compile(r"\+\d[\d\s().-]{6,}\d|(?<![\w.-])\d[\d\s().]{6,}\d(?![\w-])")
_KEY = re.compile(r"\b(ebk_|sk-|SG\.)[A-Za-z0-9_\-.]{6,}")
# URLs carry passwords before the @ sign.
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")


def mask(text: str) -> str:
    """Hide e-mail addresses, phone numbers, keys and URL passwords inside a text."""
    text = _URL_PASSWORD.sub(r"\1:***@", text)
    text = _KEY.sub(r"\1***", text)
    text = _EMAIL.sub(r"\1***@\2", text)
    return _PHONE.sub("***", text)


def mask_value(name: str, value: Any) -> Any:
    """Mask one logged value by its name and content; numbers, ids and times pass."""
    if _SECRET_NAME.search(name):
        return "***"
    if isinstance(value, str):
        return value if name in {"event", "level", "timestamp", "logger"} and "@" not in value else mask(value)
    if isinstance(value, dict):
        return {key: mask_value(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(name, item) for item in value]
    return value


def _masking(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: mask_value(key, value) for key, value in entry.items()}


def configure_logging(process: str, level: str = "INFO") -> None:
    """Send every log line of this process, libraries included, to stderr as masked JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masking,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _, __, entry: {"process": process, **entry},
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpx2", "httpcore", "httpcore2", "openai"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
