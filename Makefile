# Everything a person or CI does here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/watthouse
TOOLS := $(CACHE)/uv
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/bin/uv)
PYTHON ?= python3
QUICK := -m "not slow" --ignore tests/browser
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(TOOLS)/bin/uv:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet uv

.venv/base: pyproject.toml uv.lock | $(if $(filter $(TOOLS)/bin/uv,$(UV)),$(TOOLS)/bin/uv)
	$(UV) sync --quiet --locked --no-dev --inexact --extra serve
	@touch $@

# What takes long to fetch and is seldom wanted comes in groups of its own, on top of what every test needs.
.venv/installed: pyproject.toml uv.lock | $(if $(filter $(TOOLS)/bin/uv,$(UV)),$(TOOLS)/bin/uv)
	$(UV) sync --quiet --locked --extra serve --extra meters --extra stream
	@touch $@

.venv/browser: .venv/installed
	$(UV) sync --quiet --locked --inexact --all-extras --no-extra spark --no-extra prefect --group browser --group notebooks
	@touch $@

.venv/notebooks: .venv/installed
	$(UV) sync --quiet --locked --inexact --extra serve --extra postgres --extra meters --extra stream --group $(@F)
	@touch $@

.venv/sql .venv/bench: .venv/installed
	$(UV) sync --quiet --locked --inexact --extra serve --extra stores --extra postgres --extra meters --extra stream \
		--group $(@F)
	@touch $@

.venv/coverage: .venv/browser
	$(UV) sync --quiet --locked --inexact --all-extras --no-extra spark --no-extra prefect --group $(@F)
	@touch $@

# PySpark has an environment of its own: half a gigabyte that nothing else wants.
.venv-spark/installed: export UV_PROJECT_ENVIRONMENT = .venv-spark
.venv-spark/installed: pyproject.toml uv.lock | $(if $(filter $(TOOLS)/bin/uv,$(UV)),$(TOOLS)/bin/uv)
	$(UV) sync --quiet --locked --no-dev --extra spark
	@touch $@

# Prefect has an environment of its own: it starts with neither the FastAPI nor the SQLAlchemy that the others have.
.venv-prefect/installed: export UV_PROJECT_ENVIRONMENT = .venv-prefect
.venv-prefect/installed: pyproject.toml uv.lock | $(if $(filter $(TOOLS)/bin/uv,$(UV)),$(TOOLS)/bin/uv)
	$(UV) sync --quiet --locked --no-dev --extra prefect --extra stores --extra postgres
	@touch $@

# Airflow shares nothing with watthouse but its command line.
.venv-airflow/installed: airflow/requirements.txt | $(if $(filter $(TOOLS)/bin/uv,$(UV)),$(TOOLS)/bin/uv)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-airflow
	$(UV) pip sync --quiet --python .venv-airflow/bin/python airflow/requirements.txt
	@touch $@

run: .venv/base  ## refresh from ODRÉ, show the newest days, open the pages; FROM="path…" reads exports, PORT=8060
ifdef FROM
	@.venv/bin/watthouse refresh --from $(FROM)
	@.venv/bin/watthouse serve $(if $(PORT),--port $(PORT))
else
	@.venv/bin/watthouse run --serve $(if $(PORT),--port $(PORT))
endif

setup: .venv-prefect/installed  ## the hourly refresh on a Prefect server: its deployment and three blocks; API=https://… names another than this machine's
	@.venv-prefect/bin/watthouse orchestrate prefect setup $(if $(API),--api $(API))

test: .venv/browser .venv-spark/installed .venv-prefect/installed .venv-airflow/installed chromium strace node java  ## every test, on a machine with Python ≥ 3.11, make and pip
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: .venv/browser .venv-spark/installed java  ## those that kill at random moments and run for long: what `make test` leaves out
	.venv/bin/python -m pytest -n 2 -m long

test-days: .venv/browser chromium  ## the tests that read a sample, as of ten awkward days, some 6 min each; DAYS="2024-02-29 …" takes others
	.venv/bin/python -m tests.days $(DAYS)

fuzz: .venv/installed  ## every reader against spoilt and hostile files, for MINUTES=10
	.venv/bin/python -m tests.fuzz --minutes $(or $(MINUTES),10)

coverage: .venv/coverage .venv-spark/installed .venv-prefect/installed .venv-airflow/installed chromium strace node java  ## which code the tests run, into htmlcov/, and how much, into the README; ONLY=quick takes the quick ones
	.venv/bin/coverage erase
	@# what was run is shown also where a test failed; the README has figures of whole runs alone
	.venv/bin/coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(ONLY),$(QUICK),-m "not long"); \
		failed=$$?; .venv/bin/coverage combine --quiet && .venv/bin/coverage html --quiet && exit $$failed
	@sed -i "s|^Coverage: .*|Coverage: $$(.venv/bin/coverage report --format=total)% of lines and branches \
	(\`make coverage$(if $(ONLY), ONLY=$(ONLY))\`, $$(date -u +%F)).|" README.md
	@grep '^Coverage: ' README.md
	@echo "line by line: file://$(CURDIR)/htmlcov/index.html"

chromium:  ## Debian's Chromium, for the browser tests; where it cannot be had they are skipped, with the reason
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
		|| echo "chromium cannot be installed from here: the browser tests will be skipped"

strace:  ## Debian's strace, which hears more of what leaves the machine; where it cannot be had, Python alone is listened to
	@command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace >/dev/null; } \
		|| echo "strace cannot be installed from here: what leaves the machine is listened for in Python alone"

java:  ## Debian's Java and Maven, for Kafka, Spark and the store of the stream; without them those tests are skipped
	@command -v mvn >/dev/null && command -v javac >/dev/null \
		|| { apt-get update -qq && apt-get install -y -qq maven default-jdk-headless >/dev/null; } \
		|| echo "Java and Maven cannot be installed from here: the tests of the stream will be skipped"

node:  ## Debian's Node and npm, for newman, which runs the Postman collection; without them that test is skipped
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq nodejs npm >/dev/null; } \
		|| echo "Node and npm cannot be installed from here: the Postman collection will not be run"

quick: .venv/installed  ## the tests that take no server, no browser and no time
	.venv/bin/python -m pytest -n 2 $(QUICK)

lint: .venv/sql  ## format, lint, types, SQL, layers, notebooks without outputs
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/sqlfluff lint --processes 2 src/watthouse/transform
	.venv/bin/nbstripout --verify notebooks/*.ipynb

format: .venv/sql  ## make ruff, sqlfluff and nbstripout mend what they can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/sqlfluff fix src/watthouse/transform
	.venv/bin/nbstripout notebooks/*.ipynb

bench: .venv/bench .venv-spark/installed chromium java  ## side by side, in one run; writes benchmarks/RESULTS.md
	.venv/bin/python -m benchmarks

bench-quick: .venv/bench chromium  ## the main claims at their smallest, in under 3 minutes; prints, writes nothing
	.venv/bin/python -m benchmarks.quick

verify-bigquery: .venv/browser  ## what the emulator of BigQuery cannot prove, on an account: PROJECT=my-empty-project
	.venv/bin/python -m tools.verify_bigquery $(or $(PROJECT),$(error name an empty project: make verify-bigquery PROJECT=…))

clean:  ## remove the environment and what tools left behind; state in var/ stays
	rm -rf .venv .venv-spark .venv-prefect .venv-airflow .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz .coverage* htmlcov dist

.PHONY: help run setup test test-long test-days fuzz coverage chromium strace node java quick lint format bench bench-quick \
	verify-bigquery clean
