"""What can go wrong, said so that the caller knows what to do.

    OmniError
    ├── Invalid      the input is wrong; `fields` says where and why        (HTTP 422)
    ├── NotFound     there is no such thing in this business               (404)
    ├── SignedOut    nobody is signed in, or the key is not valid          (401)
    ├── Forbidden    the caller may not do this                            (403)
    ├── Conflict     somebody else changed it first, or it exists already  (409)
    ├── TooMany      a limit is reached; try again after `retry_after`     (429)
    ├── Rejected     the other side said no for good                       (400)
    └── Unavailable  the other side cannot take this now                   (503)

Each edge translates once: `api/errors.py`, `workers/broker.py`, `ui/access.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong field: its path in dots (`customer.email`) and the reason in the reader's words."""

    field: str
    message: str


class OmniError(Exception):
    """Base of every error a caller may see; the message is written for people."""

    code = "error"


class Invalid(OmniError):
    """The input cannot be accepted; nothing was stored."""

    code = "invalid"

    def __init__(self, message: str, field: str | None = None, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields) or ((FieldError(field=field, message=message),) if field else ())


class NotFound(OmniError):
    """There is no such thing, or it belongs to another business."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")


class SignedOut(OmniError):
    """Nobody proved who is calling."""

    code = "unauthorized"

    def __init__(self, message: str = "Sign in first.") -> None:
        super().__init__(message)


class Forbidden(OmniError):
    """The caller is known and may not do this."""

    code = "forbidden"

    def __init__(self, message: str = "Your role cannot do this.") -> None:
        super().__init__(message)


class Conflict(OmniError):
    """The thing changed, or exists already."""

    code = "conflict"


class TooMany(OmniError):
    """A limit is reached."""

    code = "too_many"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(OmniError):
    """The other side refused for good; the same call will not succeed."""

    code = "rejected"


class Unavailable(OmniError):
    """The other side cannot take this now; the same call may succeed later."""

    code = "unavailable"

    def __init__(self, what: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"{what} is unavailable.")
        self.retry_after = retry_after
