# make demo   trains on bundled real data, exports, verifies, predicts, and shows the result
# make test   runs every test
# make search the tests on drawn cases, with many that were not drawn before (minutes)
# make lint   ruff, types, who imports whom
# make docs   builds the site out of docs/ into site/
# make wheel  installs the wheel into an environment of its own, and goes the whole path there
# make light  likewise what a light install does, without torch, and
# make lowest the lowest releases that are allowed
# make bench  speed against peers (installs them into an environment of their own)
# make tools  what embedded programs are built with in the tests: compilers, ONNX Runtime as C wants it, npm packages

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo
TRAFFIC := plugins/lstm_onnx_forecasting/datasets/traffic.csv

.PHONY: demo test search lint docs wheel light lowest bench tools clean

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	touch $@

demo: $(READY)
	rm -rf $(DEMO) && mkdir $(DEMO)
	$(BIN)/lstm-onnx train --plugin forecasting --config examples/traffic.toml --runs $(DEMO)/runs --name traffic
	$(BIN)/lstm-onnx export $(DEMO)/runs/traffic --out $(DEMO)/traffic.onnx
	$(BIN)/lstm-onnx verify $(DEMO)/traffic.onnx --run $(DEMO)/runs/traffic
	$(BIN)/lstm-onnx predict $(DEMO)/traffic.onnx $(TRAFFIC) --plot $(DEMO)/next-day.png
	@echo
	@echo "Open these two pictures:"
	@echo "  $(DEMO)/runs/traffic/plots/forecast.png  forecasts against what happened"
	@echo "  $(DEMO)/next-day.png                     the day after the data"

# a file of tests stays in one process, so that what its fixtures train is trained once (tests/distribution.py has
# exceptions, and the order); each process has one thread (tests/__init__.py); one that dies is not begun anew, after
# which xdist would wait for ever
test: $(READY) tools
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --max-worker-restart 0

search: $(READY)
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest $$(grep -rl "^from hypothesis" tests --include=test_*.py)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

docs: $(READY)
	$(BIN)/python -m mkdocs build --strict

wheel light lowest: $(READY)
	.ci/$@

tools: $(READY)
	tools/debian_packages
	tools/onnxruntime_root $(BIN)/python
	tools/node_packages

bench: $(READY)
	$(BIN)/python -m benchmarks.speed

clean:
	rm -rf .venv .tools $(DEMO) dist build site
