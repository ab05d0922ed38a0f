"""E-mail by SendGrid: inbound parse and event webhook in, mail send out. `adapter` puts the pieces together."""

from omni_app.channels.adapters.sendgrid.adapter import SendGrid

ADAPTER = SendGrid()
