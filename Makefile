# The front door: `make help`. What the tools make goes to .work/, which git does not see.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := $(CURDIR)/.work/venv
LAB := $(PYTHON) lab/lab.py

export PATH := $(VENV)/bin:$(PATH)
export LC_ALL ?= C.UTF-8
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.work/collections
export ANSIBLE_HOME := $(CURDIR)/.work/ansible

.PHONY: help
help: ## Show this help
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: tools
tools: .work/tools.stamp ## Put the pinned tools into .work/venv and link the collection

.work/tools.stamp: requirements-dev.txt lab/tools.sh
	@bash lab/tools.sh "$(PYTHON)"
