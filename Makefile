# make lab · make test · make run · make lint · make bench · make book · make slides · make teach-all
# make colab · make faults
# Each sets up what it needs, once; any of them can be the first command in a fresh clone.
#
#   PYTHON=python3.12   the interpreter that makes the environment (3.11 to 3.13)
#   VENV=.venv          where the environment lies; one that is there is used as it is
#   TORCH_INDEX=https://download.pytorch.org/whl/cpu
#                       Linux without a GPU: take PyTorch's CPU build and spare gigabytes of CUDA
#   NOTEBOOKS="01 02"   `make run`, `make teach-all`, `make colab`: only these
#   WORKERS=2           `make test`: how many files are tested at once
#   ARGS="..."          more arguments for pytest, JupyterLab or the benchmarks

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
NOTEBOOKS ?=
ARGS ?=
WORKERS ?= 2

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install -c constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
ROOT_MAY := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help lab test run lint bench book slides teach-all colab faults

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

lab: $(VENV)/.lab
	PYTORCH_ENABLE_MPS_FALLBACK=1 $(BIN)/jupyter lab $(ROOT_MAY) --ServerApp.root_dir="$(CURDIR)" $(ARGS) notebooks/00_two_questions.ipynb

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov=course_lib --cov-config=pyproject.toml $(ARGS)

run: $(VENV)/.lab
	$(BIN)/python tests/refresh.py $(NOTEBOOKS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.bench
	$(BIN)/course bench $(ARGS)

book slides: $(VENV)/.book
	$(BIN)/python book/make.py $@ $(ARGS)

teach-all: $(VENV)/.teach
	$(BIN)/python tests/teach_all.py $(NOTEBOOKS) $(ARGS)
	$(BIN)/python tests/styles_all.py $(NOTEBOOKS)

colab: $(VENV)/.test
	$(BIN)/python tests/colab_all.py $(NOTEBOOKS)

faults: $(VENV)/.test
	OMP_NUM_THREADS=1 PYTHONPATH=.:tests $(BIN)/python -m faults.campaign $(ARGS)

# Stamps: what was installed, remade when the requirements change.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 ..."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) \
		|| { echo "No environment could be made. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.lab: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) -e ".[lab]"
	@touch $@

$(VENV)/.test: $(VENV)/.system $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) -e ".[lab,test,book,teach]"
	# torchcfm requires torchdyn, lightning and pandas for its examples; its flow matchers need only torch and pot
	$(INSTALL) --no-deps torchcfm
	# what the simulated Colab installs
	$(BIN)/python tests/colab.py
	@touch $@ $(VENV)/.lab $(VENV)/.book $(VENV)/.teach

$(VENV)/.system: tests/system_packages.sh
	@sh tests/system_packages.sh
	@mkdir -p $(VENV) && touch $@

$(VENV)/.lint: $(VENV)/.made constraints.txt
	$(INSTALL) ruff
	@touch $@

$(VENV)/.book: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) -e ".[book]"
	@touch $@

$(VENV)/.teach: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) -e ".[lab,teach]"
	@touch $@ $(VENV)/.lab

$(VENV)/.bench: $(VENV)/.lab
	$(INSTALL) -e ".[lab,peers]"
	@touch $@
