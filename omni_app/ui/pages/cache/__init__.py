"""Cache: `state` reads its figures, `entries` lists what is stored, `warming` asks ahead, `settings` says when it serves."""
