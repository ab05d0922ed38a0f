"""SendGrid's signature: ECDSA over P-256 with SHA-256, of timestamp and body as they came.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks
"""

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from omni_app.channels.contract import WebhookRequest
from omni_app.channels.failures import InvalidSignature

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
TOLERANCE_SECONDS = 300
"""SendGrid names no age limit; what is older was recorded by somebody and sent again."""


@lru_cache(maxsize=256)
def read_key(text: str) -> EllipticCurvePublicKey:
    """The public key as SendGrid shows it: base64 of a SubjectPublicKeyInfo, with or without PEM lines.

    Raises ValueError in the reader's words.
    """
    lines = [line.strip() for line in text.strip().splitlines() if not line.startswith("-----")]
    try:
        key = load_der_public_key(base64.b64decode("".join(lines), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise ValueError("This is not a verification key of SendGrid; it begins with MFkw.") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("This key is of another kind than SendGrid's.")  # noqa: TRY004 (a form shows ValueErrors)
    return key


def check_signature(request: WebhookRequest, key: str) -> None:
    """Raise `InvalidSignature` unless the holder of `key` signed this very body within the last five minutes."""
    stamp = request.headers.get(TIMESTAMP, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise InvalidSignature
    if abs(request.received_at.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
        read_key(key).verify(signature, stamp.encode() + request.body, ECDSA(SHA256()))
    except (WrongSignature, ValueError, binascii.Error) as error:
        raise InvalidSignature from error
