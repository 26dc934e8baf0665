# Two commands are all a newcomer needs: `make demo` and `make test`. Both set up .venv/ first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .cache/peers
BASE := $(VENV)/.base
READY := $(VENV)/.ready

.PHONY: help demo demo-words playground test test-model test-editors test-browser test-sandbox test-evals fuzz check peers lock clean bubblewrap wheel vsix e2e
GATES := humaneval humaneval-plus mbpp mbpp-sanitized humaneval-x-js infilling-single infilling-random-light contest

help:
	@echo "make demo          see the real model complete a function of the standard library"
	@echo "make demo-words    see it write a function from words, run its candidates, and show the evidence"
	@echo "make playground    try it in a browser: builds the page (needs Node) and serves it on this machine alone"
	@echo "make test          run the tests that need no model weights and no editor"
	@echo "make test-model    run the tests that need the model: codegpt models pull"
	@echo "make test-editors  run the tests in a real Neovim, with the scripted engine"
	@echo "make test-browser  run the tests of the playground in a headless Chromium (needs Node and Chromium)"
	@echo "make vsix          pack the VS Code extension with the wheel that it installs: dist/codegpt.vsix (needs Node)"
	@echo "make e2e           drive real editors with the real model: VS Code, Neovim, Emacs, Helix, each into its own folder"
	@echo "make fuzz          100,000 mutated messages and 20,000 random edits to a server"
	@echo "make test-sandbox  run the attacks and the ordinary programs in the jail"
	@echo "make test-evals    run the benchmarks' canonical and wrong solutions: needs their data, see docs/evals.md"
	@echo "make check         ruff and mypy"
	@echo "make peers         build llama.cpp, which benchmarks/ compares with"

MODEL ?= qwen2.5-coder-0.5b-instruct
demo: $(BASE)
	@$(BIN)/codegpt models path $(MODEL) >/dev/null 2>&1 || $(BIN)/codegpt models pull $(MODEL) || true
	@$(BIN)/python -m codegpt_server.demo --model $(MODEL)

demo-words: $(BASE) bubblewrap
	@$(BIN)/codegpt models pull
	@$(BIN)/codegpt generate "Rotate a list to the right by n places. rotate([1, 2, 3], 1) == [3, 1, 2], rotate([], 5) == []"

PAGE := server/codegpt_server/page/index.html
$(PAGE): $(wildcard server/playground/src/* server/playground/*.json server/playground/*.mjs)
	@command -v npm >/dev/null || { echo "the playground's page is built by Node; install it (nodejs.org)"; exit 2; }
	@cd server/playground && npm ci --no-audit --no-fund --silent && npm run --silent build

playground: $(BASE) bubblewrap $(PAGE)
	@$(BIN)/codegpt models pull
	@$(BIN)/codegpt-server --playground

test: $(READY) bubblewrap
	@$(BIN)/pytest -m "not model and not neovim and not browser and not e2e"

test-model: $(READY)
	@CODEGPT_NVIM=$$(tests/e2e/get_neovim.sh | tail -n 1) $(BIN)/pytest -m model

test-editors: $(READY)
	@CODEGPT_NVIM=$$(tests/e2e/get_neovim.sh | tail -n 1) $(BIN)/pytest -m "neovim and not model"

test-browser: $(READY) bubblewrap $(PAGE)
	@command -v "$${CODEGPT_CHROMIUM:-chromium}" >/dev/null || { echo "Chromium is not here; install it, or say where it is: CODEGPT_CHROMIUM=/path"; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	@$(BIN)/pytest -m "browser and not model"

wheel: $(READY) $(PAGE)
	@rm -f dist/*.whl
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

# The extension carries the wheel, and the versions that it was tested with.
VSCODE := server/editors/vscode
vsix: wheel
	@rm -rf $(VSCODE)/python && mkdir $(VSCODE)/python
	@cp dist/*.whl constraints.txt $(VSCODE)/python && cp LICENSE $(VSCODE)
	@cd $(VSCODE) && npm ci --no-audit --no-fund --silent && npm run --silent build
	@cd $(VSCODE) && npx vsce package --no-dependencies --allow-missing-repository --out ../../../dist/codegpt.vsix

e2e: $(READY) bubblewrap vsix
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	@$(BIN)/python -m tests.e2e.editors

fuzz: $(READY)
	@$(BIN)/python -m tests.server.fuzzing

test-sandbox: $(READY) bubblewrap
	@$(BIN)/codegpt sandbox selftest --require strong

test-evals: $(READY) bubblewrap
	@out=$$(mktemp -d) && for task in $(GATES); do $(BIN)/codegpt-evals gate $$task --out $$out/$$task || exit; done && rm -r $$out

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy benchmarks/*.py benchmarks/peers/*.py

# The jail's tests need it. Nothing is installed for anybody who is not root, and sudo is never called.
bubblewrap:
	@command -v bwrap >/dev/null || ! test "$$(id -u)" = 0 || ! command -v apt-get >/dev/null || { apt-get update && apt-get install --yes bubblewrap; } >/dev/null 2>&1 || true
	@command -v bwrap >/dev/null || echo "not run: the jail's tests; install bubblewrap"

# What a user has; what tests and measurements need beside it comes with the first of them.
$(BASE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "codegpt needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV)/ (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $(BASE)

$(READY): $(BASE)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[evals,train,dev]'
	@touch $(READY)

# What benchmarks compare with, in an environment of its own. llama.cpp is built for this very processor.
peers: $(READY)
	@mkdir -p $(PEERS)
	@$(BIN)/python benchmarks/peers/gguf.py $(PEERS)/gguf
	@test -x $(PEERS)/venv/bin/python || $(PYTHON) -m venv $(PEERS)/venv
	@echo "building llama.cpp in $(PEERS)/ (some minutes the first time)"
	@$(PEERS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt

lock: $(READY)
	@{ head -n 1 constraints.txt; $(BIN)/pip freeze --exclude-editable | sed 's/+cpu//'; } > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
