# Every target does its own set-up in .venv and is quick the second time.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
RUN := $(BIN)/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test lint bench system-packages clean

demo: $(VENV)/demo-installed
	$(RUN) -m DCMMultiTaskLib.demo

test: $(VENV)/test-installed lint
	$(RUN) -m pytest

lint: $(VENV)/test-installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: $(VENV)/test-installed
	$(RUN) -m pytest -o python_files="bench_*.py" -s Testing/benchmarks

# Mesa, for the 3D picture on a machine without a graphics card or screen (Debian, Ubuntu).
system-packages:
	apt-get update -qq && apt-get install -y -qq --no-install-recommends libegl1 libegl-mesa0 libgl1-mesa-dri libgl1

$(VENV)/created:
	@echo "Making the environment in $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo-installed: $(VENV)/created pyproject.toml constraints.txt
	@echo "Installing what prediction and the Slicer scene need (torch is large; this takes a minute or two) ..."
	$(PIP) -e ".[slicer]"
	@touch $@

$(VENV)/test-installed: $(VENV)/created pyproject.toml constraints.txt
	@echo "Installing what the tests need ..."
	$(PIP) -e ".[slicer,train,test]"
	@touch $@

clean:
	rm -rf $(VENV) out build
