"""System mail from Omni to staff.

`mail.py` queues (in the transaction of its cause), `sending.py` delivers by SendGrid, SMTP or into a file, `letters.py` builds
what each of them wants, `mailbox.py` reads a person's own mail. `jobs.py` holds the job between the first two.
"""

from omni_app.notices.jobs import SendMail
from omni_app.notices.mail import queue_mail

__all__ = ["SendMail", "queue_mail"]
