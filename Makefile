# Bảng Vàng. `make` alone lists what can be done.
SHELL := /bin/bash
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
# Three processes, as tests wait much; each file in one of them: what it shares is made once. Browser tests come last.
TOGETHER := -n 3 --dist loadfile --no-loadscope-reorder
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-postgresql check fix bench browser soak lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: $(VENV)/.installed ## create the environment, install, build the front end, compile the translations
	@$(BIN)/python web/assets.py
	@$(BIN)/pybabel -q compile -d web/translations 2>/dev/null || $(BIN)/pybabel compile -d web/translations

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

run: setup ## serve; the first time with a fresh database and the demo
	@$(BIN)/bangvang demo --keep

demo: setup ## throw the database away, load the demo again, serve
	@$(BIN)/bangvang demo

test: setup ## run every test; browser tests where a Chromium is found
	$(BIN)/python -m pytest $(TOGETHER) -m "not bench and not soak"

test-postgresql: setup ## the same on a PostgreSQL that the tests start (TEST_DATABASE_URL names another one)
	BANGVANG_TEST_DATABASE=postgresql $(BIN)/python -m pytest $(TOGETHER) -m "not bench and not soak"

check: setup ## everything that must hold before a commit: style, types, import contracts, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(TOGETHER) -m "not bench and not soak"

fix: setup ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure; prints a table (BENCH=--json for JSON)
	@$(BIN)/python -m tests.bench $(BENCH)

browser: setup ## run only the browser tests
	$(BIN)/python -m pytest -m browser

soak: setup ## run what takes long, by hand
	$(BIN)/python -m pytest -m soak -s

lock: $(VENV)/.installed ## pin the dependencies again
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q --extra dev --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host -o requirements.lock pyproject.toml

clean: ## remove what was built; the database stays
	rm -rf $(VENV) web/static/dist web/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache
