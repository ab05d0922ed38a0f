"""The HTTP edge: one envelope, one place for errors, `Authorization: Bearer` only. `app.create_api` puts it together."""
