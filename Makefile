# Each target does its own set-up, once. PYTHON=/path/to/python chooses another interpreter, VENV=folder another place.
# make demo    one whole migration and back, on this machine
# make up      the same town, left running
# make test    everything that CI runs
# make check   what is quick: style, types, architecture
# make bench   the measurements
# make torture the app killed wherever it touches the world, while all else fails too; an hour or two
# make clean   forget everything that was installed or written

VENV ?= .venv
export VENV PYTHON
# Compiled once, not by each of the hundreds of processes that a demo or the tests start.
unexport PYTHONDONTWRITEBYTECODE
RUN := $(VENV)/bin/python

.PHONY: demo up test check bench torture setup clean lint
.NOTPARALLEL:

demo: setup
	@$(RUN) -m sandbox demo

up: setup
	@$(RUN) -m sandbox up

bench: setup
	@$(RUN) -m benchmarks

torture: setup
	@$(RUN) -m torture

check: setup lint
	@$(RUN) -m pytest tests/test_house.py

# A file's tests stay on one worker (loadfile), so that a town is built once for the journeys that share it, and so do the
# files of a folder that share a run (tests/conftest.py); in the order of collection, which has the long journeys early and
# the many short files last, so that no worker is left alone at the end. What judges the infrastructure is installed while
# style and types are judged.
test: setup
	@sh setup/checkov.sh & judge=$$!; $(MAKE) --no-print-directory lint; linted=$$?; wait $$judge && exit $$linted
	@$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations 15

lint:
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m mypy

setup:
	@sh setup/environment.sh

clean:
	rm -rf $(VENV) .sandbox sandbox/npm/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
