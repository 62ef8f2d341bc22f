"""Robotics: the next action of an arm, learnt from demonstrations, and then played back step by step.

An expert moves an arm of two joints to a place that is given as x and y, and brakes in time. The learner sees the
angles and the place, and never how fast the joints turn: it has to remember. It runs as a stream, one step in, one
action out.

    python examples/worked/robot.py
"""

import tempfile

import numpy as np
import polars as pl

import lstm_onnx as lo

SEEN, ACTIONS, STEP, STEPS = ("shoulder", "elbow", "x", "y"), ("torque1", "torque2"), 0.05, 60


def place(angles):
    """Return x and y of the hand; both parts of the arm are 1 long."""
    first, both = angles[0], angles[0] + angles[1]
    return np.array([np.cos(first) + np.cos(both), np.sin(first) + np.sin(both)])


def play(goal, start, act):
    """Let `act(angles, speeds, x and y of the goal)` move the arm; return what was seen, done, and the error."""
    angles, speeds, target = np.array(start), np.zeros(2), place(goal)
    seen, done = [], []
    for _ in range(STEPS):
        seen.append([*angles, *target])
        done.append(act(angles, speeds, target))
        speeds = speeds + STEP * (np.clip(done[-1], -20, 20) - 0.3 * speeds)
        angles = angles + STEP * speeds
    return np.array(seen), np.array(done), float(np.linalg.norm(place(angles) - target))


def task(random):
    """Draw the angles of a goal, and those of a start."""
    return random.uniform([0.2, 0.3], [1.4, 1.8]), random.uniform([0.2, 0.3], [1.4, 1.8])


def main(demonstrations=60, trials=20, seed=0, epochs=15, **options):
    random = np.random.default_rng(seed)
    rows, plain = [], ([], [])
    for number in range(demonstrations):
        goal, start = task(random)
        jitter = random.normal(0, 1.5, (STEPS, 2)).tolist()  # so that the learner sees how to come back
        pushes = iter(jitter)
        seen, done, _ = play(goal, start, lambda q, v, _, g=goal, p=pushes: 8 * (g - q) - 4.5 * v + next(p))
        pure = done - np.array(jitter)
        for end in range(2, STEPS + 1, 2):  # each beginning is an example; its answer is what the expert did then
            for row in seen[:end]:
                answer = dict(zip(ACTIONS, pure[end - 1], strict=True))
                named = {"piece": number * STEPS + end, "demo": number, **dict(zip(SEEN, row, strict=True))}
                rows.append(named | answer)
        plain[0].extend(seen)
        plain[1].extend(pure)
    with tempfile.TemporaryDirectory() as runs:
        run = lo.train(
            "regression", pl.DataFrame(rows), runs=runs, sequence="piece", group="demo", channels=SEEN, target=ACTIONS,
            hidden=48, bidirectional=False, dropout=0.0, learning_rate=0.005, epochs=epochs, threads=1, **options,
        )  # fmt: skip
        model = lo.load(run.export(f"{runs}/arm.onnx", variant="streaming"))
    inputs = np.c_[np.array(plain[0]), np.ones(len(plain[0]))]
    weights = np.linalg.lstsq(inputs, np.array(plain[1]), rcond=None)[0]

    def learner():
        stream = model.stream()

        def act(angles, speeds, target):  # speeds are not looked at
            answer = stream.push({"steps": np.array([[[*angles, *target]]], dtype=np.float32)})
            return np.array([answer[a][0] for a in ACTIONS])

        return act

    ways = {
        "expert, who sees speeds": lambda goal: lambda q, v, _: 8 * (goal - q) - 4.5 * v,
        "learner, as a stream": lambda goal: learner(),
        "straight line of what is seen": lambda goal: lambda q, v, t: np.array([*q, *t, 1.0]) @ weights,
        "no action": lambda goal: lambda q, v, t: np.zeros(2),
    }
    tasks = [task(random) for _ in range(trials)]
    told = {way: float(np.mean([play(*one, make(one[0]))[2] for one in tasks])) for way, make in ways.items()}
    print(f"{demonstrations} demonstrations; {trials} new tasks, so far from its goal the hand ends (arm: 2 long):")
    for way, off in told.items():
        print(f"  {way}: {off:.3f}")
    return told


if __name__ == "__main__":
    main()
