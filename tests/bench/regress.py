# SPDX-License-Identifier: BSD-2-Clause
"""Holds the bench's ratios and the verifier's work against the figures in expected.json; speaks TAP.

regress.py           fails on what is more than 15 % worse in the best of several tries: a real loss shows in all
regress.py --record  makes what is measured now the figures to hold to
"""
import json
import os
import subprocess
import sys

EXPECTED = "tests/bench/expected.json"
RESULT = "build/regress.json"
TRIES = 5
SLACK = 1.15

# No times: what is counted, and ratios to a program that does nothing.
COUNTS = [f"program.{hook}.verified" for hook in ("lookup", "packet")]
RATIOS = [
    f"verdict.{hook}.{family}.hot.1k.{answer}"
    for hook in ("lookup", "packet")
    for family in ("v4", "v6")
    for answer in ("allow", "deny")
]


def measure():
    """One run of the bench: its machine, and its medians by id."""
    if os.path.exists(RESULT):
        os.remove(RESULT)
    only = "^(" + "|".join(COUNTS + RATIOS).replace(".", "[.]") + ")$"
    run = subprocess.run(["scripts/bench", only, RESULT], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # A broken bound is the bench's own matter.
    if not os.path.exists(RESULT):
        sys.exit(f"Bail out! the bench ended with {run.returncode}: {run.stderr.strip()}")
    with open(RESULT, encoding="utf-8") as file:
        result = json.load(file)
    return result["machine"], {m["id"]: m["value"] for m in result["measures"]}


def series(kernel):
    return ".".join(kernel.split(".")[:2])


def best(tries):
    least = {id: min(values[id] for values in tries) for id in COUNTS + RATIOS}
    return {id: int(value) if id in COUNTS else value for id, value in least.items()}


def record():
    tries = []
    for _ in range(TRIES):
        machine, values = measure()
        tries.append(values)
    recorded = {"cpu": machine["cpu"], "kernel": series(machine["kernel"]), "figures": best(tries)}
    with open(EXPECTED, "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=2)
        file.write("\n")


def not_comparable(id, machine, expected):
    """Why a figure cannot be held against the recorded one; None: it can."""
    if series(machine["kernel"]) != expected["kernel"]:
        return f"recorded on Linux {expected['kernel']}, this is {machine['kernel']}"
    if id in RATIOS and machine["cpu"] != expected["cpu"]:
        return f"recorded on {expected['cpu']}, this is {machine['cpu']}"
    return None


def judge():
    with open(EXPECTED, encoding="utf-8") as file:
        expected = json.load(file)
    figures = expected["figures"]
    tries = []
    while len(tries) < TRIES:
        machine, values = measure()
        tries.append(values)
        if all(best(tries)[id] <= figures[id] * SLACK for id in figures):
            break
    failed = False
    print(f"1..{len(figures)}")
    for number, (id, figure) in enumerate(figures.items(), 1):
        reached = best(tries)[id]
        why = not_comparable(id, machine, expected)
        holds = why is not None or reached <= figure * SLACK
        failed |= not holds
        print(f"{'ok' if holds else 'not ok'} {number} - {id}{f' # SKIP {why}' if why else ''}")
        if not holds:
            print(f"# {reached:g}, best of {len(tries)}; recorded {figure:g}: {reached / figure - 1:+.0%}")
    return failed


if sys.argv[1:] == ["--record"]:
    record()
elif sys.argv[1:]:
    sys.exit(__doc__)
else:
    sys.exit(judge())
