"""`python -m tools.model_file`: build the local embedding model under OMNI_HOME unless it lies there."""

from omni_app.llm.providers.local.minilm import ensure_built
from omni_app.settings import load_settings

if __name__ == "__main__":
    ensure_built(load_settings().home)
