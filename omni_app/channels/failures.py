"""What can go wrong between us and a provider, said so that delivery knows what to do.

OmniError
├── SignedOut ── InvalidSignature    the request is not the provider's                       → 403, nothing stored
├── Rejected  ── Refused             this message will never be taken; `kind` says why       → failed
│             └─ Revoked             the account may not send any more                       → connection red, message waits
├── Unavailable                      not now; after `retry_after`                            → queued again
└── Uncertain                        it may have been taken, nobody can tell                 → unknown, no blind resend
"""

from typing import Literal

from omni_app.infra.errors import OmniError, Rejected, SignedOut, Unavailable

RefusalKind = Literal["refused", "window_closed", "opted_out", "recipient", "template", "content", "later"]
"""refused: for a reason staff must read. window_closed: only a template may go out. opted_out: the customer said no. recipient:
the address takes nothing. template: paused, missing or filled in wrongly. content: too long, a type not taken. later: held back
by the provider for at least a day."""


class InvalidSignature(SignedOut):
    """The request does not come from the provider, or is too old; the answer says no more than that."""

    def __init__(self) -> None:
        super().__init__("The signature of this request is not valid.")


class Refused(Rejected):
    """The provider said no for good, in its own words."""

    def __init__(self, text: str, *, code: str = "", kind: RefusalKind = "refused") -> None:
        super().__init__(text)
        self.provider_code = code
        self.kind = kind


class Revoked(Rejected):
    """The account's token is expired, withdrawn or blocked: nothing goes out until somebody connects it again."""

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.provider_code = code


class Uncertain(OmniError):
    """The connection broke after the message left: it may have arrived."""

    code = "uncertain"

    def __init__(self, text: str) -> None:
        super().__init__(text)


__all__ = ["InvalidSignature", "RefusalKind", "Refused", "Revoked", "Unavailable", "Uncertain"]
