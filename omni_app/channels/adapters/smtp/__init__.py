"""E-mail by any mail server: SMTP out, IMAP in. `adapter` puts the pieces together."""

from omni_app.channels.adapters.smtp.adapter import Smtp

ADAPTER = Smtp()
