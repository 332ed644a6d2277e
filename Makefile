# Otklik. `make` alone prints this list. Every target works for a user who is not root.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test fast gates lint types bench trace messages format
SHELL := /bin/sh
PYTHON ?= python3
TOOL := $(PYTHON) -m scripts

help: ## print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: .python ## prepare .venv and the front-end files; starts nothing, needs no database
	@$(TOOL).setup

run: .python ## start Otklik and print its address (PORT=8000 HOST=127.0.0.1 DEMO=1)
	@$(TOOL).run

demo: .python ## start a fresh demo company in var/demo, beside your own data
	@$(TOOL).run --demo

test: .python ## gates and all tests, on SQLite and PostgreSQL, with the browser
	@$(TOOL).test

fast: .python ## gates and tests on SQLite, no browser (< 3 min)
	@$(TOOL).test --fast

gates: .python ## ruff, format, import-linter, mypy, bandit
	@$(TOOL).test --only gates

lint: .python ## ruff and import-linter only
	@$(TOOL).test --only gates --gate ruff --gate format --gate imports

types: .python ## mypy only
	@$(TOOL).test --only gates --gate mypy

format: .python ## write the house format
	@$(TOOL).setup --dev
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix-only .

bench: .python ## measure against the budgets (SIZE=full for the large sizes)
	@$(TOOL).setup --dev
	@.venv/bin/python -m bench.run

trace: .python ## requirements with and without a passing test
	@$(PYTHON) -m scripts.trace

messages: .python ## collect the texts of the interface into locale/ (needs gettext)
	@$(TOOL).setup --dev
	@.venv/bin/python -m scripts.translations extract

.PHONY: .python
.python:
	@command -v $(PYTHON) >/dev/null || { echo "✗ python3 is needed and is not there: apt install python3 python3-venv." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 7))' || { echo "✗ Python 3.11 or newer is needed: apt install python3 python3-venv (Debian 12 or newer)." >&2; exit 1; }
