# The front door: `make help`. What the tools make goes to .work/, which git does not see.
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
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Everything is made in .work/; the logs are in .work/log/."

## Try it

.PHONY: demo
demo: tools ## Three hosts in containers, a Gin service deployed, updated and rolled back
	@bash lab/demo.sh

.PHONY: demo-down
demo-down: ## Remove the demo's hosts
	@$(LAB) down demo

## Tests

.PHONY: test-fast
test-fast: lint sanity units ## What to run before every commit: two minutes at most

.PHONY: test
test: test-fast ansible-units go-test galaxy acceptance molecule ## All tests, as in CI

.PHONY: lint
lint: tools copy ## ansible-lint, yamllint, ruff, shellcheck, and antsibull for changelog and docs
	@$(LOG) ruff ruff check --output-format concise .
	@$(LOG) yamllint yamllint --strict .
	@$(LOG) shellcheck bash scripts/lint_shell.sh
	@$(LOG) changelog-lint antsibull-changelog lint
	@cd $(COPY) && $(LOG) docs-lint antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	@cd $(COPY) && ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.work/tree $(LOG) ansible-lint ansible-lint --nocolor --config-file .config/ansible-lint.yml

.PHONY: sanity
sanity: tools ## ansible-test sanity, without a single exception
	@$(LOG) sanity bash scripts/ansible_test.sh sanity $(ARGS)

.PHONY: units
units: tools ## pytest on tests/unit (ARGS="-k journal -x" for some of it)
	@LINES_OF_SUCCESS=1 $(LOG) units pytest --numprocesses auto --quiet $(ARGS)

.PHONY: ansible-units
ansible-units: tools
	@LINES_OF_SUCCESS=1 $(LOG) ansible-units bash scripts/ansible_test.sh units

.PHONY: acceptance
acceptance: tools ## pytest on the other folders of tests/: real binaries, real hosts
	@$(LOG) lab-image $(LAB) image
	@export PATH="$$(bash scripts/go_directory.sh):$$PATH"; \
	LINES_OF_SUCCESS=1 $(LOG) acceptance pytest --quiet $(sort $(dir $(filter-out tests/unit/%,$(wildcard tests/*/test_*.py)))) $(ARGS)

.PHONY: go-test
go-test: tools ## go vet and go test in the examples and the tests' own services
	@$(LOG) go-test bash scripts/go_test.sh

.PHONY: galaxy
galaxy: tools ## Build the collection, install it elsewhere and use it from there
	@$(LOG) galaxy bash scripts/galaxy.sh

.PHONY: molecule
molecule: tools ## The roles and the fleet on systemd hosts (SCENARIO=certbot for one, ACTION=converge to keep its hosts)
	@$(LOG) lab-image $(LAB) image
	@LINES_OF_SUCCESS=12 $(LOG) molecule$(if $(SCENARIO),-$(SCENARIO)) bash scripts/molecule.sh $(or $(ACTION),test) $(SCENARIO)

.PHONY: fleet
fleet: ## The life of a service on three hosts: molecule's scenario `fleet`
	@$(MAKE) molecule SCENARIO=fleet

.PHONY: bench
bench: tools ## Measure deploys against other ways of doing it
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/bench/run.py $(ARGS)

.PHONY: simulate
simulate: ## How long a deploy to 10,000 hosts takes, from two of the bench's files: ARGS="1.json 10.json"
	@$(PYTHON) tests/bench/simulate.py $(ARGS)

.PHONY: load
load: tools ## What clients notice of a deploy, strategy by strategy
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/load/run.py $(ARGS)

.PHONY: test-faults
test-faults: tools ## Break deploys at every step and hosts in every way; print what came of it
	@PATH="$$(bash scripts/go_directory.sh):$$PATH" python3 tests/fault_injection/run.py $(ARGS)

.PHONY: fuzz
fuzz: tools ## Fuzz the readers of foreign bytes (ARGS="--minutes 60 archive")
	@$(LOG) fuzz-tools pip install --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@python tests/fuzz/run.py $(ARGS)

## Maintenance

.PHONY: audit
audit: ## Ask the databases of known vulnerabilities about every pinned dependency; fails where they cannot be asked
	@bash scripts/audit.sh

.PHONY: lock
lock: ## Write requirements-*.txt anew, with digests (ARGS=--upgrade for the newest)
	@bash scripts/lock.sh $(ARGS)

.PHONY: sbom
sbom: tools ## Write the collection's bill of materials to .work/sbom.cdx.json
	@python scripts/sbom.py >.work/sbom.cdx.json
	@echo .work/sbom.cdx.json

.PHONY: docs
docs: tools copy ## Check what the collection says of itself: module, plugin and role pages
	@cd $(COPY) && $(LOG) docs-lint antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

.PHONY: docs-site
docs-site: tools ## Build the documentation as HTML in .work/docs-site/html, without a dead link
	@LINES_OF_SUCCESS=1 $(LOG) docs-site bash scripts/docs_site.sh

.PHONY: tools
tools: .work/tools.stamp ## Put the pinned tools into .work/venv and link the collection

.work/tools.stamp: requirements-dev.txt scripts/setup_venv.sh
	@bash scripts/setup_venv.sh "$(PYTHON)"

.PHONY: copy
copy: tools
	@$(PYTHON) scripts/tree.py >/dev/null

.PHONY: clean
clean: ## Remove the hosts of this checkout's fleets, the tools and all that was made
	@for fleet in .work/lab/*/inventory.yml; do if [ -e "$$fleet" ]; then $(LAB) down "$$(basename "$${fleet%/*}")"; fi; done
	@find . -name __pycache__ -type d -not -path './.work/*' -exec rm -rf {} +
	@rm -rf .work .ansible .pytest_cache .ruff_cache .hypothesis tests/output
