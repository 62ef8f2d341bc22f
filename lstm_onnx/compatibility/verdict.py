"""What is known of a file on a target: what stands in the way, what was tried, and what nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from lstm_onnx.compatibility.coverage import TARGETS, uncovered
from lstm_onnx.compatibility.examine import Finding
from lstm_onnx.compatibility.trial import NAMES, NEAR, Trial, can_try, try_on

Mark = Literal["no", "differs", "slow", "runs", "unknown"]

NOTHING_KNOWN = "nothing known against it"


@dataclass(frozen=True)
class Verdict:
    """What is known of a file on one target.

    Attributes:
        target: which.
        findings: what stands in the way, in rules and as tried.
        runs: whether it is known to run there: it was tried, or all that is in it is on the list of what ran.
        known: how that is known; or that nothing is known against it, and why no more.
    """

    target: str
    findings: tuple[Finding, ...]
    runs: bool
    known: str

    @property
    def stops(self) -> tuple[Finding, ...]:
        """What the target would not run."""
        return tuple(f for f in self.findings if f.severity == "stops")

    @property
    def mark(self) -> Mark:
        """The worst that is known of it, in a word."""
        if self.stops:
            return "no"
        if any(f.severity == "differs" for f in self.findings):
            return "differs"
        return "runs" if self.runs else "unknown"


def by_trial_or_list(path: Path, model: onnx.ModelProto, target: str, findings: tuple[Finding, ...]) -> Verdict:
    """Add to the findings of rules what a trial here says, or else the list of what ran on the target."""
    if any(f.severity == "stops" for f in findings):
        return Verdict(target, findings, False, "")
    trial = try_on(path, target)
    if trial is not None:
        return _tried(target, findings, trial)
    if target not in TARGETS:
        here = (
            f", and {NAMES[target]} is not installed here to try it" if target in NAMES and not can_try(target) else ""
        )
        return Verdict(target, findings, False, f"{NOTHING_KNOWN}{here}")
    strange = list(dict.fromkeys(uncovered(model)))
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        known = f"{NOTHING_KNOWN}, but nobody tried {', '.join(strange[:3])}{more} there"
        return Verdict(target, findings, False, known)
    return Verdict(target, findings, True, f"{TARGETS[target]} ran all its operators and attributes")


def _tried(target: str, findings: tuple[Finding, ...], trial: Trial) -> Verdict:
    when = f"{trial.engine}, tried here on {trial.day}"
    if not trial.loaded or (trial.by_example and not trial.answered):
        found = "loaded it and did not answer" if trial.loaded else "refused it"
        advice = "export it otherwise, or run it with another runtime"
        finding = Finding("trial", "the file", f"{found} ({trial.why_not})", "stops", "it was tried", advice, when)
        return Verdict(target, (*findings, finding), False, "")
    if not trial.answered:
        known = f"{NOTHING_KNOWN}: {when}, took the file; it refused inputs that were made up ({trial.why_not})"
        return Verdict(target, findings, False, known)
    inputs = "its golden example" if trial.by_example else "made-up inputs"
    if trial.distance is not None and trial.distance > NEAR:
        if not any(f.severity == "differs" for f in findings):
            found = f"answers for {inputs} are {trial.distance:.2g} of the largest away from ONNX Runtime's"
            finding = Finding("trial", "the file", found, "differs", "it was tried", "do not rely on it there", when)
            findings = (*findings, finding)
        return Verdict(target, findings, False, when)
    alike = "" if trial.distance is None else f", {trial.distance:.1g} of the largest away from ONNX Runtime"
    return Verdict(target, findings, True, f"{when}, answered for {inputs}{alike}")
