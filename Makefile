# `make serve` builds, validates and serves the graph; `make test` runs the tests. Both install what they need into .venv.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Files of tests run side by side, in the order in which tests/conftest.py has put them; those of one file, which may share
# a server, one after the other. Three are not too many for two cores: now and then each waits for a disk or a server.
PYTEST ?= --numprocesses 3 --dist loadfile --no-loadscope-reorder
# Where it counts how long others wait beside queries that run away, nothing else may take the processors.
TEST = $(BIN)/pytest -m alone; alone=$$?; $(BIN)/pytest -m "not alone" $(PYTEST) && exit $$alone
# The tests start `kg` hundreds of times: Python keeps what it has compiled, also where it is told not to.
test check: export PYTHONDONTWRITEBYTECODE :=

# Scripts and styles for browsers: npm installs what they are made of, as locked; the environment brings node and npm.
ASSETS := kg/web/static/build/manifest.json
ASSET_SOURCES := $(shell find kg/web/assets -name node_modules -prune -o -type f -print)
NPM_PACKAGES := kg/web/assets/node_modules/.installed
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: help build serve assets assets-if-possible browser-if-possible test check bench format lock clean
.DEFAULT_GOAL := help

help: ## say what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1|/' | column -t -s '|'

serve: build assets-if-possible ## build, then serve at http://127.0.0.1:8000 (or KG_PORT)
	$(BIN)/kg serve

build: .venv/runtime ## read, entail, validate and publish the content
	$(BIN)/kg build

assets: $(ASSETS) ## build the scripts and styles for browsers

test: .venv/develop assets-if-possible browser-if-possible ## run all tests
	$(TEST)

check: .venv/develop $(ASSETS) browser-if-possible ## everything a change must pass: style, types, layers, content, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(WITH_NODE) npm --prefix kg/web/assets run --silent check
	$(BIN)/kg validate
	$(BIN)/kg reason --if-java
	$(TEST)

bench: .venv/bench ## measure the service beside its peers, about 12 minutes (BENCH=--million: a quarter of an hour; BENCH=--full: over an hour)
	$(BIN)/python -m bench $(BENCH)

format: .venv/develop $(NPM_PACKAGES) ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(WITH_NODE) npm --prefix kg/web/assets run --silent format

lock: .venv/develop ## choose versions anew within the bounds of pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra build -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra build --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --group bench -o requirements-bench.txt

clean: ## remove what was installed and built
	rm -rf .venv state build dist kg/web/static/build kg/web/assets/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

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

assets-if-possible: .venv/runtime
	@$(MAKE) --no-print-directory $(ASSETS) || printf '*** %s\n' \
	  'Scripts and styles for browsers are missing or old: npm could not install or build them (see above).' \
	  'Pages work without them, the query page as a plain form. Tests in a browser are skipped until they are there.' \
	  'Try `make assets` again when npm can reach its registry, or has the packages in its cache.'

browser-if-possible: .venv/develop
	@$(BIN)/python -m tests.browser.chromium || $(BIN)/playwright install --only-shell chromium || printf '*** %s\n' \
	  'There is no Chromium, so the tests in a browser are skipped. Install one (`apt-get install chromium`), or name' \
	  'one (KG_CHROMIUM=/path/to/chromium), or let `$(BIN)/playwright install --with-deps chromium` fetch one.'

$(ASSETS): $(ASSET_SOURCES) $(NPM_PACKAGES)
	$(WITH_NODE) node kg/web/assets/build.mjs

$(NPM_PACKAGES): kg/web/assets/package-lock.json | .venv/runtime
	$(WITH_NODE) npm --prefix kg/web/assets ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries 1 \
	  --loglevel error
	@touch $@
