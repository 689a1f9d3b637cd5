# neolung: every command a newcomer needs. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install setup demo test check fix fast matrix viewer story bench lock clean

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: .venv/.serving ## films in, results out, on this machine alone: a node, a small PACS, a table of results
	$(BIN)/neolung demo

install: .venv/.serving ## what a site needs to serve, into .venv: .venv/bin/neolung and nothing for tests
	@$(BIN)/python -m compileall -q node pipeline storage train
	@echo "$$($(BIN)/neolung --version) is installed: $$(pwd)/$(BIN)/neolung"

setup: .venv/.developing ## everything a developer needs, into .venv, and the servers the tests talk to
	@.ci/setup peers

test: setup check ## all tests, against real DCMTK, Orthanc and PostgreSQL where they are installed
	$(BIN)/pytest

check: .venv/.developing ## formatting, lint, import contracts, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fix: .venv/.developing ## format the code and repair what lint can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fast: .venv/.developing ## the tests that need no server and little time
	$(BIN)/pytest tests/unit -m "not slow and not dcmtk and not orthanc and not postgres"

matrix: setup ## DCMTK, Orthanc, pynetdicom x services x transfer syntaxes with a running node, and who is refused
	$(BIN)/pytest -q tests/acceptance/matrix

viewer: setup ## a public viewer, Cornerstone3D in Chromium, opens a film with its lungs from the node
	@.ci/setup viewer
	$(BIN)/pytest tests/viewer

story: .venv/.developing ## play a year at a small hospital: corrections, retraining, shadow, promotion, drift, roll-back
	$(BIN)/python -m tests.story

bench: .venv/.developing ## measure speed on this machine and print it beside the targets
	$(BIN)/python -m tests.bench

lock: .venv/.developing ## renew the hashed locks from pyproject.toml
	.ci/setup lock

clean: ## remove the virtual environment and everything that tools left behind
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/.serving: requirements.lock pyproject.toml
	@.ci/setup serving
	@touch $@

.venv/.developing: requirements-dev.lock pyproject.toml
	@.ci/setup developing
	@touch $@ .venv/.serving
