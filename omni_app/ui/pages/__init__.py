"""One folder per area, the state beside the page. `shell.add_pages` imports every module in here."""
