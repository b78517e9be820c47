# Everything needed is set up by the target that needs it: `make up` and `make test` work on a fresh machine.
SHELL := /bin/bash
# A distribution's Python is optimised with profiles; what pyenv compiles is not unless it is asked to, and
# takes a fifth more of the processor. Without ensurepip it makes no environment.
PYTHON ?= $(shell for each in /usr/bin/python3.11 python3.11 python3.12 python3.13; do \
  $$each -c 'import ensurepip' 2>/dev/null && command -v $$each && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
STACK ?= local
# Two more than cores: tests with the engine, servers and browsers spend a third of their time waiting for them.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 2)
READY := $(VENV)/.ready
LOCAL := $(BIN)/python -m localcloud
RUN := $(LOCAL) exec --
# The reports of another stack have a folder of their own.
REPORT := .local/report$(if $(filter-out local,$(STACK)),-$(STACK))

# Runs start interpreters by the dozen, and tests by the thousand: each would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup stack-file engine engine-browser engine-cache engine-cluster engine-kubernetes engine-languages engine-postgres engine-prometheus engine-yaml up down preview refresh state allocate reset validate test dist lint scan docs focus alerts coverage format bench torture official odoo goldens screenshots whole schemas languages lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## make the virtual environment with everything in it

$(READY): requirements-dev.txt pyproject.toml toolchain/uv.txt
	@$(PYTHON) toolchain/environment.py $(VENV) requirements-dev.txt
	@touch $@

engine: ## find Pulumi on PATH or in the cache, or build it (about 4 minutes, needs Go)
	@$(PYTHON) toolchain/build.py pulumi

engine-browser: ## find Chromium for the tests of pages, or unpack it once per user from Debian's packages
	@$(PYTHON) toolchain/browser.py

engine-cache: ## find a Valkey or Redis for the tests of session caches, or unpack it once per user from Debian's packages
	@$(PYTHON) toolchain/cache_server.py

engine-cluster: ## find kube-apiserver and etcd for the tests in the cache, or build them
	@$(PYTHON) toolchain/build.py cluster

engine-kubernetes: ## find the official Kubernetes provider and kube-controller-manager for the tests in the cache, or build them (10 minutes)
	@$(PYTHON) toolchain/kubernetes_provider.py

engine-languages: ## find the generators of SDKs for programs in any language in the cache, or build them (three minutes, needs Go)
	@$(PYTHON) toolchain/languages.py

engine-postgres: ## install PostgreSQL 16, 17 and 18 for the tests, once per user
	@$(PYTHON) toolchain/postgres.py

engine-prometheus: ## find a Prometheus for the tests of usage, or unpack it once per user from Debian's packages
	@$(PYTHON) toolchain/prometheus.py

engine-yaml: ## find Pulumi's host for YAML programs, for the tests of the plugin, or build it
	@$(PYTHON) toolchain/build.py yaml

# Pulumi itself would write an empty file for the stack and then fail.
stack-file:
	@test -f stacks/Pulumi.$(STACK).yaml || { printf '%s\n' \
	  "make: stack '$(STACK)' has no stacks/Pulumi.$(STACK).yaml; write these lines into it, then run the same command again:" \
	  "config:" "  costack:portfolio: $(STACK)  # the folder under portfolios/" \
	  "  aws:region: us-east-1  # the region of that folder's platform.yaml" \
	  "  kubernetes:renderYamlToDirectory: .local/manifests-$(STACK)  # the local cloud only" >&2; exit 2; }

up: stack-file engine setup ## create the local tenants with Pulumi, print who pays for what, write the report pages
	@$(LOCAL) start
	@$(RUN) pulumi stack select --create $(STACK) --non-interactive >/dev/null
	@$(LOCAL) exec --save-last -- pulumi up --yes --skip-preview --non-interactive --suppress-outputs --stack $(STACK) $(PULUMI_FLAGS)
	@$(RUN) $(BIN)/costack allocate --stack $(STACK)
	@$(RUN) $(BIN)/costack report --stack $(STACK) --out $(REPORT)
	@echo "next: source .venv/bin/activate; eval \"\$$(python -m localcloud environment)\"; costack --help"

preview: stack-file engine setup ## show what `make up` would change, then what that costs; DIFF=1 shows every property
	@$(RUN) pulumi stack select --create $(STACK) --non-interactive >/dev/null
	@$(RUN) pulumi preview $(if $(DIFF),--diff,--suppress-outputs) --non-interactive --stack $(STACK) $(PULUMI_FLAGS)
	@$(RUN) $(BIN)/costack preview --stack $(STACK) --portfolio "portfolios/$$($(RUN) pulumi config get portfolio --stack $(STACK))"

# Objects that are only written as files have no cluster to be compared with: `lifecycle/recover/rendered.py`.
refresh: engine setup ## compare the state with the cloud; Kubernetes objects that are only files stay as they are
	@unset PULUMI_K8S_SKIP_UPDATE_UNREACHABLE; \
	if where=$$($(RUN) pulumi config get kubernetes:renderYamlToDirectory --stack $(STACK) 2>/dev/null); then \
	  echo "Kubernetes objects are files in $$where: only AWS is compared"; \
	  export PULUMI_K8S_SKIP_UPDATE_UNREACHABLE=true; fi; \
	$(RUN) pulumi refresh --yes --non-interactive --stack $(STACK)

down: engine setup ## destroy the local tenants, and stop the loopback cloud when no other stack is in it
	@if $(LOCAL) status >/dev/null; then \
	  $(RUN) pulumi destroy --yes --non-interactive --stack $(STACK) && $(LOCAL) stop --if-unused; \
	else echo "the local cloud is not running: nothing to destroy (make reset forgets its state)"; fi

reset: setup ## stop the loopback cloud and forget its Pulumi state
	@$(LOCAL) reset

allocate: setup ## print who pays for what, from the stack that is up
	@$(RUN) $(BIN)/costack allocate --stack $(STACK)

state: setup ## print the Pulumi state of the stack
	@$(RUN) pulumi stack export --stack $(STACK)

validate: setup ## check catalog and portfolios, without engine or cloud
	@$(BIN)/costack validate

test: engine engine-browser engine-cache engine-cluster engine-postgres engine-prometheus engine-yaml setup ## a fixed sample of all tests, the real engine and API server included
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

whole: ## every test that `make test` chooses from, also those that repeat at length what quicker ones prove
	@COSTACK_EVERY_TEST=1 $(MAKE) --no-print-directory test

coverage: engine engine-browser engine-cache engine-cluster engine-postgres engine-prometheus engine-yaml setup ## show which lines no test runs, and fail where a module is hardly run at all
	@$(BIN)/coverage erase
	@COSTACK_EVERY_TEST=1 $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet -o .coverage.json
	@$(BIN)/coverage report
	@$(BIN)/python toolchain/coverage_floor.py .coverage.json

lint: setup ## check style, types, which module may import which, and what breaks programs of the plugin since the last tag
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.plugin.since_tag

scan: setup ## scan production tenants of every tier with checkov, example pipelines with zizmor, actionlint and their published schemas, every commit for secrets with gitleaks
	@$(PYTHON) toolchain/scanner.py
	@$(PYTHON) toolchain/build.py gitleaks
	@$(PYTHON) toolchain/build.py actionlint
	@$(BIN)/python -m tests.policies.scan.run
	@.toolchain/bin/zizmor --offline --quiet --no-progress examples/ci/github/*.yml
	@.toolchain/bin/actionlint -shellcheck= -pyflakes= examples/ci/github/*.yml
	@.toolchain/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows examples/ci/github/*.yml
	@.toolchain/bin/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci examples/ci/gitlab/*.yml
	@.toolchain/bin/gitleaks git --no-banner --log-level warn --redact --verbose .

format: setup ## format the source
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

focus: setup ## check the FOCUS files with two validators (in environments of their own, Python 3.12)
	@$(PYTHON) toolchain/focus_validators.py
	@$(BIN)/python -m tests.allocation.adapters.focus.run_validators

alerts: setup ## judge the alerts of tenants with promtool, in good hours and bad; needs promtool on PATH
	@$(BIN)/python -m tests.components.run_alerts

bench: engine setup ## measure time and memory: 1,000 tenants planned to declared, the plugin's process and installation (beside another checkout with BASELINE=<folder>), forecasts of months, bills of 10 million rows, beside cloud-cost-allocation, and both Kubernetes providers
	@$(BIN)/python tests/bench/thousand_tenants.py
	@$(BIN)/python tests/bench/components.py
	@$(BIN)/python -m tests.bench.constructs $(if $(BASELINE),--baseline $(BASELINE))
	@$(BIN)/python -m tests.bench.installation $(if $(BASELINE),--baseline $(BASELINE))
	@$(BIN)/python -m tests.bench.previews
	@$(BIN)/python -m tests.bench.cells
	@$(BIN)/python -m tests.bench.reports $(if $(BASELINE),--baseline $(BASELINE))
	@$(BIN)/python -m tests.bench.forecasts
	@$(BIN)/python -m tests.bench.rival
	@$(BIN)/python -m tests.bench.bills
	@$(BIN)/python -m tests.bench.providers

# The tree is read where it lies: nothing of it is copied or fetched.
odoo: engine-cache engine-postgres setup ## try a source tree of Odoo in what we declare: ODOO=<folder of odoo-bin> ODOO_ADDONS=<folders, such as session_redis's>
	@$(PYTHON) toolchain/odoo.py "$(ODOO)"
	@ODOO="$(ODOO)" ODOO_ADDONS="$(ODOO_ADDONS)" ODOO_NEXT="$(ODOO_NEXT)" ODOO_NEXT_ADDONS="$(ODOO_NEXT_ADDONS)" OPENUPGRADE="$(OPENUPGRADE)" $(BIN)/python -m pytest -q -m odoo tests/odoo $(PYTEST_FLAGS)

official: engine engine-cluster engine-kubernetes engine-postgres setup ## run the tests of Kubernetes' behaviour with the official provider, an API server and its controllers (40 minutes)
	@COSTACK_OFFICIAL=1 COSTACK_EVERY_TEST=1 $(BIN)/python -m pytest -q -m "kubernetes or either" tests/official tests/engine tests/localcloud/kubernetes

languages: engine engine-languages engine-yaml setup ## run the examples of the plugin in every language, from a git address (15 minutes, needs Go, Java with Maven, Node.js and npm)
	@COSTACK_LANGUAGES=1 $(BIN)/python -m pytest -q tests/languages

torture: engine engine-browser engine-postgres setup ## run the full sweeps: 10,000 divisions on two engines and on Spark, 200,000 broken files and answers, 1,000 combinations, every made-up example, jobs of databases on every version of PostgreSQL, broken guards, deaths at every call (six hours)
	@$(BIN)/python -m tests.torture.division
	@$(BIN)/python -m tests.torture.bill_fuzz --inputs 100000
	@$(BIN)/python -m tests.torture.usage_fuzz --inputs 20000
	@$(BIN)/python -m tests.torture.input_fuzz --inputs 100000
	@$(PYTHON) toolchain/spark.py
	@$(BIN)/python -m tests.torture.spark
	@$(BIN)/python -m tests.torture.spark_allocation
	@COSTACK_EVERY_PAIR=1 $(BIN)/python -m pytest -q tests/engine/test_priced.py
	@COSTACK_EVERY_COMBINATION=1 $(BIN)/python -m pytest -q tests/components/test_every_combination.py tests/components/test_secrets_reach_pods.py tests/components/test_services_apart.py
	@COSTACK_EVERY_EXAMPLE=1 $(BIN)/python -m pytest -q -m hypothesis tests
	@COSTACK_EVERY_EXAMPLE=1 $(BIN)/python -m pytest -q tests/lifecycle/decommission/test_forgeries.py tests/allocation/test_focus_read_back.py
	@COSTACK_EVERY_ELEMENT=1 $(BIN)/python -m pytest -q tests/cli/test_a_thousand_tenants.py tests/cli/test_in_a_browser.py
	@COSTACK_EVERY_KILL=1 $(BIN)/python -m pytest -q tests/engine/test_faulty.py tests/engine/test_reaper.py tests/lifecycle/test_killed_jobs.py tests/lifecycle/test_database_move.py tests/lifecycle/purge/test_killed.py
	@COSTACK_EVERY_VERSION=1 $(BIN)/python -m pytest -q tests/lifecycle/test_database_move.py tests/lifecycle/test_rotation.py tests/lifecycle/test_owner.py tests/lifecycle/test_frozen_database.py
	@COSTACK_EVERY_REFUSAL=10 $(BIN)/python -m pytest -q tests/engine/test_unfinished.py
	@COSTACK_EVERY_DROP=1 $(BIN)/python -m pytest -q tests/engine/test_dropped.py
	@COSTACK_EVERY_DAY=1 $(BIN)/python -m pytest -q tests/lifecycle/test_default_drivers.py
	@COSTACK_EVERY_PIPELINE=1 $(BIN)/python -m pytest -q tests/examples/test_pipelines.py
	@COSTACK_EVERY_INSTALL=1 $(BIN)/python -m pytest -q tests/toolchain/test_wheel.py
	@$(BIN)/python -m tests.torture.histories
	@$(BIN)/python -m tests.torture.moves
	@$(BIN)/python -m tests.torture.mutants
	@$(BIN)/python -m tests.torture.kills

goldens: setup ## rewrite the golden statements and SQL; read the difference before you commit it
	@UPDATE_GOLDENS=1 $(BIN)/python -m pytest -q tests/allocation/test_golden.py tests/allocation/engine/test_division_sql.py tests/allocation/report/track

screenshots: engine-browser setup ## retake the pictures of the documentation; look at them before you commit
	@UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/cli/test_pictures.py

schemas: setup ## rewrite the JSON Schemas
	@$(BIN)/python -m tiers.schemas
	@$(BIN)/python -m plugin.schema

docs: setup ## rewrite the generated pages of docs/: commands, files of a portfolio, modules
	@$(BIN)/python -m docs.generator

dist: setup ## build the wheel and the sdist into dist/
	@rm -rf dist && mkdir dist
	@for kind in sdist wheel; do PYTHONPATH=toolchain/backend $(BIN)/python -c "import costack_wheel; costack_wheel.build_$$kind('dist')" >dist.log 2>&1 || { cat dist.log; exit 1; }; done; rm -f dist.log; ls dist

lock: setup ## choose new versions and write the hashed requirement files
	@$(PYTHON) toolchain/environment.py --lock
	@$(PYTHON) toolchain/scanner.py --lock
	@$(PYTHON) toolchain/focus_validators.py --lock
	@$(PYTHON) toolchain/spark.py --lock
	@$(PYTHON) toolchain/postgres.py --lock

clean: ## remove the virtual environment and links to built tools; the cache stays
	@rm -rf $(VENV) .toolchain
