"""How providers sign what they send. Checked in the tests against published examples, not against our adapters."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def meta_signature(app_secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 (developers.facebook.com, "Validating payloads")."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def twilio_signature(auth_token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> str:
    """The value of X-Twilio-Signature: the address, then every parameter by name, each value of a name once."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def new_event_key() -> tuple[str, str]:
    """A SendGrid key pair: (private key as PEM, public key as base64 SubjectPublicKeyInfo, as their settings page shows it)."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode(), base64.b64encode(public).decode()


def sendgrid_signature(private_pem: str, timestamp: str, body: bytes) -> str:
    """The value of X-Twilio-Email-Event-Webhook-Signature: ECDSA P-256/SHA-256 over timestamp and body, DER, base64."""
    private = serialization.load_pem_private_key(private_pem.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return base64.b64encode(private.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def sendgrid_accepts(public_key: str, signature: str, timestamp: str, body: bytes) -> bool:
    """Whether a signature is of that key: the check a receiver makes, for the documented example."""
    public = serialization.load_der_public_key(base64.b64decode(public_key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    try:
        public.verify(base64.b64decode(signature), timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
