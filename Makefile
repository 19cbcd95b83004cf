# See `make help`. All generated files are in .work/, which git ignores.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
LAB := $(PYTHON) lab/lab.py
LOG := bash $(CURDIR)/scripts/quietly.sh
COPY := .work/tree/ansible_collections/slipway/golang

export PATH := $(CURDIR)/.work/venv/bin:$(PATH)
export LC_ALL ?= C.UTF-8
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.work/collections
export ANSIBLE_NOCOLOR ?= 1

.PHONY: help
help: ## Show this help
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "All generated files are in .work/, logs in .work/log/."

## Try it

.PHONY: demo
demo: tools ## Deploy, update and roll back a Gin service on three hosts in containers
	@bash lab/demo.sh

.PHONY: demo-down
demo-down: ## Remove the demo's hosts
	@$(LAB) down demo

## Tests

.PHONY: test-fast
test-fast: lint sanity units ## Run before every commit: lint, sanity and unit tests, in two minutes

.PHONY: test
test: new-minutes checks units ansible-units controllers acceptance molecule ## Run all tests, as in CI
	@bash scripts/minutes.sh

.PHONY: new-minutes
new-minutes:
	@mkdir -p .work/log
	@date +%s >.work/log/minutes

# The first takes as long as the others together, and each of them has use for one processor.
.PHONY: checks
checks:
	@AT_ONCE=1 $(MAKE) --jobs=2 sanity lint docs-site go-test galaxy

.PHONY: lint
lint: tools programs copy types ## Run ansible-lint, yamllint, ruff, mypy, shellcheck, and antsibull for changelog and docs
	@$(LOG) ruff ruff check --output-format concise .
	@$(LOG) ruff-format ruff format --check .
	@$(LOG) yamllint yamllint --strict .
	@$(LOG) shellcheck bash scripts/lint_shell.sh
	@$(LOG) changelog-lint antsibull-changelog lint
	@cd $(COPY) && $(LOG) docs-lint antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	@cd $(COPY) && ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.work/tree $(LOG) ansible-lint ansible-lint --nocolor --config-file .config/ansible-lint.yml

.PHONY: types
types: tools ## Check type hints with mypy
	@$(LOG) types mypy

.PHONY: sanity
sanity: tools programs ## Run ansible-test sanity
	@$(LOG) sanity bash scripts/ansible_test.sh sanity $(ARGS)

.PHONY: units
units: tools programs ## Run pytest on tests/unit (ARGS="-k history -x" selects tests)
	@LINES_OF_SUCCESS=1 $(LOG) units pytest --numprocesses auto --quiet $(ARGS)

.PHONY: coverage
coverage: tools programs ## Print the coverage of plugins/ by the unit tests; the report is in .work/coverage/html
	@LINES_OF_SUCCESS=1 $(LOG) coverage bash scripts/coverage.sh $(ARGS)

# pytest has run them all: ansible-test imports each of them in its own environment, and runs those of a module there.
.PHONY: ansible-units
ansible-units: tools programs ## The unit tests as ansible-test finds them: all are collected, a module's are run
	@$(LOG) ansible-units-collect bash scripts/ansible_test.sh units --collect-only
	@$(LOG) ansible-units bash scripts/ansible_test.sh units $$(find tests/unit -name test_health.py)

.PHONY: controllers
controllers: tools ## Deploy from the oldest, the newest and two other ansible-cores: a part of test-controllers
	@$(LOG) lab-image $(LAB) image
	@export PATH="$$(bash scripts/go_directory.sh):$$PATH"; \
	LINES_OF_SUCCESS=5 $(LOG) controllers python tests/controllers/run.py --quick

.PHONY: test-controllers
test-controllers: tools ## Deploy from every supported ansible-core (ARGS="2.18 2.21" for some)
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python tests/controllers/run.py $(ARGS)

.PHONY: acceptance
acceptance: tools ## Run pytest on the other folders of tests/: real binaries, real hosts
	@$(LOG) lab-image $(LAB) image
	@export PATH="$$(bash scripts/go_directory.sh):$$PATH"; \
	LINES_OF_SUCCESS=1 $(LOG) acceptance bash scripts/acceptance.sh $(ARGS)

.PHONY: kubernetes
kubernetes: tools ## Build the programs of the lab's Kubernetes: ten minutes, once
	@export PATH="$$(bash scripts/go_directory.sh):$$PATH"; $(LOG) kubernetes-build $(LAB) cluster build

.PHONY: test-kubernetes
test-kubernetes: kubernetes ## Run pytest on tests/system/kubernetes: manifests in a real cluster
	@export PATH="$$(bash scripts/go_directory.sh):$$PATH"; \
	LINES_OF_SUCCESS=1 $(LOG) test-kubernetes pytest --quiet tests/system/kubernetes $(ARGS)

.PHONY: go-test
go-test: tools ## Run go vet and go test in the examples, and in the services and tools of the tests
	@$(LOG) go-test bash scripts/go_test.sh

.PHONY: galaxy
galaxy: tools ## Build the collection, install it in another directory and use it there
	@$(LOG) galaxy bash scripts/galaxy.sh

.PHONY: molecule
molecule: tools ## Test roles and playbooks on systemd hosts (SCENARIO=certbot for one, ACTION=converge keeps its hosts)
	@$(LOG) lab-image $(LAB) image
	@$(if $(SCENARIO),LINES_OF_SUCCESS=12 $(LOG) molecule-$(SCENARIO)) bash scripts/molecule.sh $(or $(ACTION),test) $(SCENARIO)

.PHONY: fleet
fleet: ## Run the Molecule scenario `fleet`: deploys on two hosts
	@$(MAKE) molecule SCENARIO=fleet

.PHONY: bench
bench: tools ## Compare the speed of deploys with other tools
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/bench/run.py $(ARGS)

.PHONY: bench-logs
bench-logs: tools ## Measure what the playbook logs costs: seconds, bytes, memory (ARGS="--hosts 3 --lines 30000")
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python tests/bench/logs.py $(ARGS)

.PHONY: bench-images
bench-images: tools ## Measure the way from source to a pushed image, beside docker build and ko (ARGS="--rounds 5")
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python tests/bench/images.py $(ARGS)

.PHONY: simulate
simulate: ## Estimate the time of a deploy to 10,000 hosts from two result files of bench: ARGS="1.json 10.json"
	@$(PYTHON) tests/bench/simulate.py $(ARGS)

.PHONY: load
load: tools ## Count requests that fail during deploys, for every strategy
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/load/run.py $(ARGS)

.PHONY: test-faults
test-faults: tools ## Run fault injection and print the outcomes
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/fault_injection/run.py $(ARGS)

.PHONY: fuzz
fuzz: tools ## Fuzz the parsers of untrusted input (ARGS="--minutes 60 archive")
	@$(LOG) fuzz-tools pip install --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@python tests/fuzz/run.py $(ARGS)

## Maintenance

.PHONY: audit
audit: ## Check pinned dependencies for known vulnerabilities
	@bash scripts/audit.sh

.PHONY: lock
lock: ## Update requirements-*.txt with digests (ARGS=--upgrade for the newest versions)
	@bash scripts/pin_requirements.sh $(ARGS)

.PHONY: sbom
sbom: tools ## Write the collection's SBOM to .work/sbom.cdx.json
	@python scripts/sbom.py >.work/sbom.cdx.json
	@echo .work/sbom.cdx.json

.PHONY: docs
docs: tools copy ## Check the documentation of modules, plugins and roles
	@cd $(COPY) && $(LOG) docs-lint antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

.PHONY: docs-site
docs-site: tools ## Build the documentation as HTML in .work/docs-site/html, without a dead link
	@LINES_OF_SUCCESS=1 $(LOG) docs-site bash scripts/docs_site.sh

.PHONY: tools
tools: .work/tools.stamp ## Install the pinned tools into .work/venv and link the collection

.work/tools.stamp: requirements-dev.txt scripts/setup_venv.sh
	@bash scripts/setup_venv.sh "$(PYTHON)"

.PHONY: programs
programs:
	@PYTHON="$(PYTHON)" bash scripts/install_test_programs.sh

.PHONY: copy
copy: tools
	@$(PYTHON) scripts/tree.py >/dev/null

.PHONY: clean
clean: ## Remove the hosts of this checkout's fleets, its clusters, the tools and all generated files
	@for cluster in .work/clusters/*/; do if [ -d "$$cluster" ]; then $(LAB) cluster down "$$(basename "$$cluster")"; fi; done
	@for fleet in .work/lab/*/inventory.yml; do if [ -e "$$fleet" ]; then $(LAB) down "$$(basename "$${fleet%/*}")"; fi; done
	@find . -name __pycache__ -type d -not -path './.work/*' -exec rm -rf {} +
	@rm -rf .work .ansible .pytest_cache .ruff_cache .hypothesis tests/output
