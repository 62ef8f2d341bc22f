"""Finance: which of four assets to hold tomorrow? Walked forward in time, with costs, beside holding all of them.

Prices are drawn twice: once as most markets are, where yesterday says nothing of tomorrow; once with a momentum that no
real market leaves lying about. In the first a model can only lose its costs, and this says so.

    python examples/worked/portfolio.py
"""

import tempfile

import numpy as np
import polars as pl

import lstm_onnx as lo

ASSETS = ("north", "east", "south", "west")
WINDOW, COST = 10, 0.001
"""Days that the model sees; and what it costs to buy or sell, of the amount."""


def returns(days, momentum, random):
    """Draw daily returns (days, assets); `momentum` of yesterday's return comes again."""
    found = np.zeros((days, len(ASSETS)))
    for day in range(1, days):
        found[day] = momentum * found[day - 1] + random.normal(0.0003, 0.01, len(ASSETS))
    return found


def windows(found, first, last):
    """Make a table with WINDOW rows before each day, and the returns of that day beside them."""
    rows = []
    for day in range(max(first, WINDOW), last):
        answers = {f"next_{a}": v for a, v in zip(ASSETS, found[day], strict=True)}
        for step in range(day - WINDOW, day):
            rows.append({"day": day, "step": step} | dict(zip(ASSETS, found[step], strict=True)) | answers)
    return pl.DataFrame(rows)


def traded(found, days, choose):
    """Return what 1 becomes, and on how many days was traded; `choose` gives weights, from a day and the last ones."""
    worth, weights, trades = 1.0, np.zeros(len(ASSETS)), 0
    for day in days:
        wanted = choose(day, weights)
        moved = np.abs(wanted - weights).sum()
        worth *= 1 - COST * moved
        trades += moved > 0
        worth *= 1 + wanted @ np.expm1(found[day])
        weights = wanted
    return worth, trades


def walk(found, folds, **options):
    """Forecast each day by a model that has seen only days before its fold."""
    start, size = len(found) // 2, len(found) // 2 // folds
    ahead = np.zeros_like(found)
    for fold in range(folds):
        first, last = start + fold * size, start + (fold + 1) * size
        with tempfile.TemporaryDirectory() as runs:
            past = windows(found, 0, first)
            known = past["day"].unique(maintain_order=True).to_list()
            late = known[-len(known) // 5 :]  # the newest days of the past tell when to stop, and test the run
            part = pl.when(pl.col("day") >= late[len(late) // 2]).then(pl.lit("test"))
            part = part.when(pl.col("day") >= late[0]).then(pl.lit("validation")).otherwise(pl.lit("train"))
            run = lo.train(
                "regression", past.with_columns(split=part), runs=runs, sequence="day", time="step", split="split",
                channels=ASSETS, target=[f"next_{a}" for a in ASSETS], hidden=8, threads=1, **options,
            )  # fmt: skip
            asked = windows(found, first, last).select("day", "step", *ASSETS)
            answers = lo.load(run.export(f"{runs}/day.onnx")).predict(asked).table
        ahead[first:last] = answers.select(f"next_{a}" for a in ASSETS).to_numpy()[: last - first]
    return ahead, range(start, start + folds * size)


def main(days=600, folds=2, seed=0, epochs=10, **options):
    told = {}
    for name, momentum in (("no memory, as real markets", 0.0), ("momentum, planted", 0.5)):
        found = returns(days, momentum, np.random.default_rng(seed))
        ahead, traded_days = walk(found, folds, epochs=epochs, **options)

        def model(day, held, ahead=ahead):
            """Hold the best asset; change only where that is forecast to earn more than it costs."""
            best = np.eye(len(ASSETS))[ahead[day].argmax()]
            gain = (best - held) @ ahead[day]
            return best if gain > COST * np.abs(best - held).sum() else held

        ways = {
            "model": model,
            "all alike, held": lambda day, held: np.full(len(ASSETS), 1 / len(ASSETS)),
            "yesterday's best": lambda day, held, found=found: np.eye(len(ASSETS))[found[day - 1].argmax()],
        }
        print(f"{name}: {len(traded_days)} days, costs {COST:.1%} of what is traded")
        told[name] = {}
        for way, choose in ways.items():
            worth, trades = traded(found, traded_days, choose)
            told[name][way] = worth
            print(f"  {way}: 1 becomes {worth:.3f}, traded on {trades} days")
        best = max(told[name], key=told[name].get)
        print("  the model is worth its costs" if best == "model" else f"  do not use the model: '{best}' is better")
    return told


if __name__ == "__main__":
    main()
