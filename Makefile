# make demo and make test do all their own set-up; nothing is installed outside this folder.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
WATCH  ?= 20s
BENCH  := var/bench
SITE   := var/site
SPHINX := $(SITE)/environment
BENCHED := $(BENCH)/.ready
# A stop has two seconds from the press. Where Python may write no byte code (its environment says so, or the folder is
# another user's) every press would compile the sources first, and a loaded machine would stop without the ledger.
COMPILE = $(BIN)/python -m compileall -q ledger web scripts tools tests

.PHONY: help setup demo rehearsal test quick lint coverage messages screenshots pictures kept-pictures docs bench bench-web bench-stop wheel lock clean

help: ## show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP) ## make .venv from the lock file

$(STAMP): pyproject.toml requirements-dev.txt requirements-node.txt package-lock.json hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv || true
	if $(BIN)/python -m uv --version >/dev/null 2>&1; then \
	  $(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements-dev.txt && \
	  $(BIN)/python -m uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet -r requirements-dev.txt && \
	  $(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	# The workflow's linter runs in Node.js: where the machine has none, it comes as a package.
	command -v npm >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet -r requirements-node.txt
	$(COMPILE)
	touch $@

demo: $(STAMP) ## the lab and the dashboard, a rollback ready to be run (without a terminal, or in CI: the rehearsal)
	$(BIN)/stage4 demo --watch $(WATCH)$(if $(PORT), --port $(PORT))

rehearsal: $(STAMP) ## rehearse a whole rollback on real servers, unattended, and verify what it left
	$(BIN)/stage4 rehearse --watch $(WATCH)

# What tests write is kept in memory where a gigabyte is free there: a third of their time was the disk's.
IN_MEMORY := $(shell test -w /dev/shm && test "$$(df -Pk /dev/shm | awk 'END {print $$4}')" -gt 1048576 && echo TMPDIR=/dev/shm)

test: lint ## lint, types and all tests (fetches servers into var/lab/tools; faults by strace, proxies by nginx, if installed)
	@$(COMPILE)
	$(IN_MEMORY) $(BIN)/pytest -q -n 2 --dist loadfile

quick: lint ## lint, types and the tests that need no server, no browser and no patience, in a minute
	@$(COMPILE)
	$(IN_MEMORY) $(BIN)/pytest -q -n 2 --dist loadfile -m "not browser and not server and not slow"

lint: $(STAMP) ## lint and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(STAMP) ## which branches of the rules, the proofs, the store and the verifier their own tests take
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not browser and not server" \
	  --cov ledger.domain --cov ledger.proof --cov ledger.store --cov ledger.verify --cov-branch --cov-report term \
	  tests/domain tests/proof tests/store tests/verify tests/app

messages: $(STAMP) ## bring web/locale/pl up to the texts of pages and ledger; says what is to be translated
	$(BIN)/python -m tools.messages

screenshots: $(STAMP) ## every page as it looks, into var/screenshots
	$(BIN)/python -m tests.browser.screenshots var/screenshots

pictures: screenshots ## the pictures of the README and the documentation, anew
	$(BIN)/python -m tools.pictures var/screenshots docs/images

kept-pictures: $(STAMP) ## the main pages as they are to look, anew: a test compares with them
	$(BIN)/python -m tests.browser.kept_pictures

docs: $(STAMP) $(SPHINX)/.ready ## the documentation as a site, into var/docs; a link that leads nowhere ends it
	rm -rf var/docs $(SITE)/made
	$(BIN)/python -m tools.reference $(SITE)/made
	$(SPHINX)/bin/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet -b html docs var/docs -d $(SITE)/doctrees
	@! grep -rlE '<(link|script|img)[^>]*(href|src)="(https?:)?//' var/docs --include=*.html  # nothing comes from elsewhere
	@echo var/docs/index.html

$(SPHINX)/.ready: requirements-docs.txt
	test -x $(SPHINX)/bin/python || $(PYTHON) -m venv $(SPHINX)
	$(SPHINX)/bin/python -m pip install --quiet --require-hashes -r requirements-docs.txt
	touch $@

bench: $(BENCHED) ## measure appending and verifying beside other ledgers
	$(BENCH)/bin/python -m bench

bench-web: $(BENCHED) ## measure the dashboard: pages on 100,000 entries, then 200 open browsers
	$(BENCH)/bin/python -m bench.web

bench-stop: $(BENCHED) ## measure the stop while everything that is told hangs, beside one without connections
	$(BENCH)/bin/python -m bench.stopping

$(BENCHED): $(STAMP) requirements-bench.txt
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet -r requirements-dev.txt -r requirements-bench.txt
	$(BENCH)/bin/python -m pip install --quiet --no-deps -e .
	touch $@

wheel: $(STAMP) ## build dist/stage4_ledger-….whl, and beside it the versions that it was tested with
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -d dist
	sed -n 's/^\([A-Za-z0-9._-]*==[^\\]*[^ \\]\) *\\*$$/\1/p' requirements-dev.txt > dist/constraints.txt

lock: $(STAMP) ## resolve the dependencies anew
	$(BIN)/python -m uv pip compile pyproject.toml --extra dev --extra notify --extra pdf --extra pictures --universal --generate-hashes --no-header \
	  --python-version 3.11 -q -o requirements-dev.txt
	$(BIN)/python -m uv pip compile bench/requirements.in -c requirements-dev.txt --universal --generate-hashes \
	  --no-header --python-version 3.11 -q -o requirements-bench.txt
	$(BIN)/python -m uv pip compile --group docs -c requirements-dev.txt --universal --generate-hashes \
	  --no-header --python-version 3.11 -q -o requirements-docs.txt
	npm install --package-lock-only --silent
	# The lock names no host at all, so that a registry's would show: the packages' pages for donations go too.
	$(BIN)/python -c 'import json, pathlib; p = pathlib.Path("package-lock.json"); d = json.loads(p.read_text()); \
	  [one.pop("funding", None) for one in d["packages"].values()]; p.write_text(json.dumps(d, indent=2) + "\n")'

clean: ## forget .venv (an installation's data in var/ and audit/ stays)
	rm -rf $(VENV)
