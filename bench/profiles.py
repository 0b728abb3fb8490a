"""Measures two programs on the same profiles, turn by turn, for bench/pprof.sh.

    profiles.py PATROL PPROF FOLDER SAMPLES...

Prints a Markdown table. Whether both printed the same is part of it: a fast wrong answer is worth nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = int(os.environ.get("RUNS", "5"))
ALL = os.environ.get("ALL") == "1"
# Samples from which the reference needs minutes.
LARGE = 1_000_000


class Measured:
    """The runs of one command."""

    def __init__(self):
        self.seconds = []
        self.kib = 0
        self.output = None
        self.failed = None

    def run(self, command, fine=(0,)):
        """Runs it once. The peak memory is asked of GNU time: a child of Python starts with Python's own peak."""
        with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile() as memory:
            timed = ["/usr/bin/time", "-q", "-f", "%M", "-o", memory.name, *command]
            start = time.perf_counter()
            done = subprocess.run(timed, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
            self.seconds.append(time.perf_counter() - start)
            self.kib = max(self.kib, int(memory.read().split()[-1]))
            out.seek(0)
            # The form of this line differs between versions of the reference.
            self.output = [line for line in out.read().splitlines() if not line.startswith(b"Time: ")]
            if done.returncode not in fine:
                self.failed = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["failed"]

    def cells(self):
        if self.failed:
            return ["failed", ""]
        low, middle = (duration(s) for s in (min(self.seconds), statistics.median(self.seconds)))
        return [low if len(self.seconds) == 1 else f"{low} / {middle}", f"{self.kib / 1024:.0f} MiB"]


def duration(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def reports(folder, samples):
    a, b = (os.path.join(folder, f"{samples}.{name}.pb.gz") for name in "AB")
    yield "-top", ["-top", b]
    yield "-top -diff_base", ["-top", f"-diff_base={a}", b]
    yield "-list", ["-list", r"hub\.newRing|pkg0003\.", b]


def compare(patrol, pprof, name, samples, arguments):
    ours, theirs = Measured(), Measured()
    large = samples >= LARGE
    for turn in range(RUNS):
        if turn == 0 or not ours.failed:
            ours.run([patrol, "pprof", *arguments])
        if not large or (turn == 0 and (ALL or name == "-top")):
            theirs.run([pprof, *arguments])
    ratios, same = ["", ""], ""
    if theirs.seconds and not ours.failed and not theirs.failed:
        faster = statistics.median(theirs.seconds) / statistics.median(ours.seconds)
        ratios = [f"{faster:.0f}x", f"1/{theirs.kib / ours.kib:.1f}"]
        same = "yes" if ours.output == theirs.output else "NO"
    if ours.failed:
        print(f"{name} {samples}: {ours.failed[0]}", file=sys.stderr)
    row(f"{samples:,}", f"`{name}`", *ours.cells(), *(theirs.cells() if theirs.seconds else ["", ""]), *ratios, same)


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    patrol, pprof, folder, *sizes = sys.argv[1:]
    row("samples", "report", "patrol", "memory", "go tool pprof", "memory", "faster", "memory", "same")
    row(*["---"] * 9)
    for samples in map(int, sizes):
        for name, arguments in reports(folder, samples):
            compare(patrol, pprof, name, samples, arguments)
    suspects = Measured()
    files = [os.path.join(folder, f"200000.{n}.pb.gz") for n in range(1, 7)]
    for _ in range(RUNS):
        if not suspects.failed:
            # 1: something was found.
            suspects.run([patrol, "heap", "suspects", *files], fine=(0, 1))
    if suspects.failed:
        print(f"suspects: {suspects.failed[0]}", file=sys.stderr)
    row("6 x 200,000", "`heap suspects`", *suspects.cells(), "", "", "", "", "")


main()
