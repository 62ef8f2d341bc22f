"""Machines that wear out, drawn: how many hours each has left, from its sensors and what is known of it."""

from __future__ import annotations

import numpy as np

from lstm_onnx.plugin import Category, Examples, Number, Rows, Table

KINDS = {"fan": (1.0, 0.6), "pump": (1.4, 0.3), "press": (0.8, 1.0)}
"""Of each kind of machine: how fast it wears, and how strongly that shows in its vibration."""
LIFE = 400.0
"""Hours that a fan lasts under the usual load."""


def draw(count: int, random: np.random.Generator) -> Examples:
    """Draw machines that were watched for 10 to 60 hours, some time before they fail.

    Wear grows with the load and shows in vibration and temperature, differently in each kind of machine: the level
    alone does not tell how long a machine lasts, its growth alone does not either.
    """
    kinds = [str(k) for k in random.choice(list(KINDS), count)]
    load = random.uniform(0.5, 1.5, count).round(2)
    steps, left = [], []
    for kind, weight in zip(kinds, load, strict=True):
        speed, shows = KINDS[kind]
        life = LIFE / (speed * weight) * random.uniform(0.9, 1.1)
        hours = int(random.integers(10, 61))
        end = random.uniform(hours, life)
        wear = (np.arange(end - hours, end) + 1) / life
        vibration = 2 + 6 * shows * wear**2 + random.normal(0, 0.3, len(wear))
        heat = 40 + 8 * weight + 10 * wear + random.normal(0, 1, len(wear))
        steps.append(np.stack([vibration[-hours:], heat[-hours:]], axis=1).round(3))
        left.append(float(round(life - end, 1)))
    steps[0][3, 1] = np.nan  # a value may be missing, so that the model learns to go without
    return Examples(
        columns={"steps": steps, "kind": kinds, "load": load.tolist(), "hours_left": left},
        table=Table(time="hour", series="machine"),
        inputs=[
            Rows(name="steps", columns=("vibration", "temperature"), meaning="vibration in mm/s and temperature in °C"),
            Category(name="kind", meaning="kind of machine", column="kind"),
            Number(name="load", meaning="load, 1 is the usual one", column="load"),
        ],
        outputs=[Number(name="hours_left", unit="h", meaning="hours until it fails", column="hours left")],
        notes=("these machines are drawn: give a table to learn from your own",),
    )
