# Two commands do all set-up: `make run` and `make test`. Everything lives in .venv.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
STAMP := .venv/.installed

.PHONY: install run test test-long check bench lock messages format clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(STAMP)

run: install
	@$(BIN)/aval demo --port $(PORT)

test: install
	@$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: install
	@$(BIN)/python -m pytest -m "long or not long" --timeout 3600 $(ARGS)

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install
	@$(BIN)/python -m tests.benchmarks $(ARGS)

messages: install
	@$(BIN)/python -m core.locale.update

lock:
	@test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra dev --extra boosters --output-file requirements.lock pyproject.toml
	@echo "pyspark>=4.1,<5" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --constraint requirements.lock --output-file requirements-spark.lock -

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
