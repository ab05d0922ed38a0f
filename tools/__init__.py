"""Programs the Makefile and the supervisor run: environment, browser, front-end build, coverage gate, model file."""
