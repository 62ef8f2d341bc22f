"""Credit: who will not pay back? From months of payments, with what a mistake costs.

Customers are drawn: some pay late now and then, and recover; some pay less of each bill than of the one before, which
is the sign to see. A default costs ten times what a refused good customer costs.

    python examples/worked/credit.py
"""

import tempfile

import numpy as np
import polars as pl

import lstm_onnx as lo

MONTHS, MISSED, REFUSED = 12, 10, 1
"""Months that are known; and what it costs to trust a bad customer, or to refuse a good one."""


def drawn(count, random):
    """Draw a row for each month of each customer: the bill, the share of it that was paid, and days of delay."""
    rows = []
    for customer in range(count):
        sliding = random.random() < 0.2
        slide = sliding * np.arange(MONTHS)
        share = random.uniform(0.7, 1.0) - 0.05 * slide
        bill = random.uniform(100, 900) * (1 + 0.04 * slide)
        bad = random.random() < (0.7 if sliding else 0.04)
        for month in range(MONTHS):
            paid = float(np.clip(share[month] + random.normal(0, 0.12), 0, 1))
            late = int(max(0, random.normal(3 + 25 * (paid < 0.5), 6)))
            row = {"customer": customer, "month": month, "bill": round(float(bill[month]), 2), "paid": round(paid, 3)}
            rows.append({**row, "late": late, "fate": "default" if bad else "good"})
    return pl.DataFrame(rows)


def cost(bad, refused):
    """Return what decisions cost for each hundred customers."""
    return 100 * float(np.mean(MISSED * (bad & ~refused) + REFUSED * (~bad & refused)))


def main(count=900, seed=0, **options):
    rows = drawn(count, np.random.default_rng(seed))
    place = pl.col("customer") / count
    part = pl.when(place < 0.6).then(pl.lit("train")).when(place < 0.75).then(pl.lit("validation"))
    rows = rows.with_columns(split=part.otherwise(pl.lit("test")))
    with tempfile.TemporaryDirectory() as runs:
        run = lo.train(
            "classification", rows, runs=runs, label="fate", sequence="customer", time="month", split="split",
            channels=["bill", "paid", "late"], hidden=16, bidirectional=False, threads=1, **options,
        )  # fmt: skip
        model = lo.load(run.export(f"{runs}/credit.onnx"))

    def asked(name):
        some = rows.filter(pl.col("split") == name)
        likely = model.predict(some.drop("fate", "split")).outputs["probabilities"]
        known = some.group_by("customer", maintain_order=True).agg(
            bad=pl.col("fate").first() == "default", late=(pl.col("late").tail(3) > 20).sum()
        )
        labels = model.contract.axes["class"].labels
        return likely[:, labels.index("default")], known["bad"].to_numpy(), known["late"].to_numpy()

    risk, bad, _ = asked("validation")
    limit = min(np.linspace(0.01, 0.99, 99), key=lambda t: cost(bad, risk >= t))  # chosen where nothing is scored
    risk, bad, late = asked("test")
    better = (risk[bad][:, None] > risk[~bad]).mean() + 0.5 * (risk[bad][:, None] == risk[~bad]).mean()
    print(f"{len(bad)} customers to score, {bad.sum()} of whom defaulted; area under the curve {better:.3f}")
    told = {
        "trust all": cost(bad, np.zeros_like(bad)),
        "refuse who was 20 days late in the last 3 months": cost(bad, late > 0),
        "model, refuse from 0.50": cost(bad, risk >= 0.5),
        f"model, refuse from {limit:.2f}, as costs say": cost(bad, risk >= limit),
    }
    for way, figure in told.items():
        print(f"{way}: {figure:.0f} for each hundred customers")
    return told


if __name__ == "__main__":
    main()
