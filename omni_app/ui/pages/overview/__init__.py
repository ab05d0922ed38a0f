"""The first page: what happens now. `state` reads it, `showing` puts figures into words and bars, `page` and `parts` draw it."""
