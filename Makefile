# make run | test | lint | bench | soak | env. PORT (default 3000) and OMNI_HOME (default .omni) are honoured.
# Recipes that stay end in `exec`, so that a signal to make reaches the program.
.PHONY: run test lint bench bench-extras soak env browser build

PY := .venv/bin/python

run: build
	@exec $(PY) -m embedded.supervisor </dev/null

env:
	@$(PY) tools/environment.py --check </dev/null 2>/dev/null || { \
	  for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null 2>/dev/null \
	      && exec $$python tools/environment.py </dev/null; \
	  done; \
	  echo "Omni needs Python 3.11 or newer, and none is on PATH: install it, or name it with PYTHON=…"; exit 1; }

build: env
	@$(PY) -m tools.build_frontend </dev/null

browser: env
	@$(PY) -m tools.browser </dev/null

lint: env
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

# Compiled modules are kept, whatever the environment says: a run starts some sixty Pythons, each of which would compile all it
# imports. Schemathesis is used as a library; as a plug-in every worker would load it at its start.
test: export PYTHONDONTWRITEBYTECODE :=
test: browser build lint
	@rm -rf reports/coverage && mkdir -p reports
	@OMNI_COVERAGE=reports/coverage $(PY) -m pytest -n 3 -p no:schemathesis </dev/null
	@exec $(PY) -m tools.coverage_gate reports/coverage

bench: build
	@exec $(PY) -m bench </dev/null

# What is measured beside ours (GPTCache), in a folder of its own: .venv keeps its pins.
bench-extras: env
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --upgrade --target .bench-extras -r requirements-bench.txt

# SOAK="--minutes 60 --seed 7" for a longer or repeated one, then CHANNEL_SOAK="--messages 5000 --seed 7".
soak: build
	@$(PY) -m tests.run.soak $(SOAK) </dev/null
	@exec $(PY) -m tests.run.channel_soak $(CHANNEL_SOAK) </dev/null
