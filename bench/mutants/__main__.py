"""`make mutants`: draw mutants of activities, clouds and workflows, and list those that no test notices.

`python -m bench.mutants clouds/polling --tests tests/clouds/polling --most 40` tries a part. Only a run of everything
writes the measure into bench/results.json.
"""

import argparse
import os
import random
import tomllib
from pathlib import Path

from bench.measure import show
from bench.mutants.drawing import Mutant, draw
from bench.mutants.record import record, test_files
from bench.mutants.report import measures, show_survivors
from bench.mutants.running import copied_tree, ensure_collected, noticed

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".cache" / "mutants"
ROOMS = [Path("activities"), Path("clouds"), Path("workflows")]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
MOST = 200


def equivalents() -> set[tuple[str, str, str]]:
    """The mutants that a person judged equivalent."""
    judged = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return {(one["file"], one["before"], one["after"]) for one in judged}


def main() -> None:
    """Record what is not recorded yet, then run one mutant after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, default=ROOMS, help="files or folders to draw from")
    parser.add_argument("--tests", nargs="+", type=Path, default=[Path("tests")], help="test files or folders to run")
    parser.add_argument("--most", type=int, default=MOST, help=f"how many mutants to draw; {MOST} when not given")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="draws the same mutants again")  # noqa: S311
    asked = parser.parse_args()
    print(f"--seed {asked.seed} draws these mutants again", flush=True)
    # The programs that tests start import the copy too.
    os.environ["PYTHONPATH"] = str(KEPT / "tree")
    with copied_tree(ROOT, KEPT / "tree"):
        files = [file for path in asked.paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
        drawn = draw(files, seed=asked.seed, most=asked.most, equivalent=equivalents())
        recorded = record(test_files(asked.tests), KEPT / "record")
        tests = [recorded.tests(mutant.file, mutant.line) for mutant in drawn]
        ensure_collected(sorted({test for some in tests for test in some}), recorded)
        survivors: list[tuple[Mutant, int]] = []
        for number, (mutant, some) in enumerate(zip(drawn, tests, strict=True), 1):
            found = bool(some) and noticed(mutant, some, recorded.seconds)
            if not found:
                survivors.append((mutant, len(some)))
            verdict = "noticed " if found else "SURVIVED"
            print(f"{number}/{len(drawn)} {verdict} {mutant.file}:{mutant.line} {mutant.after}", flush=True)
    show_survivors(survivors, f"{len(survivors)} of {len(drawn)} mutants survived")
    if asked.paths == ROOMS and asked.tests == [Path("tests")] and asked.most >= MOST:
        show(measures(len(drawn) - len(survivors), len(drawn)))


if __name__ == "__main__":
    main()
