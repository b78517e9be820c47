# Everything needed is set up by the target that needs it: `make up` and `make test` work on a fresh machine.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STACK ?= local
READY := $(VENV)/.ready
LOCAL := $(BIN)/python -m localcloud
RUN := $(LOCAL) exec --

.DEFAULT_GOAL := help
.PHONY: help setup engine engine-browser engine-cluster engine-postgres engine-yaml up down preview refresh state allocate reset validate test lint scan docs focus alerts format bench torture goldens screenshots schemas lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## the virtual environment with everything in it

$(READY): requirements-dev.txt pyproject.toml toolchain/uv.txt
	@$(PYTHON) toolchain/environment.py $(VENV) requirements-dev.txt
	@touch $@

engine: ## Pulumi: from PATH, from the cache, or built (about 4 minutes, needs Go)
	@$(PYTHON) toolchain/build.py pulumi

engine-browser: ## Chromium for the tests of pages: found, or unpacked once per user from Debian's packages
	@$(PYTHON) toolchain/browser.py

engine-cluster: ## kube-apiserver and etcd for the tests: from the cache, or built
	@$(PYTHON) toolchain/build.py cluster

engine-postgres: ## PostgreSQL for the tests: found, or installed once per user
	@$(PYTHON) toolchain/postgres.py

engine-yaml: ## Pulumi's host for YAML programs, for the tests of the plugin: found, cached, or built
	@$(PYTHON) toolchain/build.py yaml

up: engine setup ## create the local tenants with Pulumi, then show who pays for what, on the screen and as pages
	@$(LOCAL) start
	@$(RUN) pulumi stack select --create $(STACK) --non-interactive >/dev/null
	@$(RUN) pulumi up --yes --skip-preview --non-interactive --suppress-outputs --stack $(STACK) $(PULUMI_FLAGS)
	@$(RUN) $(BIN)/costack allocate --stack $(STACK)
	@$(RUN) $(BIN)/costack report --stack $(STACK) --out .local/report
	@echo "next: source .venv/bin/activate; eval \"\$$(python -m localcloud environment)\"; costack --help"

preview: engine setup ## what `make up` would change
	@$(RUN) pulumi stack select --create $(STACK) --non-interactive >/dev/null
	@$(RUN) pulumi preview --diff --non-interactive --stack $(STACK) $(PULUMI_FLAGS)

refresh: engine setup ## compare the state with the cloud
	@$(RUN) pulumi refresh --yes --non-interactive --stack $(STACK)

down: engine setup ## destroy the local tenants and stop the loopback cloud
	@if $(LOCAL) status >/dev/null; then \
	  $(RUN) pulumi destroy --yes --non-interactive --stack $(STACK) && $(LOCAL) stop; \
	else echo "the local cloud is not running: nothing to destroy (make reset forgets its state)"; fi

reset: setup ## stop the loopback cloud and forget its Pulumi state
	@$(LOCAL) reset

allocate: setup ## who pays for what, from the stack that is up
	@$(RUN) $(BIN)/costack allocate --stack $(STACK)

state: setup ## the Pulumi state of the local stack
	@$(RUN) pulumi stack export --stack $(STACK)

validate: setup ## check catalog and portfolios, without engine or cloud
	@$(BIN)/costack validate

test: engine engine-browser engine-cluster engine-postgres engine-yaml setup ## all tests, the real engine and API server included
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

lint: setup ## style, types, and who may import whom
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

scan: setup ## what checkov says of production tenants of every tier (in an environment of its own)
	@$(PYTHON) toolchain/scanner.py
	@$(BIN)/python -m tests.policies.scan.run

format: setup ## put the source into its one form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

focus: setup ## what two validators say of the FOCUS files (in environments of their own, Python 3.12)
	@$(PYTHON) toolchain/focus_validators.py
	@$(BIN)/python -m tests.allocation.adapters.focus.run_validators

alerts: setup ## what promtool (on PATH) says of the alerts of tenants, in good hours and bad
	@$(BIN)/python -m tests.components.run_alerts

bench: setup ## 1,000 tenants planned to declared; bills of 10 million rows; beside cloud-cost-allocation
	@$(BIN)/python tests/bench/thousand_tenants.py
	@$(BIN)/python tests/bench/components.py
	@$(BIN)/python -m tests.bench.previews
	@$(BIN)/python -m tests.bench.reports
	@$(BIN)/python -m tests.bench.rival
	@$(BIN)/python -m tests.bench.bills

torture: engine engine-postgres setup ## the full sweeps: 10,000 divisions on two engines and on Spark, 100,000 broken files, 1,000 combinations, broken guards, deaths at every call (six hours)
	@$(BIN)/python -m tests.torture.division
	@$(BIN)/python -m tests.torture.bill_fuzz --inputs 100000
	@$(BIN)/python -m tests.torture.usage_fuzz --inputs 20000
	@$(PYTHON) toolchain/spark.py
	@$(BIN)/python -m tests.torture.spark
	@COSTACK_EVERY_PAIR=1 $(BIN)/python -m pytest -q tests/engine/test_priced.py
	@COSTACK_EVERY_COMBINATION=1 $(BIN)/python -m pytest -q tests/components/test_every_combination.py
	@$(BIN)/python -m tests.torture.moves
	@$(BIN)/python -m tests.torture.mutants
	@$(BIN)/python -m tests.torture.kills

goldens: setup ## write the golden statements and SQL anew; read the difference before you commit it
	@UPDATE_GOLDENS=1 $(BIN)/python -m pytest -q tests/allocation/test_golden.py tests/allocation/engine/test_division_sql.py

screenshots: engine-browser setup ## take the pictures of the documentation anew; look at them before you commit
	@UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/cli/test_pictures.py

schemas: setup ## write the JSON Schemas anew
	@$(BIN)/python -m tiers.schemas
	@$(BIN)/python -m plugin.schema

docs: setup ## write the generated pages of docs/ anew: commands, files of a portfolio, modules
	@$(BIN)/python -m docs.generator

lock: setup ## choose versions anew and write the hashed requirement files
	@$(PYTHON) toolchain/environment.py --lock
	@$(PYTHON) toolchain/scanner.py --lock
	@$(PYTHON) toolchain/focus_validators.py --lock
	@$(PYTHON) toolchain/spark.py --lock
	@$(PYTHON) toolchain/postgres.py --lock

clean: ## forget the virtual environment and links to built tools; the cache stays
	@rm -rf $(VENV) .toolchain
