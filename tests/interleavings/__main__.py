"""`python -m tests.interleavings NUMBER`: draw that many interleavings, and print the results as JSON."""

import argparse
import json
import os
import sys

from tests.interleavings.counting import Counted, count


def main() -> int:
    """Print progress, and false endings as they are found, to standard error. Return 1 if any law broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.interleavings", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=300)
    told = 0

    def says(counted: Counted) -> None:
        nonlocal told
        bad = [*counted.false_endings, *counted.broken]
        sys.stderr.write(f"{counted.drawn} drawn, {counted.judged} answers judged, {len(bad)} bad\n")
        sys.stderr.writelines(f"\n{one}\n\n" for one in bad[told:])
        sys.stderr.flush()
        told = len(bad)

    counted = count(parser.parse_args().number, says=says)
    sys.stdout.write(json.dumps(counted.as_json()) + "\n")
    sys.stdout.flush()
    return 1 if counted.false_endings or counted.broken else 0


if __name__ == "__main__":
    code = main()
    # Some processes that used the SDK abort while the interpreter shuts down (temporalio/sdk-python#300).
    os._exit(code)
