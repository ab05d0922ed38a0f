"""A mailbox's cases for the contract tests: it has no webhooks and sends by another protocol than HTTP."""

from tests.channels.contract_samples import Samples

SETTINGS = {
    "address": "support@example.com",
    "from_name": "Harbour Dental",
    "password": "app password",
    "smtp_host": "smtp.example.com",
    "imap_host": "imap.example.com",
    "authserv_id": "mx.example.com",
}

SAMPLES = Samples(settings=SETTINGS)
