# Every target sets up what it needs by itself. What a program takes on its command line goes into ARGS:
#   make demo ARGS=--keep        make test ARGS="-k delete"

# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# Named by what was installed, so that changed requirements install anew.
SET_UP := .venv/set-up-$(firstword $(shell cat requirements/dev.txt pyproject.toml | cksum))
AWS_CLI := .cache/aws-cli/bin/aws
MICROBURST := .cache/microburst/bin/microburst
TYPESCRIPT := .cache/typescript/create.js
UV := .cache/uv/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --no-strip-extras

.PHONY: help demo test coverage chaos check fault-matrix histories chaos-long bench mutants benchmarks schemas runbook typescript screenshots requirements clean
.DEFAULT_GOAL := help

help:  ## show this
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1	/p' Makefile | expand -t 22

demo: $(SET_UP)  ## watch a create and a delete on a local Temporal server and a local cloud
	.venv/bin/python -m scripts.demo $(ARGS)

test: $(SET_UP) $(AWS_CLI) $(if $(shell command -v npm),$(TYPESCRIPT))  ## run all tests
	@.venv/bin/python -m scripts.temporal_cli >/dev/null
	.venv/bin/python -m pytest -n auto --dist worksteal -m "not chaos" $(ARGS)

coverage: $(SET_UP) $(AWS_CLI) $(if $(shell command -v npm),$(TYPESCRIPT))  ## run all tests and list the lines that none of them runs (takes twice the processor time)
	@.venv/bin/python -m scripts.temporal_cli >/dev/null
	.venv/bin/python -m pytest -n auto --dist worksteal -m "not chaos" --cov $(ARGS)

chaos: $(SET_UP) $(MICROBURST)  ## run the long tests: faults at every step, crashes, random interleavings, every missing permission
	@.venv/bin/python -m scripts.temporal_cli >/dev/null
	.venv/bin/python -m pytest -m chaos $(ARGS)

check: $(SET_UP)  ## run the linter, the formatter's check, the types and the import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

fault-matrix: $(SET_UP)  ## run every step under every fault (8 minutes) against docs/fault-matrix.md (ARGS=--write writes it)
	.venv/bin/python -m tests.chaos $(ARGS)

histories: $(SET_UP)  ## record the histories that the replay tests read, after a change that no running saga can meet
	.venv/bin/python -m scripts.record_histories $(ARGS)

chaos-long: $(SET_UP)  ## run 300 random interleavings of everything, drawn anew (INTERLEAVINGS=... for another number)
	INTERLEAVINGS=$${INTERLEAVINGS:-300} .venv/bin/python -m pytest -m chaos tests/interleavings $(ARGS)

bench: $(SET_UP) $(AWS_CLI)  ## measure what docs/benchmarks.md quotes (about three hours)
	.venv/bin/python -m bench $(ARGS)

mutants: $(SET_UP) $(AWS_CLI) $(if $(shell command -v npm),$(TYPESCRIPT))  ## break the product in 200 small ways, and list those that no test notices (hours)
	@.venv/bin/python -m scripts.temporal_cli >/dev/null
	.venv/bin/python -m bench.mutants $(ARGS)

benchmarks: $(SET_UP)  ## write docs/benchmarks.md from its template and bench/results.json
	.venv/bin/python -m scripts.benchmarks

schemas: $(SET_UP)  ## write schemas/ from the models
	.venv/bin/python -m scripts.schemas

runbook: $(SET_UP)  ## write docs/runbook.md from its template, the errors, the Updates and the commands
	.venv/bin/python -m scripts.runbook

typescript: $(TYPESCRIPT)  ## build the TypeScript client that a test runs (needs Node 20 and npm)

screenshots: $(SET_UP)  ## take the pictures of docs/images in the Temporal UI (needs Chromium)
	.venv/bin/python -m scripts.screenshot

requirements: $(UV)  ## write requirements/ from pyproject.toml (ARGS=--upgrade for newer versions)
	$(COMPILE) pyproject.toml --extra worker --extra encryption --output-file requirements/worker.txt $(ARGS)
	$(COMPILE) pyproject.toml --extra worker --extra encryption --group dev --output-file requirements/dev.txt $(ARGS)
	echo uv | $(COMPILE) - --output-file requirements/uv.txt $(ARGS)
	echo awscli | $(COMPILE) - --output-file requirements/aws-cli.txt $(ARGS)
	echo microburst | $(COMPILE) - --output-file requirements/microburst.txt $(ARGS)

clean:  ## remove all that make and the tools made
	rm -rf .venv .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(SET_UP): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "setting up .venv: no Python 3.11 or newer on PATH; install one, or name it: make PYTHON=..." >&2; exit 1; }
	"$(PYTHON)" -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/set-up-* && touch $@

# In a venv of its own: the AWS CLI brings its own botocore, and pins other versions than ours.
$(AWS_CLI): requirements/aws-cli.txt
	"$(PYTHON)" -m venv .cache/aws-cli
	.cache/aws-cli/bin/python -m pip install --quiet --require-hashes --requirement requirements/aws-cli.txt
	@touch $@

# In a venv of its own too: it brings the service models of a botocore that nobody here chose.
$(MICROBURST): requirements/microburst.txt
	"$(PYTHON)" -m venv .cache/microburst
	.cache/microburst/bin/python -m pip install --quiet --require-hashes --requirement requirements/microburst.txt
	@touch $@

# Beside the sources node_modules would be in everybody's way.
$(TYPESCRIPT): $(wildcard tests/languages/typescript/*)
	rm -rf .cache/typescript && mkdir -p .cache && cp -R tests/languages/typescript .cache/
	cd .cache/typescript && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npx tsc

$(UV): requirements/uv.txt
	"$(PYTHON)" -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	@touch $@
