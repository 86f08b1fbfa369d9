# Everything a newcomer needs: make demo, make test, make lint.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test fuzz lint format screenshots accuracy clean

.venv/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: .venv/.installed
	$(BIN)/prochain demo

# Three workers keep two cores busy, since browsers and other processes are often waited for, and each more would read
# all modules for itself; threads of the matrix library would only wait for one another. Some hundred processes read the
# same modules: compiled once, they are kept.
test: export OPENBLAS_NUM_THREADS = 1
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/.compiled
	$(BIN)/python -m pytest -n 3 --dist loadgroup

# What numba compiles is kept too: a few minutes of a town, or each of the first processes would do it for itself. The
# other core reads the tests meanwhile: each worker would take longer to write their assertions out than to run most.
.venv/.compiled: .venv/.installed predictor/compiled.py $(wildcard predictor/*_loop.py feeds/*/*_loop.py)
	$(BIN)/python -m pytest --collect-only > .venv/collected & \
	$(BIN)/python -c "from benchmarks.faults.town import TOWN, fleet; from benchmarks.field.city import City; \
	City(TOWN, at='08:09').vehicle_positions(*fleet()).at('08:12')" && wait
	touch $@

# The suite tries little and always the same; this tries much, and something else each time.
fuzz: export OPENBLAS_NUM_THREADS = 1
fuzz: export FUZZ_EFFORT ?= 50
fuzz: .venv/.installed
	$(BIN)/python -m pytest -n 2 tests/fuzz

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: .venv/.installed
	$(BIN)/python -m tests.journeys.screenshots

# Half an hour, where the recordings are at hand: docs/accuracy-by-day.md.
accuracy: export OPENBLAS_NUM_THREADS = 1
accuracy: RECORDINGS ?= ../shared/data
accuracy: JUDGE = $(BIN)/prochain judge --every 60 --page docs/accuracy-by-day.md
accuracy: .venv/.installed
	$(JUDGE) $(RECORDINGS)/capmetro-2016 --days 2016-11-25..2016-11-26
	$(JUDGE) $(RECORDINGS)/stib-tram55-2025 --days 2025-03-18
	$(JUDGE) $(RECORDINGS)/wmata-2026-02-16 --days 2026-02-16
	$(JUDGE) $(RECORDINGS)/pvta-2015 --days 2015-11-18..2015-11-19

clean:
	rm -rf .venv
