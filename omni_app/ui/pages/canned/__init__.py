"""Canned answers and labels: what staff reuse in the inbox. `page` shows both, each part has its state in a file of its own."""
