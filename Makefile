# make demo   trains on bundled real data, exports, verifies, predicts, and shows the result
# make test   runs every test
# make lint   ruff, types
# make bench  speed against peers (installs them into an environment of their own)

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo

.PHONY: demo test lint bench clean

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)
	rm -rf $(DEMO) && mkdir $(DEMO)
	$(BIN)/lstm-onnx train --plugin forecasting --runs $(DEMO)/runs --name forecaster
	$(BIN)/lstm-onnx export $(DEMO)/runs/forecaster --out $(DEMO)/forecaster.onnx
	$(BIN)/lstm-onnx verify $(DEMO)/forecaster.onnx --run $(DEMO)/runs/forecaster
	$(BIN)/python -c "import lstm_onnx_forecasting.data as d; print(d.bundled())" > $(DEMO)/data.txt
	$(BIN)/lstm-onnx predict $(DEMO)/forecaster.onnx "$$(cat $(DEMO)/data.txt)" --plot $(DEMO)/forecast.png
	@echo
	@echo "Forecast against what happened: $(DEMO)/runs/forecaster/plots/forecast.png"
	@echo "The next steps after the data:   $(DEMO)/forecast.png"

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks.speed

clean:
	rm -rf .venv $(DEMO) dist build
