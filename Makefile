# Two commands do everything: `make demo` and `make test`. Both set up what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLERS := pip,pipx,uv,uvx
LINUX := tests --ignore=tests/firewall --ignore=tests/apple
STAMP := $(VENV)/.dev-$(shell cksum pyproject.toml | cut -d' ' -f1)

.PHONY: demo test test-linux test-engines test-apart test-firewall test-standin test-apple check unit bench bench-peers bench-growth format docs site transcripts pictures coverage tools dist sbom deb tries clean

demo: ## set up an engine, build the image, run the main job on examples/hello
	sh packaging/setup demo
	sh examples/demo

# In two lanes side by side: most of what the tests do is to wait for an engine.
test: tools $(STAMP) ## all tests, real engines and the real agent included
	$(BIN)/python -m compileall -q contenant migrations tests  # thousands of starts, and some environments keep none
	scratch=$$(mktemp -d) && CONTENANT_HOME=$$scratch CONTENANT_ENGINE=podman $(BIN)/contenant image build && rm -r $$scratch
	$(MAKE) --jobs=2 --output-sync=target --keep-going test-linux test-apart

# The two halves of one choice: what `coverage` leaves out, test-engines runs.
test-linux: tools $(STAMP) ## all but those below: podman, docker, the record, the command line
	$(MAKE) --keep-going coverage test-engines

coverage: tools $(STAMP) ## the tests that need no engine; fails where they reach too few lines and branches
	mkdir -p build/coverage && $(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(LINUX) -m "not apple and not real and not untraced"
	$(BIN)/coverage report --include="contenant/core/*" --fail-under=95
	$(BIN)/coverage report

test-engines: tools $(STAMP) ## on podman and docker; what is shipped, and what it costs to start
	$(BIN)/pytest $(LINUX) -m "not apple and (real or untraced)"

test-apart: tools $(STAMP)
	$(MAKE) --keep-going test-firewall test-standin test-apple

test-firewall: tools $(STAMP) ## attacks and faults against the firewall, in an internet made for it
	$(BIN)/pytest tests/firewall

test-standin: tools $(STAMP) ## what proves the stand-in of Apple's container itself
	$(BIN)/pytest tests/apple

test-apple: tools $(STAMP) ## contenant on the stand-in of Apple's container
	$(BIN)/pytest tests -m apple

unit: $(STAMP) ## the tests that need no engine
	$(BIN)/pytest tests -m "not real"

check: tools $(STAMP) ## formatting, lint, types, the layers' contract, shell scripts, generated documents, the site
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py -k "place or imports_point or libraries or pure or prints or short"
	shellcheck $$(grep -rlE '^#!.*(/|env )(ba)?sh( |$$)' image packaging examples .ci)
	$(BIN)/python -m contenant.cli.reference --check
	$(MAKE) --no-print-directory site

bench: tools $(STAMP) ## measure; prints the table of docs/performance.md
	$(BIN)/pytest tests/bench -m bench --no-header -q -s

# Both on engines of their own, which are gone afterwards; the peers come from PyPI, into build/peers.
bench-peers: tools $(STAMP) ## contenant beside scripts and peers; writes the table of docs/performance.md
	$(BIN)/python -m tests.bench.peers

bench-growth: tools $(STAMP) ## cost against containers and records; writes table and picture of docs/performance.md
	$(BIN)/python -m tests.bench.growth

format: $(STAMP) ## mend formatting and what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## make the generated documents again
	$(BIN)/python -m contenant.cli.reference
	$(BIN)/python -m contenant.store.describe > docs/schema.md.new && mv docs/schema.md.new docs/schema.md

site: $(STAMP) ## the documentation as pages in build/site; fails on a link that leads nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file packaging/mkdocs.yml

transcripts: tools $(STAMP) ## write what the documentation's commands print now
	CONTENANT_WRITE_TRANSCRIPTS=1 $(BIN)/pytest tests/real/test_transcripts.py

pictures: tools $(STAMP) ## draw docs/pictures from a real run
	$(BIN)/pytest tests/pictures -m pictures

dist: $(STAMP) ## wheel, source distribution and Homebrew formula of the last commit: built twice, compared, tried
	packaging/dist
	$(BIN)/python packaging/homebrew/formula.py dist/contenant-*.tar.gz > dist/contenant.rb
	$(BIN)/python packaging/smoke.py --with $(INSTALLERS) dist/contenant-*.whl dist/contenant-*.tar.gz

sbom: $(STAMP) ## what the wheel in dist brings with it, as CycloneDX
	packaging/sbom

deb: dist ## Debian packages of the last commit, built and tried in bare roots (needs root)
	packaging/deb

tries: dist ## contenant as somebody new gets it, in bare roots of Debian and Ubuntu (needs root, takes an hour)
	packaging/tries

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
