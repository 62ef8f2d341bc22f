"""What a spec that Darts puts into the metadata of its files says of inputs and outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import onnx

from lstm_onnx.exporting.about import About, AboutTensor
from lstm_onnx.graph.description import Description

KEY = "darts.onnx_spec"
_INPUTS = {
    "past_target": ("history", "target", "the newest values of the series, the last one last"),
    "past_covariates": ("history", "past_covariate", "covariates over the same steps"),
    "historic_future_covariates": ("history", "future_covariate", "covariates known ahead, over the steps of the past"),
    "future_covariates": ("ahead", "future_covariate", "covariates known ahead, over the steps to forecast"),
    "static_covariates": ("component", "static_covariate", "what does not change"),
}
"""Input -> its second axis, its last one, and its meaning; the first axis is the batch."""


def with_darts(about: About, model: onnx.ModelProto, found: Description, notes: list[str]) -> About:
    """Add what a Darts spec says, if the file has one; what a person says comes first."""
    spec = _spec(model)
    if spec is None:
        return about
    notes.append("names and meanings are those of the Darts spec in the file")
    return _filled_in(about, spec, found)


def _spec(model: onnx.ModelProto) -> dict[str, Any] | None:
    text = next((p.value for p in model.metadata_props if p.key == KEY), None)
    try:
        spec = json.loads(text) if text else None
    except json.JSONDecodeError:
        return None
    return spec if isinstance(spec, dict) else None


def _filled_in(about: About, spec: Mapping[str, Any], found: Description) -> About:
    ranks = {t.name: len(t.dims) for t in (*found.inputs, *found.outputs)}
    inputs, outputs = dict(about.inputs), dict(about.outputs)
    for name, (axis, last, meaning) in _INPUTS.items():
        if ranks.get(name) == 3:
            inputs[name] = _over(inputs.get(name), AboutTensor(meaning=meaning, dims=("batch", axis, last)))
    for name in spec.get("state_input_names") or ():
        if name in ranks:
            inputs[name] = _over(inputs.get(name), AboutTensor(meaning="state: zeros at first, then what came out"))
    labels = spec.get("likelihood_parameter_names")
    if ranks.get("prediction") == 4:
        usual = AboutTensor(
            meaning="forecasts, as scaled as the values that went in",
            dims=("batch", "horizon", "target", "parameter"),
            labels=tuple(map(str, labels)) if labels else None,
        )
        outputs["prediction"] = _over(outputs.get("prediction"), usual)
    return about.model_copy(update={"inputs": inputs, "outputs": outputs})


def _over(told: AboutTensor | None, usual: AboutTensor) -> AboutTensor:
    return usual if told is None else usual.model_copy(update=told.model_dump(exclude_unset=True))
