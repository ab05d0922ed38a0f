"""One folder for each way to a provider; each offers `ADAPTER`. Being in the folder is the registration."""
