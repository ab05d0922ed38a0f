"""What the assistant was taught: `listing` shows and deletes FAQs, `editing` writes them, `trying` asks on the side."""
