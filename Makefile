# One word per wish.  Everything works without questions, as root or not.

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow check lint fast-tests compliance limits-race \
	storm bench format lock clean

BIN := .venv/bin

# Options of `make run`: PORT=9000, HOME_DIR=/somewhere.
RUN_OPTIONS := $(if $(PORT),--port $(PORT)) $(if $(HOME_DIR),--home $(HOME_DIR))

# The rooms that money goes through.  What tests leave out of them is a failure.
COVERED_ROOMS := wallet messages sportsbook
COVERED_PERCENT := 95

# A test process for each processor, each with a PostgreSQL of its own; who is done early takes over
# from who is not.  More than eight would want more memory than they save time.
AT_ONCE := -n logical --maxprocesses 8 --dist worksteal

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile | expand -t 18

setup: ## make .venv with exactly what requirements.lock says; at once if nothing has changed
	@tools/setup-env.sh

run: setup ## start pitboss until Ctrl-C; options: PORT=9000 HOME_DIR=/somewhere
	@exec $(BIN)/pitboss up $(RUN_OPTIONS)

# The last lines are pytest's own, unless the rooms of money are not covered.
test: setup lint ## lint, types, contracts and all tests but the slow ones, with coverage
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not slow" --cov --cov-report=term:skip-covered
	@for room in $(COVERED_ROOMS); do \
		$(BIN)/coverage report --include="src/pitboss/$$room/*" \
			--fail-under=$(COVERED_PERCENT) > .coverage-report 2>&1 \
			|| { cat .coverage-report; exit 1; }; \
	done

test-slow: setup ## the tests that take longer than the suite allows
	@$(BIN)/python -m pytest -m slow

check: setup lint fast-tests ## what to run before a commit: lint, types, contracts, unit tests

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fast-tests: setup
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not slow" tests/unit tests/architecture

compliance: setup ## run the tests that prove rules of licences; write docs/compliance.md
	@$(BIN)/python -m pytest -q -m proves --proofs=docs/compliance.json tests
	@$(BIN)/pitboss compliance matrix --proofs docs/compliance.json --write docs/compliance.md

limits-race: setup ## race to the edge of every kind of limit, 100 times in a row
	@$(BIN)/pitboss sim limits --rounds 100

storm: setup ## exclude 1,000 players in a storm of bets; nothing may be taken after it
	@$(BIN)/pitboss sim exclusion --players 1000

bench: setup ## time the wallet; print a table, write bench-results/wallet.json
	@mkdir -p bench-results
	@$(BIN)/pitboss bench wallet --output bench-results/wallet.json

format: setup ## put the code into its one format and mend what ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# One lock for uv and for pip, so that both install the same.
lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --generate-hashes --upgrade --quiet \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --output-file requirements.lock

clean: ## remove .venv and all caches; data under PITBOSS_HOME and bench results stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		.coverage .coverage.* .coverage-report htmlcov build dist
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
