"""What each command does: call the core, then print what came of it and what to run next.

Imports of torch stay inside the functions that need it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from lstm_onnx.cli import console as view
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.progress import counting, showing

if TYPE_CHECKING:
    from lstm_onnx.contract import Contract, Scores
    from lstm_onnx.exporting.export import Exported, ExportOptions
    from lstm_onnx.inference.model import Prediction
    from lstm_onnx.task import AnyTask
    from lstm_onnx.training.run_folder import Run
    from lstm_onnx.verification.report import Report


def train(
    plugin: str,
    data: Path | None,
    config: Mapping[str, Any],
    settings: Mapping[str, Any],
    runs: Path,
    name: str | None,
    plugin_file: Path | None,
    console: Console,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train, and show the scores."""
    from lstm_onnx.plugins.registry import load_task
    from lstm_onnx.training import loop

    view = _view(load_task(plugin, plugin_file).task, console, quiet, as_json)
    try:
        with _showing(console, quiet, as_json):
            run = loop.train(
                plugin,
                data,
                config=dict(config),
                settings=dict(settings),
                runs=runs,
                name=name,
                plugin_file=plugin_file,
                observer=view,
            )
    finally:
        if view:
            view.close()
    _after_training(run, console, as_json)


def resume(
    folder: Path, data: Path | None, plugin_file: Path | None, console: Console, quiet: bool, as_json: bool
) -> None:
    """Go on with an interrupted run, and show the scores."""
    from lstm_onnx.training import loop
    from lstm_onnx.training.restore import find_task
    from lstm_onnx.training.run_folder import open_run

    view = _view(find_task(open_run(folder), plugin_file).task, console, quiet, as_json)
    try:
        with _showing(console, quiet, as_json):
            run = loop.resume(folder, view, data, plugin_file)
    finally:
        if view:
            view.close()
    _after_training(run, console, as_json)


def _view(task: AnyTask, console: Console, quiet: bool, as_json: bool) -> view.TrainingView | None:
    return None if quiet else view.TrainingView(console, task.primary_metric.name, as_json)


def _showing(console: Console, quiet: bool, as_json: bool) -> AbstractContextManager[None]:
    """Show on the console how far slow work has come, unless it was asked to say little."""
    return showing(None if quiet or as_json else console)


def _after_training(run: Run, console: Console, as_json: bool) -> None:
    scores = run.record.scores
    pictures = sorted(run.plots.glob("*.png"))
    if as_json:
        print(
            json.dumps({"event": "end", "run": str(run.folder), "best_epoch": run.record.best_epoch} | _plain(scores))
        )
        return
    if scores is not None:
        console.print(view.scores_table(scores, f"test scores of epoch {run.record.best_epoch}"))
    view.say(
        console,
        {
            "run": run.folder,
            "pictures": ", ".join(str(p) for p in pictures) or "none",
            "next": f"lstm-onnx export {run.folder}",
        },
    )


def _plain(scores: Scores | None) -> dict[str, Any]:
    """Scores as JSON can hold them."""
    return {"scores": json.loads(scores.model_dump_json())} if scores is not None else {}


def export(
    run_folder: Path | None,
    to: Path | None,
    runs: Path,
    wish: ExportOptions,
    console: Console,
    as_json: bool,
) -> None:
    """Export, and show how far the files are from PyTorch, and what variants lose."""
    from lstm_onnx.exporting.export import export_all

    with console.status("exporting and comparing with PyTorch") if not as_json else nullcontext():
        files = export_all(run_folder, to, runs, wish)
    if as_json:
        for written in files:
            beside = {"file": str(written.path), "contract": str(written.path.with_suffix(".json"))}
            scores = {"how": written.how} | _plain(written.contract.scores)
            print(json.dumps(beside | {"variant": written.contract.variant} | _verdict(written.report) | scores))
        return
    for written in files:
        last = {"next": _predict_line(files[0].path, files[0].contract)} if written is files[-1] else {}
        view.say(console, _written(written) | last)


def _predict_line(file: Path, contract: Contract) -> str:
    """Write the command that answers with a file, for the kind of data that it takes."""
    kinds = {t.source.kind for t in contract.inputs if t.source is not None} - {"lengths"}
    table = "DATA.csv" if contract.stream is None else "--stream < DATA.csv"
    data = "PICTURE.jpg" if "picture" in kinds else table if kinds else "DATA.npz"
    return f"lstm-onnx predict {file} {data}"


def _written(file: Exported) -> dict[str, Any]:
    """What to say of a file that was written."""
    scores = file.contract.scores
    lines = {
        "file": f"{file.path} ({file.path.stat().st_size / 1024:,.0f} kB)",
        "contract": file.path.with_suffix(".json"),
        "proved": f"{len(file.report.checks)} checks, {_distances(file.report)}",
    }
    if file.how:
        lines["how"] = file.how
    if scores is not None and scores.fp32 is not None and scores.drop is not None:
        name = scores.primary
        before, after = (view.number(s[name]) for s in (scores.fp32, scores.model))
        lines["costs"] = f"{scores.drop:+.2f}% of {name} on the test data: {after} instead of {before}"
    return lines


def verify(
    file: Path,
    run_folder: Path | None,
    engines: list[str] | None,
    plugin_file: Path | None,
    console: Console,
    as_json: bool,
) -> None:
    """Verify, show every check, and fail if one does."""
    from lstm_onnx.verification.verify import USUAL_ENGINES
    from lstm_onnx.verification.verify import verify as check

    with console.status("verifying") if not as_json else nullcontext():
        found = check(file, run_folder, engines or USUAL_ENGINES, plugin_file)
    if as_json:
        print(json.dumps({"file": str(file)} | _verdict(found), indent=2))
    else:
        console.print(view.checks_table(found))
        if found.passed:
            compared = "PyTorch" if run_folder else "its golden examples"
            how = "is near" if run_folder and found.variant == "int8" else "agrees with"
            view.say(console, {"verified": f"{file} {how} {compared}: {_distances(found)}"})
    found.raise_if_failed()


def _verdict(found: Report) -> dict[str, Any]:
    return {
        "passed": found.passed,
        "largest_absolute": found.largest_absolute,
        "largest_relative": found.largest_relative,
        "decisions": found.decisions,
        "changed": found.changed,
        "ties": found.ties,
        "checks": [
            {"name": c.name, "passed": c.error is None, "detail": c.detail, "failure": _kind(c.error)}
            for c in found.checks
        ],
    }


def _kind(error: Exception | None) -> str | None:
    return type(error).__name__ if error is not None else None


def _distances(found: Report) -> str:
    text = f"largest difference {found.largest_absolute:.2g}, relative {found.largest_relative:.2g}"
    if found.decisions:
        text += f", {found.changed} of {found.decisions:,} decisions changed"
    return text + (f" by {found.ties} near ties in {found.examples:,} examples" if found.ties else "")


def predict(
    file: Path,
    data: Path | list[str],
    top: int | None,
    to: Path | None,
    plot: Path | None,
    attention: Path | None,
    plugin_file: Path | None,
    provider: str,
    threads: int | None,
    console: Console,
    as_json: bool,
) -> None:
    """Answer for a file of data, or for texts; imports no torch."""
    from lstm_onnx.data.tables import write_table
    from lstm_onnx.inference.model import load

    pictures = {option: path for option, path in (("plot", plot), ("attention", attention)) if path is not None}
    for option, path in pictures.items():
        _check_picture(option, path)
    model = load(file, provider, threads)
    with _showing(console, False, as_json):
        prediction = model.predict(data, top)
    written = _draw_prediction(model.require_contract(), prediction, pictures, plugin_file) if pictures else {}
    if to is not None:
        write_table(prediction.table, to)
        written["table"] = [to]
    if as_json:
        print(prediction.table.write_json())
        return
    for note in prediction.notes:
        console.print(f"[dim]repaired[/]  {note}", highlight=False)
    if to is None:
        console.print(view.frame_table(prediction.table))
    view.say(console, {label: ", ".join(map(str, paths)) for label, paths in written.items()})


def predict_stream(file: Path, provider: str, threads: int | None) -> None:
    """Answer each row of standard input as it comes, a JSON object a line."""
    import sys

    from lstm_onnx.inference.model import load
    from lstm_onnx.inference.row_stream import stream_rows

    for line in stream_rows(load(file, provider, threads), sys.stdin):
        print(line, flush=True)


def _draw_prediction(
    contract: Contract, prediction: Prediction, pictures: Mapping[str, Path], plugin_file: Path | None
) -> dict[str, list[Path]]:
    """Draw all that the task draws of answers, or the one picture that an option names; return what was written."""
    from lstm_onnx.plugins.registry import load_task
    from lstm_onnx.training.plots import save_figure

    drawn = load_task(contract.task, plugin_file).task.plots(contract, prediction.inputs, prediction.outputs)
    written = {}
    for option, path in pictures.items():
        figures = drawn if option == "plot" else {name: f for name, f in drawn.items() if name == option}
        if not figures:
            raise UserError(f"--{option}: this model of the task '{contract.task}' has no such picture of its answers")
        paths = [path, *(path.with_stem(f"{path.stem}-{name}") for name in list(figures)[1:])]
        written[option] = [save_figure(f, target) for f, target in zip(figures.values(), paths, strict=True)]
    return written


def _check_picture(option: str, path: Path) -> None:
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise UserError(f"--{option} {path}: a picture ends in .png, .svg or .pdf")


def evaluate(
    model: Path,
    data: Path | None,
    plot: Path | None,
    plugin_file: Path | None,
    provider: str,
    threads: int | None,
    console: Console,
    as_json: bool,
) -> None:
    """Score a run (by PyTorch) or a file (by ONNX Runtime) on the test part of some data."""
    from lstm_onnx.evaluation import evaluate as evaluation

    with _showing(console, False, as_json):
        verdict = evaluation.evaluate(model, data, plot, plugin_file, provider, threads)
    if as_json:
        print(
            json.dumps(
                {"model": str(model), "data": verdict.summary, "examples": verdict.examples} | _plain(verdict.scores)
            )
        )
        return
    for note in verdict.notes:
        console.print(f"[dim]repaired[/]  {note}", highlight=False)
    view.say(console, {"data": verdict.summary})
    console.print(view.scores_table(verdict.scores, f"scores on {verdict.examples:,} test examples"))
    if verdict.pictures:
        view.say(console, {"pictures": ", ".join(map(str, verdict.pictures))})


def inspect(file: Path, console: Console, as_json: bool) -> None:
    """Show the contract."""
    from lstm_onnx.contract import to_json
    from lstm_onnx.inference.model import load

    contract = load(file).require_contract()
    if as_json:
        print(to_json(contract))
        return
    origin = contract.provenance
    view.say(
        console,
        {
            "name": contract.name,
            "task": f"{contract.task}, {contract.variant}: {contract.description}",
            "format": f"opset {contract.opset}, IR {contract.ir_version}, {file.stat().st_size / 1024:,.0f} kB",
            "made": f"{origin.created[:19]}Z from run {origin.run} by {origin.plugin}",
            "examples": f"{len(contract.examples)} golden examples inside",
        },
    )
    for table in view.contract_tables(contract):
        console.print(table)
    if contract.scores is not None:
        console.print(view.scores_table(contract.scores, "test scores"))
    view.say(console, {"next": f"lstm-onnx verify {file}"})


def doctor(file: Path, targets: list[str] | None, console: Console, as_json: bool) -> None:
    """Examine a file for some targets, or for all, and fail if one of those that were named would not run it."""
    from lstm_onnx.compatibility.examine import examine_file
    from lstm_onnx.compatibility.runtimes import TARGETS

    found = {name: examine_file(file, name) for name in targets or TARGETS}
    if as_json:
        print(json.dumps({name: [vars(f) for f in findings] for name, findings in found.items()}, indent=2))
    else:
        console.print(view.targets_table(found, {name: TARGETS[name].what for name in found}))
    stops = [(name, f) for name, findings in found.items() for f in findings if f.severity == "stops"]
    if targets and stops:
        name, first = stops[0]
        raise CheckFailed(f"{file}: {name} would not run it: {first.where}: {first.found}; {first.advice}")


def bench(
    files: list[Path],
    batches: list[int],
    lengths: list[int],
    threads: list[int],
    provider: str,
    seconds: float,
    plot: Path | None,
    console: Console,
    as_json: bool,
) -> None:
    """Measure files, show tables, and say which number of threads is best here; 1 and all cores if none is given."""
    from dataclasses import asdict

    from lstm_onnx.benchmarking.benchmark import SAME, best_threads, cores, disturbed, footprint, labels, machine
    from lstm_onnx.benchmarking.benchmark import benchmark as measure
    from lstm_onnx.inference.model import load

    if plot is not None:
        _check_picture("plot", plot)
    threads = threads or [1, cores()]
    with _showing(console, False, as_json), counting("measuring") as update:
        figures = measure(files, batches, lengths, threads, provider, seconds, update)
    footprints = [footprint(f, provider) for f in dict.fromkeys(files)]
    best, names = best_threads(figures), labels(files)
    if plot is not None:
        from lstm_onnx.benchmarking.plots import latency_figure
        from lstm_onnx.training.plots import save_figure

        save_figure(latency_figure(figures, names), plot)
    if as_json:
        cells = [asdict(f) | {"throughput": f.throughput} for f in figures]
        picks = {str(file): count for file, (count, _) in best.items()}
        told = {"cells": cells, "files": [asdict(f) for f in footprints], "best_threads": picks, "machine": machine()}
        print(json.dumps(told, indent=2, default=str))
        return
    console.print(view.latency_table(figures, names))
    console.print(view.footprint_table(footprints, names))
    lines: dict[str, Any] = {}
    if len(set(threads)) > 1:
        for file, (count, gain) in best.items():
            same = f"no difference beyond {SAME:.0%} between {', '.join(map(str, sorted(set(threads))))}"
            found = same if count is None else f"{count} is best, {gain:.2f} times as fast as the slowest"
            lines[f"threads, {names[file]}"] = found
    lines["machine"] = ", ".join(f"{name} {value}" for name, value in machine().items())
    if (taken := disturbed(figures)) > SAME:
        lines["noise"] = f"other programs took up to {taken:.0%} of the time: measure again when the machine is quiet"
    if any(f.calls < view.ENOUGH_FOR_P99 for f in figures):
        lines["p99"] = f"left out for fewer than {view.ENOUGH_FOR_P99} calls; raise --seconds to see it"
    if plot is not None:
        lines["picture"] = plot
    count, _ = best[files[0]]
    lines["next"] = f"{_predict_line(files[0], load(files[0]).require_contract())} --threads {count or min(threads)}"
    view.say(console, lines)


def embed(
    file: Path, target: str, to: Path, force: bool, plugin_file: Path | None, console: Console, as_json: bool
) -> None:
    """Write a program around a file, and say how to build, test and run it."""
    from lstm_onnx.embedding.generate import embed as write

    written = write(file, target, to, force, plugin_file)
    steps = {what: some for what, some in written.commands.items() if some}
    if as_json:
        print(
            json.dumps(
                {"folder": str(written.folder), "files": written.files, "commands": steps, "notes": written.notes}
            )
        )
        return
    lines = {"written": f"{written.folder} ({len(written.files)} files)", "go there": f"cd {to}"}
    view.say(console, lines | {what: " && ".join(some) for what, some in steps.items()})
    for note in written.notes:
        view.say(console, {"note": note})
    if written.missing:
        view.say(console, {"not here": f"{', '.join(written.missing)}: needs {written.needs}"})


def embed_targets(plugin_file: Path | None, console: Console, as_json: bool) -> None:
    """List what `embed` can write for, and which plugins could not be asked."""
    from lstm_onnx.embedding.registry import load_targets

    targets, broken = load_targets(plugin_file)
    if as_json:
        print(json.dumps([{"name": t.name, "title": t.title, "needs": t.needs} for t in targets], indent=2))
        return
    console.print(view.embed_table(targets))
    for line in broken:
        console.print(f"[red]broken:[/] {escape(line)}", highlight=False)
