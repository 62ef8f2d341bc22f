"""What `several.json` says: which runs of one kind were asked for, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lstm_onnx.errors import UserError

PLAN = "several.json"
Kind = Literal["fold", "seed"]


class Plan(BaseModel):
    """What `several.json` holds: what was asked for."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    kind: Kind
    values: tuple[str, ...]
    plugin: str
    plugin_file: str | None
    plugin_digest: str | None
    source: str | None
    options: dict[str, Any]


def run_name(plan: Plan, number: int) -> str:
    """Name the folder of run number so and so, from 1."""
    return f"{plan.kind}-{number if plan.kind == 'fold' else plan.values[number - 1]}"


def plan_of(folder: str | Path) -> Plan:
    """Read what was asked for.

    Raises:
        UserError: it cannot be read.
    """
    path = Path(folder) / PLAN
    try:
        return Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UserError(f"{path}: cannot be read ({str(error).splitlines()[0]}); train anew") from None


def is_several(folder: Path) -> bool:
    """Whether a folder holds several runs of one kind."""
    return (folder / PLAN).is_file()
