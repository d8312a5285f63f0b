# Two commands do everything: `make demo` and `make test`. Both set up what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STANDIN := tests/apple/test_standin_[bm]*.py
STAMP := $(VENV)/.dev-$(shell cksum pyproject.toml | cut -d' ' -f1)

.PHONY: demo test test-linux test-apart test-firewall test-standin test-apple check unit bench format docs site transcripts clean

demo: ## set up an engine, build the image, run the main job on examples/hello
	sh packaging/setup demo
	sh examples/demo

# In two lanes side by side: most of what the tests do is to wait for an engine.
test: tools $(STAMP) ## all tests, real engines and the real agent included
	$(BIN)/python -m compileall -q contenant migrations tests  # thousands of starts, and some environments keep none
	scratch=$$(mktemp -d) && CONTENANT_HOME=$$scratch CONTENANT_ENGINE=podman $(BIN)/contenant image build && rm -r $$scratch
	$(MAKE) --jobs=2 --output-sync=target --keep-going test-linux test-apart

test-linux: tools $(STAMP) ## all but those below: podman, docker, the record, the command line
	$(BIN)/pytest tests -m "not apple" --ignore=tests/firewall --ignore-glob="$(STANDIN)"

test-apart: tools $(STAMP)
	$(MAKE) --keep-going test-firewall test-standin test-apple

test-firewall: tools $(STAMP) ## attacks and faults against the firewall, in an internet made for it
	$(BIN)/pytest tests/firewall

test-standin: tools $(STAMP) ## the longer half of what proves the stand-in of Apple's container itself
	$(BIN)/pytest $(STANDIN)

test-apple: tools $(STAMP) ## contenant on the stand-in of Apple's container
	$(BIN)/pytest tests -m apple

unit: $(STAMP) ## the tests that need no engine
	$(BIN)/pytest tests -m "not real"

check: tools $(STAMP) ## formatting, lint, types, shell scripts, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	shellcheck $$(grep -rlE '^#!.*(/|env )(ba)?sh( |$$)' image packaging examples .ci)
	$(BIN)/python -m contenant.cli.reference --check
	$(MAKE) --no-print-directory site

bench: tools $(STAMP) ## measure; prints the table of docs/performance.md
	$(BIN)/pytest tests/bench -m bench --no-header -q -s

format: $(STAMP) ## mend formatting and what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## make the generated documents again
	$(BIN)/python -m contenant.cli.reference
	$(BIN)/python -m contenant.store.describe > docs/schema.md.new && mv docs/schema.md.new docs/schema.md

site: $(STAMP) ## the documentation as pages in build/site; fails on a link that leads nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file packaging/mkdocs.yml

transcripts: tools $(STAMP) ## write what the documentation's commands print now
	CONTENANT_WRITE_TRANSCRIPTS=1 $(BIN)/pytest tests/real/test_transcripts.py

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
