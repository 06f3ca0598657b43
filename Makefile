# `make serve` builds, validates and serves the graph; `make test` runs the tests. Both install what they need into .venv.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Files of tests run side by side; those of one file, which may share a server, one after the other.
PYTEST ?= --numprocesses 2 --dist loadfile

.PHONY: help build serve test check bench format lock clean
.DEFAULT_GOAL := help

help: ## say what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1|/' | column -t -s '|'

serve: build ## build, then serve at http://127.0.0.1:8000 (or KG_PORT)
	$(BIN)/kg serve

build: .venv/runtime ## read, entail, validate and publish the content
	$(BIN)/kg build

test: .venv/develop ## run all tests
	$(BIN)/pytest $(PYTEST)

check: .venv/develop ## everything a change must pass: style, types, layers, content, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kg validate
	$(BIN)/kg reason --if-java
	$(BIN)/pytest $(PYTEST)

bench: .venv/bench ## measure the service beside its peers, about 8 minutes (BENCH=--full: with 10 million triples, hours)
	$(BIN)/python -m bench $(BENCH)

format: .venv/develop ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/develop ## choose versions anew within the bounds of pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra build -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra build --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --group bench -o requirements-bench.txt

clean: ## remove what was installed and built
	rm -rf .venv state build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name it with PYTHON=…")'
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/develop: requirements-dev.txt .venv/runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

.venv/bench: requirements-bench.txt .venv/runtime
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --require-hashes -r requirements-bench.txt
	@touch $@
