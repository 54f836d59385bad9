# Everything that is done with this project. Needs make and Python 3.11 or newer; the rest is installed into .venv.
#
#   make demo    the sample company, served; ARGS="--port 8080 --json" and so on go to `whosaw demo`
#   make test    the tests; ARGS="-k holdings"
#   make check   the gate: format, lint, types, import contracts, dependencies, tests, coverage
#   make fix     what the gate can mend by itself
#   make bench   the speed table; QUICK=1 for a small one
#   make secrets the passwords that compose.yaml mounts, in ./secrets
#   make lock    requirements*.txt anew from pyproject.toml
#   make clean   remove what these made, the demo's data excepted

ARGS ?=
QUICK ?=
WORKERS ?= 2

ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
endif
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet pyproject.toml --extra embedded --extra vault --group build \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: demo test check fix bench secrets lock clean run dev python
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

python:
	@test -n "$(PYTHON)" || { echo "whosaw: Python 3.11 or newer is needed; none was found (set PYTHON=...)" >&2; exit 1; }

run dev: python
	@$(PYTHON) tools/environment.py $@

demo: run
	@exec $(PYTHON) tools/interruptible.py $(BIN)/whosaw demo $(ARGS)

test: dev
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright
	$(BIN)/deptry .
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

fix: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: dev
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(ARGS)

secrets: python
	@$(PYTHON) tools/passwords.py

lock: dev
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group dev --output-file requirements-dev.txt

clean:
	rm -rf .venv .venv.lock .hypothesis .pytest_cache .ruff_cache .import_linter_cache .coverage* bench/out build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
