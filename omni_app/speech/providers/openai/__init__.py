"""OpenAI and every server that speaks its audio protocol."""
