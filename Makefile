# Everything runs in .venv, made by `make setup` from requirements.lock.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-full lint types image bench scale limits sizing peers search-proof reliability golden manifests pictures reference docs docs-check docs-links lock clean
SHELL := /bin/bash
BIN := .venv/bin
PROJECT ?= fixtures/projects/small.yaml
OUT ?= runs
PYTEST := $(BIN)/python -m pytest
SPHINX := -q -W --keep-going -c docs/site
SMALL_COVERAGE := --cov --cov-report=
# so that neither of the two is left with a server's tests at the end
LONGEST_FIRST := $(addprefix tests/,services faults golden oracle property unit)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## the environment in .venv, exactly as locked
	@scripts/setup

run: setup  ## five stages over the small golden project, with a PDF at the end
	@$(BIN)/atlas-forge run $(PROJECT) --out $(OUT)

# The kernels run compiled everywhere; one lane runs them as plain Python, where coverage can see
# their lines and compiled and plain figures are compared bit for bit.
test: setup  ## unit, oracle, property, golden, services, a sample of every kind of fault
	@rm -f .coverage .coverage.*
	NUMBA_DISABLE_JIT=1 $(PYTEST) -q -m plain $(SMALL_COVERAGE)
	$(PYTEST) -q -n 2 --dist loadfile -m "not plain and not full" --cov --cov-append --cov-fail-under=90 $(LONGEST_FIRST)

test-full: test  ## the whole fault matrix and millions of rows as well
	$(PYTEST) -q -m full

lint: setup  ## style, format, and which layer may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup  ## mypy, strict
	$(BIN)/mypy

image:  ## the container image, from this working tree; BASE_IMAGE=… chooses what it builds on
	@scripts/image $(TAG)

bench: setup  ## speed of every part beside the sources and other programs; RECORD=1 keeps it
	-@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements-peers.lock
	$(BIN)/python -m benchmarks $(if $(RECORD),--record) $(if $(CHECK),--check)

scale: setup  ## ten million structures beside one million: time, memory, the same best rows (ten minutes)
	$(BIN)/python -m benchmarks.scale

limits: setup  ## what each part of a run can take on this machine: benchmarks/limits.json (minutes)
	$(BIN)/python -m benchmarks.limits

sizing: setup  ## the tables of docs/sizing.md and of the runbook, from benchmarks/limits.json
	$(BIN)/python -m benchmarks.sizing --write

peers: setup  ## oracle cases by other programs beside our kernels: docs/peers.md
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements-peers.lock
	$(BIN)/python -m benchmarks.peers

search-proof: setup  ## the search beside a sweep over 20 seeds: docs/search.md
	$(BIN)/python -m benchmarks.search_proof

reliability: setup  ## every fault of the matrix, and what comes of it: docs/reliability.md
	-$(PYTEST) -q -m fault --fault-table build/faults.jsonl
	$(BIN)/python -m benchmarks.reliability build/faults.jsonl

golden: setup  ## the plan's expected outcomes beside what runs give: docs/golden.md
	$(BIN)/atlas-forge golden --out $(OUT) --markdown docs/golden.md
	$(BIN)/python -m benchmarks.golden_assumptions

manifests: setup  ## k8s/ from the Helm chart
	$(BIN)/python scripts/manifests

pictures: setup  ## Prefect's pages, a run's page and a pack, photographed: docs/images (needs Chromium, LibreOffice)
	$(BIN)/python scripts/prefect-pictures
	$(BIN)/python scripts/report-pictures
	$(BIN)/python scripts/pack-pictures

reference: setup  ## commands, catalogue, rulebook, columns: docs/reference
	$(BIN)/python scripts/reference

docs: setup  ## the documentation as a site in build/docs, its notebook run; a broken link fails
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements-docs.lock
	@rm -rf build/docs
	$(BIN)/python -m sphinx $(SPHINX) -b html -d build/doctrees . build/docs
	$(BIN)/python scripts/check-site build/docs

# An environment of its own: tests and mypy are not to see what only the site needs.
build/docs-env/made: requirements-docs.lock | setup
	@rm -rf build/docs-env && $(BIN)/python -m venv build/docs-env
	@$(BIN)/uv pip sync --quiet --python build/docs-env/bin/python --require-hashes $< 2>/dev/null || \
	  build/docs-env/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r $<
	@touch $@

docs-check: build/docs-env/made  ## the site without its notebook run, in build/docs-check: links, anchors, pictures
	@rm -rf build/docs-check
	ATLAS_FORGE_NOTEBOOK=off build/docs-env/bin/python -m sphinx $(SPHINX) -j 2 -b html -d build/docs-check-trees . build/docs-check
	build/docs-env/bin/python scripts/check-site build/docs-check

docs-links: build/docs-env/made  ## fetches every address elsewhere that the documentation names (needs the network)
	ATLAS_FORGE_NOTEBOOK=off build/docs-env/bin/python -m sphinx $(SPHINX) -b linkcheck -d build/docs-check-trees . build/docs-links

lock: setup  ## requirements.lock from pyproject.toml; UPGRADE=1 takes newer versions
	$(BIN)/python scripts/lock $(if $(UPGRADE),--upgrade)

clean:  ## remove the environment and everything that tools cached; runs stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
