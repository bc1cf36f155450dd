"""Thirty-two processes log into one store while two others read it.

Beside each call, in the same process and the same moment, two other things are timed: one plain
write of the same row as msgpack, and a loop that only waits for as long as such a call takes half
of the time. What that loop takes longer is what the crowded machine alone does to any call.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time

PROCESSES = 32
ROWS = 1500
RATE_HZ = 100

WRITER = """
import os, sys, time, json, msgspec, tracker
folder, number, rows, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
run = tracker.init(project="many", dir=folder, settings={"silent": True, "system_interval_s": 0})
row = {f"m{k}": 0.5 * k for k in range(10)}
plain = os.open(f"{folder}/plain{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
span = 50e-6
def wait():
    until = time.perf_counter() + span
    while time.perf_counter() < until:
        pass
calls = [lambda: run.log(row), lambda: os.write(plain, msgspec.msgpack.encode(row)), wait]
taken = [[], [], []]
for step in range(rows):
    for which in (0, 1, 2) if step % 2 else (2, 1, 0):
        begun = time.perf_counter()
        calls[which]()
        taken[which].append(time.perf_counter() - begun)
        time.sleep(1 / rate / 3)
    if step % 100 == 99:
        span = sorted(taken[0])[len(taken[0]) // 2]
run.finish()
print(json.dumps([[sorted(t)[int(rows * share)] * 1e6 for share in (.5, .99)] for t in taken]))
"""
READER = """
import sys, time, tracker
taken = []
while True:
    begun = time.perf_counter()
    tracker.sql("SELECT count(*) FROM history", dir=sys.argv[1])
    taken.append(time.perf_counter() - begun)
    print(max(taken), sorted(taken)[len(taken) // 2], flush=True)
    time.sleep(0.5)
"""


def main() -> None:
    """Print what was stored and how long a call took."""
    import tracker

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, folder, str(n), str(ROWS), str(RATE_HZ)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for n in range(PROCESSES)
        ]  # fmt: skip
        readers = [
            subprocess.Popen(
                [sys.executable, "-c", READER, folder], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        results, errors = [], []
        for writer in writers:
            out, err = writer.communicate()
            errors += [err.strip().splitlines()[-1]] if writer.returncode or err.strip() else []
            results += [json.loads(out.splitlines()[-1])] if out.strip() else []
        took_s = time.perf_counter() - begun
        for reader in readers:
            reader.terminate()
        reads = [reader.communicate()[0].splitlines()[-1] for reader in readers]
        count = tracker.sql("SELECT count(*) FROM history", dir=folder).iloc[0, 0]
        states = tracker.sql("SELECT state, count(*) FROM runs GROUP BY 1", dir=folder)
    print(
        f"{count:,} of {PROCESSES * ROWS * 10:,} points stored in {took_s:.0f} s; errors: {errors}"
    )
    print(f"runs: {dict(states.itertuples(index=False))}")
    for name, number in (("log", 0), ("plain write", 1), ("only waiting", 2)):
        medians, p99s = zip(*(result[number] for result in results), strict=True)
        print(
            f"{name}: median of medians {statistics.median(medians):.1f} µs, "
            f"median p99 {statistics.median(p99s):.1f} µs, worst p99 {max(p99s):.1f} µs"
        )
    print(f"readers, worst and median query in s: {reads}")


if __name__ == "__main__":
    main()
