# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.lossdoctor-ready
JOBS ?= 2

.PHONY: setup demo test lint types layers check-gen unit wheel casebook casebook-subset mutants-subset bench gen cause clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,dev]'
	@touch $@

demo: $(READY)
	@echo '$$ lossdoctor check demo/train.py'
	@$(BIN)/lossdoctor check --out demo-out --exit-zero demo/train.py
	@echo
	@echo 'The report with its pictures: demo-out/report.html'

test: lint types layers check-gen unit wheel casebook-subset mutants-subset

lint: $(READY)
	$(BIN)/ruff check src tests tools bench casebook/*.py casebook/faults/*.py casebook/faults/injectors

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

gen: $(READY)
	$(BIN)/python tools/write_cause_pages.py
	$(BIN)/python tools/write_schema.py

check-gen: $(READY)
	$(BIN)/python tools/write_cause_pages.py --check
	$(BIN)/python tools/write_schema.py --check

unit: $(READY)
	$(BIN)/python -m pytest

wheel: $(READY)
	$(BIN)/python tools/check_wheel.py

casebook: $(READY)
	$(BIN)/python casebook/score.py --jobs $(JOBS) --require-first 0.95 --require-three 0.99 --max-false-alarms 0

casebook-subset: $(READY)
	$(BIN)/python casebook/score.py --jobs $(JOBS) --subset spread:8 --max-false-alarms 0 --require-three 0.8

# One in twenty of the validated mutants, spread over scripts and faults.
mutants-subset: $(READY)
	rm -rf build/mutants
	$(BIN)/python casebook/faults/make.py --out build/mutants --spread 34
	$(BIN)/python casebook/score.py --root build/mutants --jobs $(JOBS) --no-plain --max-false-alarms 0 --require-three 0.8

bench: $(READY)
	$(BIN)/python bench/overhead.py

cause: $(READY)
	$(BIN)/python tools/new_cause.py $(ID) $(if $(FAMILY),--family $(FAMILY))

clean:
	rm -rf $(VENV) demo-out lossdoctor-out casebook/.results
