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

# The oldest releases that a prediction runs with: those of Slicer on a Mac, where PyTorch ends at 2.2.2.
OLDEST_PYTHON ?= $(PYTHON)
OLDEST := .venv-oldest
OLDEST_RUN := $(subst $(VENV),$(OLDEST),$(RUN))
OLDEST_PACKAGES := "torch==2.2.2" "numpy==1.26.4" "SimpleITK>=2.3" "scipy>=1.11" "pydicom>=2.4" "pytest>=8" "hypothesis>=6.100"
PREDICTION_TESTS := Testing/inference Testing/cli/test_predict_command.py

BENCH_VENV := .venv-bench
BENCH_RUN := $(subst $(VENV),$(BENCH_VENV),$(RUN))

.PHONY: demo test test-oldest lint bench fuzz system-packages clean

demo: $(VENV)/demo-installed
	$(RUN) -m DCMMultiTaskLib.demo

# A process for each core, and one thread in each; the tests of a file share what they make.
test: export OMP_NUM_THREADS = 1
test: $(VENV)/test-installed lint
	$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Needs Python 3.10 to 3.12. On Linux this PyTorch brings its CUDA libraries, so that it is not part of `test`.
test-oldest: export OMP_NUM_THREADS = 1
test-oldest: $(OLDEST)/installed
	$(OLDEST_RUN) -m pytest $(PREDICTION_TESTS)

lint: $(VENV)/test-installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

# The peers have an environment of their own. A run that was cut goes on; BENCH="--again" measures anew.
bench: $(VENV)/test-installed $(BENCH_VENV)/installed
	$(BENCH_RUN) Testing/benchmarks/run.py $(BENCH)
	$(RUN) -m pytest -o python_files="bench_*.py" -s Testing/benchmarks

# Hostile inputs, new ones every time; what is found lies in out/fuzz. The tests try some with a fixed seed.
fuzz: export FUZZ_SECONDS ?= 3600
fuzz: export FUZZ_FOUND ?= out/fuzz
fuzz: $(VENV)/test-installed
	$(RUN) -m pytest -s Testing/fuzz

# Mesa, for the 3D picture on a machine without a graphics card or screen, and Chromium, in which the tests open the page
# of a batch (Debian; where Ubuntu's are snaps, any chromium and chromedriver on the PATH will do).
system-packages:
	apt-get update -qq && apt-get install -y -qq --no-install-recommends \
		libegl1 libegl-mesa0 libgl1-mesa-dri libgl1 chromium chromium-driver

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
	$(PIP) -e ".[slicer,train,dicom,test]"
	@touch $@

$(OLDEST)/installed: Makefile
	@echo "Installing the oldest releases that a prediction runs with (2.8 GB on Linux) ..."
	$(OLDEST_PYTHON) -m venv --clear $(OLDEST)
	$(OLDEST_RUN) -m pip --disable-pip-version-check install --quiet --no-compile $(OLDEST_PACKAGES)
	@touch $@

$(BENCH_VENV)/installed: pyproject.toml constraints.txt
	@echo "Installing the programs that prediction is measured against (nnU-Net, MONAI) ..."
	$(PYTHON) -m venv $(BENCH_VENV)
	$(subst $(VENV),$(BENCH_VENV),$(PIP)) -e ".[bench]"
	@touch $@

clean:
	rm -rf $(VENV) $(OLDEST) $(BENCH_VENV) out build
