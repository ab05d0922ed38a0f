"""System mail on the screen: links for new members and new passwords, until a mail server is configured."""
