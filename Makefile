# Two commands do everything: `make demo` and `make test`. Both set up what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Suites with a target of their own.
APART := tests/firewall tests/apple tests/real/test_firewall_commands.py tests/real/test_doctor.py
STAMP := $(VENV)/.dev-$(shell cksum pyproject.toml | cut -d' ' -f1)

.PHONY: demo test test-firewall test-doctor test-apple mutants check unit bench format docs clean

demo: ## set up an engine, build the image, run the main job on examples/hello
	sh packaging/setup demo
	sh examples/demo

test: tools $(STAMP) ## the tests, real engines and the real agent included
	$(BIN)/pytest tests/apple -m "not slow and not real"
	$(BIN)/pytest tests -m "not slow" $(APART:%=--ignore=%)

test-firewall: tools $(STAMP) ## attacks and faults against the firewall, in an internet made for it
	$(BIN)/pytest tests/firewall tests/real/test_firewall_commands.py -m "not slow"

test-doctor: tools $(STAMP) ## contenant doctor on real engines and on the stand-in
	$(BIN)/pytest tests/real/test_doctor.py

test-apple: tools $(STAMP) ## the stand-in of Apple's container, and contenant on it
	$(BIN)/pytest tests/apple -m "not slow"

mutants: tools $(STAMP) ## break the stand-in of Apple's container in twenty ways: each must be noticed
	$(BIN)/pytest tests/apple -m slow

unit: $(STAMP) ## the tests that need no engine
	$(BIN)/pytest tests -m "not real"

check: tools $(STAMP) ## formatting, lint, types, shell scripts, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	shellcheck $$(grep -rlE '^#!.*(/|env )(ba)?sh( |$$)' image packaging examples .ci)
	$(BIN)/python -m contenant.cli.reference --check

bench: tools $(STAMP) ## measure; prints the table of docs/performance.md
	$(BIN)/pytest tests/bench -m bench --no-header -q -s

format: $(STAMP) ## mend formatting and what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## make the generated documents again
	$(BIN)/python -m contenant.cli.reference
	$(BIN)/python -m contenant.store.describe

tools:
	sh packaging/setup test
.PHONY: tools

$(STAMP): pyproject.toml
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable . --group dev
	rm -f $(VENV)/.dev-*
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
