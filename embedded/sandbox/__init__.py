"""The provider simulator: Meta Graph, Telegram, SendGrid, Twilio, Exotel and mail servers, on this machine only.

`world` holds what all of them share: `store` (SQLite), `faults`, `hooks` (webhooks, signed and sent again). One module per
provider plays its side: what it accepts from Omni, and what it sends when a customer writes. `control` is for whoever plays the
customer: the Sandbox page and the tests. `http_server`, `smtp` and `imap` are the front doors. No code of the channel adapters is
used here, so that a mistake in one of them shows.
"""
