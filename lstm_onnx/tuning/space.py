"""The space that is searched: the options of a task and of training whose fields say how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lstm_onnx.data.searched import Searched
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.options import flag, without_none

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True)
class Dimension:
    """One option that is searched; `whole` says that its numbers are integers."""

    name: str
    searched: Searched
    whole: bool = False

    def distribution(self) -> BaseDistribution:
        """Return it as Optuna knows it; choices are written as JSON, which keeps lists apart from words."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        s = self.searched
        if s.choices:
            return CategoricalDistribution([json.dumps(c) for c in s.choices])
        assert s.low is not None and s.high is not None
        if self.whole:
            return IntDistribution(int(s.low), int(s.high), log=s.log)
        return FloatDistribution(s.low, s.high, log=s.log)

    def read(self, value: Any) -> Any:
        """Turn what Optuna keeps into the value of the option."""
        return json.loads(value) if self.searched.choices else value

    def keep(self, value: Any) -> Any | None:
        """Turn a value of the option into what Optuna keeps; None if it is not in the space."""
        if self.searched.choices:
            text = json.dumps(list(value) if isinstance(value, tuple) else value)
            return text if text in [json.dumps(c) for c in self.searched.choices] else None
        assert self.searched.low is not None and self.searched.high is not None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if self.searched.low <= value <= self.searched.high else None


def space_of(
    models: Mapping[str, type[BaseModel]], given: Mapping[str, Any], only: tuple[str, ...] = ()
) -> list[Dimension]:
    """Return what is searched.

    Args:
        models: the options of training and of the task.
        given: options that were given by name: these stay.
        only: search these alone; all that are declared if empty.

    Raises:
        UserError: an option of `only` is not searched, or nothing is left.
    """
    found = {}
    for model in models.values():
        for name, field in model.model_fields.items():
            searched = next((m for m in field.metadata if isinstance(m, Searched)), None)
            if searched is not None:
                found[name] = Dimension(name, searched, without_none(field.annotation) is int)
    wished = [name.replace("-", "_") for name in only]
    for name in wished:
        if name not in found:
            raise UserError(f"--search {name}: is not among what can be searched{nearest(name, found)}")
        if name in given:
            raise UserError(f"--search {name}: {flag(name)} is given, and stays; leave one of the two out")
    space = [d for d in found.values() if d.name not in given and (not wished or d.name in wished)]
    if not space:
        raise UserError("nothing is left to search: every option that could be is given; leave some out")
    return space
