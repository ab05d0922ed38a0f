"""One folder per kind of model; adapters never import each other."""
