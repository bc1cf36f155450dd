# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
# Everything that they need is installed into .venv. Another Python: make PYTHON=python3.13 …

PYTHON ?= python3
VENV ?= .venv
# How many tests run side by side; the browser's stay one after the other.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 4 ] && echo $$n || echo 4)
BIN := $(VENV)/bin
TRACKER_DIR ?= $(CURDIR)/.tracker
NOTEBOOK := notebooks/01_first_run.ipynb
ROOT_FLAG := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)
# Where another environment is active IPython would take packages from there.
unexport VIRTUAL_ENV
IN_LABEXTENSION := cd labextension && PATH="$(abspath $(BIN)):$$PATH"

# A change of one of these makes `pip install` necessary again.
INSTALLED_FROM := pyproject.toml package/tracker/_version.py \
	$(wildcard labextension/*.json labextension/yarn.lock labextension/*.py labextension/src/*.ts* \
	labextension/schema/* labextension/style/* package/jupyter-config/*/*)

.DELETE_ON_ERROR:
.PHONY: bench chromium clean contracts coverage demo distclean format help hooks install lab \
	labextension labextension-check lint test test-slow types wheel

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the two commands -----------------------------------------------------------------------------

demo: $(VENV)/.installed-demo ## Open JupyterLab on the first notebook (HEADLESS=1: run it without a screen)
ifdef HEADLESS
	@mkdir -p "$(TRACKER_DIR)"
	@echo "Running $(NOTEBOOK) without a screen …"
	@TRACKER_DIR="$(TRACKER_DIR)" $(BIN)/jupyter execute $(NOTEBOOK)
	@echo
	@echo "The runs are in $(TRACKER_DIR)/tracker.duckdb. Ask for them in SQL:"
	@echo "  TRACKER_DIR='$(TRACKER_DIR)' $(BIN)/python -c \"import tracker; print(tracker.sql('select * from runs'))\""
	@TRACKER_DIR="$(TRACKER_DIR)" $(BIN)/python -c "import tracker; print(tracker.sql('select * from runs'))"
else
	TRACKER_DIR="$(TRACKER_DIR)" $(BIN)/jupyter lab $(ROOT_FLAG) $(NOTEBOOK)
endif

test: $(VENV)/.installed-test chromium ## Run all tests (PYTEST_ARGS="-m 'not lab'" picks some)
	$(BIN)/python -m pytest -n $(JOBS) --no-loadscope-reorder $(PYTEST_ARGS)

test-slow: $(VENV)/.installed-test ## Run the long variants, and all properties with new examples
	HYPOTHESIS_PROFILE=default $(BIN)/python -m pytest -m slow $(PYTEST_ARGS)
	HYPOTHESIS_PROFILE=default $(BIN)/python -m pytest -m "not slow and not lab" -n $(JOBS) --no-loadscope-reorder $(PYTEST_ARGS)

# --- checks ---------------------------------------------------------------------------------------

lint: $(VENV)/.installed-dev ## Check the style of the Python code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev ## Check the types
	$(BIN)/mypy

contracts: $(VENV)/.installed-dev ## Check that imports go down only
	$(BIN)/lint-imports

labextension-check: $(VENV)/.installed-dev ## Check the JupyterLab extension: prettier, eslint, tsc, vitest
	$(IN_LABEXTENSION) jlpm install --immutable
	$(IN_LABEXTENSION) jlpm check

coverage: $(VENV)/.installed-test chromium ## Run all tests, and show which lines they never reach
	$(BIN)/python -m pytest -n $(JOBS) --no-loadscope-reorder --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

bench: $(VENV)/.installed-dev ## Run the benchmarks, one after the other
	@for script in tests/benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

# --- work -----------------------------------------------------------------------------------------

format: $(VENV)/.installed-dev ## Put all code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(IN_LABEXTENSION) jlpm install --immutable
	$(IN_LABEXTENSION) jlpm format

hooks: $(VENV)/.installed-dev ## Check every commit before it is made
	$(BIN)/pre-commit install

labextension: $(VENV)/.installed-dev ## Build the JupyterLab extension, and let the .venv use it from here on
	$(IN_LABEXTENSION) jlpm install --immutable
	$(IN_LABEXTENSION) jlpm build
	rm -rf $(VENV)/share/jupyter/labextensions/notebook-tracker
	ln -s "$(CURDIR)/package/tracker/labextension" $(VENV)/share/jupyter/labextensions/notebook-tracker

lab: labextension ## Build the extension and open JupyterLab on the notebooks, to try a change
	TRACKER_DIR="$(TRACKER_DIR)" $(BIN)/jupyter lab $(ROOT_FLAG) notebooks

wheel: $(VENV)/.installed-dev ## Build the sdist and the wheel into dist/
	$(BIN)/python -m build

clean: ## Remove what was built and cached; runs in .tracker stay
	rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache labextension/lib labextension/tsconfig.tsbuildinfo \
		package/tracker/labextension
	find package tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## Remove the virtual environment and Node's packages as well
	rm -rf $(VENV) labextension/node_modules

# --- what the targets stand on --------------------------------------------------------------------

install: $(VENV)/.installed-dev ## Install everything that work on tracker needs

# Each of demo, test and dev holds the one before it, so its stamp stands for theirs as well.
$(VENV)/.installed-%: $(INSTALLED_FROM) | $(VENV)/pyvenv.cfg
	@echo "Installing tracker with '$*' into $(VENV), a few minutes the first time …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
	@case $* in dev) touch $(VENV)/.installed-demo $(VENV)/.installed-test;; \
		test) touch $(VENV)/.installed-demo;; esac

$(VENV)/pyvenv.cfg:
	@command -v $(PYTHON) > /dev/null || { \
		echo "There is no '$(PYTHON)' here: install Python 3.11 or newer, or name yours with make PYTHON=/path/to/python."; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "tracker needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version): name a newer one with make PYTHON=/path/to/python."; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
		echo "'$(PYTHON)' lacks the modules venv and ensurepip: install them (on Debian: apt-get install python3-venv)."; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)

chromium: $(VENV)/.installed-test
	@for name in chromium chromium-browser google-chrome; do \
		command -v $$name > /dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing Chromium for the browser tests …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core > /dev/null \
			&& exit 0; \
	fi; \
	$(BIN)/playwright install chromium
