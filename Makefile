# make demo and make test need Python (3.11 or later) and make, nothing else. A .venv that is there keeps its
# Python: another one needs an environment of its own, make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := build/demo
QUERY  := select event, count(*) n from merrec.events group by all order by n desc
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Hundreds of short processes would compile the package again and again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-benchmarks test-embed oldest faults lint audit dist bench docs site lock clean
.DEFAULT_GOAL := demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ecomdata needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# The stamps make a second run quick; they are renewed when the dependencies change.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) --prefer-binary -e .
	@touch $@

# What is tested is locked, with hashes (docs/dependencies.md); pip brings uv, and uv the rest.
$(VENV)/.developed: requirements/dev.txt pyproject.toml | $(BIN)/python
	sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.txt | $(PIP) --require-hashes -r /dev/stdin
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt -b requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed
	$(BIN)/ecomdata load merrec --sample -y --home $(DEMO)
	$(BIN)/ecomdata sql --home $(DEMO) "$(QUERY)"

# Three for two cores: some wait for servers, clocks and signals.
test: $(VENV)/.developed
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m "not benchmark"

# Most of the benchmarks, small: whether they run, before they are run for figures to commit.
test-benchmarks: $(VENV)/.developed
	$(BIN)/python -m pytest -q -m benchmark

# The tests that need torch and a sentence model, with a small one that comes as a package.
test-embed: $(VENV)/.developed
	$(BIN)/python tests/embeddings/with_models.py build/embed

# The tests of publishing with the oldest huggingface_hub that datasets accepts.
oldest: $(VENV)/.developed
	$(BIN)/python tests/hub/oldest.py build/oldest

# Faults and hostile inputs by the thousand, and what happened, written to benchmarks/results/.
faults: $(VENV)/.developed
	$(BIN)/python -m tests.campaigns.campaign faults
	$(BIN)/python -m tests.campaigns.campaign hostile
	$(BIN)/python docs/reliabilitydocs.py

lint: $(VENV)/.developed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyrefly check
	$(BIN)/lint-imports

# Known vulnerabilities of what is locked, where a database of them can be reached.
audit: $(VENV)/.developed
	$(BIN)/python requirements/audit.py

# A release: sdist, wheel, bill of materials, checksums.
dist: $(VENV)/.developed
	$(BIN)/python requirements/release.py dist

bench: $(VENV)/.developed
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/json_arrays.py
	$(BIN)/python benchmarks/json_lines.py
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
	$(BIN)/python benchmarks/ray_engine.py

# The command-line reference, and what campaigns gave; tests say when they are out of date.
docs: $(VENV)/.installed
	$(BIN)/python docs/clidocs.py > docs/cli.md
	$(BIN)/python docs/reliabilitydocs.py
	$(BIN)/python docs/scaledocs.py

# The site, with the notebooks run and their answers shown. Any warning is an error.
site: $(VENV)/.developed
	ECOMDATA_HOME=build/site-home PYTHONPATH=. $(BIN)/python -m sphinx -q -W --keep-going -b html \
		-d build/site-trees -D nb_execution_mode=cache -D nb_execution_cache_path=build/site-notebooks docs build/site

# Renews requirements/ after a change of the dependencies; `make lock UPGRADE=--upgrade` takes the newest of all.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' $(UPGRADE) pyproject.toml
lock: $(VENV)/.developed
	$(LOCK) --extra dev --extra bench -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt -o requirements/run.txt

clean:
	rm -rf build dist .pytest_cache .ruff_cache .import_linter_cache
