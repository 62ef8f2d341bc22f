"""Columns of the question that stand beside forecasts: those that have one value in each series."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lstm_onnx.contract import Contract
from lstm_onnx.data.categories import level_columns, levels_of
from lstm_onnx.data.columns import group_rows
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_layout import series_header

ALL = "all"


def beside_forecasts(
    table: pl.DataFrame, contract: Contract, inputs: ModelInputs, question: pl.DataFrame, keep: Sequence[str]
) -> pl.DataFrame:
    """Put columns of the question in front of forecasts, the rows of all series below each other.

    Args:
        table: the answers.
        contract: of the file that ran.
        inputs: what went in, which names the series.
        question: the table that was asked.
        keep: names of columns, or `all` for all that have one value in each series.

    Raises:
        UserError: a column is not there, or differs within a series.
    """
    own = contract.table
    if own is None or own.wide:
        raise UserError(
            "--keep: the answer has a column for each series, as the question, and no row of one series, beside which "
            "a column could stand; leave it out, and join by the time"
        )
    there = {*table.columns, *own.ids, series_header(contract)}
    columns = [c for c in dict.fromkeys(keep) if c not in there]
    if list(keep) == [ALL]:
        made = {name for c, words in levels_of(own.columns).items() for name in level_columns((c,), {c: words})}
        columns = [c for c in question.columns if c not in {*there, *own.times, *made}]
    elif missing := [c for c in columns if c not in question.columns]:
        raise UserError(f"--keep {missing[0]}: there is no such column{nearest(missing[0], question.columns)}")
    groups = group_rows(question, own.ids, "the table", "series")
    places = [groups.names.index(name) for name in inputs.names] if any(inputs.names) else [0]
    steps = table.height // len(places)
    rows = [place for place in places for _ in range(steps)]
    by_group = question.select(columns).with_columns(pl.Series("", groups.code)).group_by("").agg(
        pl.all().drop_nulls().unique(maintain_order=True)
    ).sort("")  # fmt: skip
    kept = []
    for column in columns:
        values = by_group.get_column(column)
        several = values.list.len().gather(sorted(set(places))) > 1
        if several.any() and list(keep) == [ALL]:
            continue
        if several.any():
            place = sorted(set(places))[int(several.arg_true()[0])]
            of = f" of series '{groups.names[place]}'" if groups.names[place] else ""
            shown = " and ".join(str(v) for v in values[place].head(2).to_list())
            raise UserError(
                f"--keep {column}: has several values{of}, such as {shown}, and a forecast has no row in the table; "
                "columns that have one value in each series can stand beside forecasts"
            )
        kept.append(values.list.first().gather(rows).alias(column))
    return pl.DataFrame([*kept, *table.get_columns()])
