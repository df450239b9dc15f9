"""`python -m tests.chaos [step:fault ...]`: run cells of the fault matrix, or all of it, and judge them."""

import argparse
import asyncio
import logging
import os
import sys

from temporalio.client import Client

from privatelink.temporal.payloads import DATA_CONVERTER
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.temporal_cli import find_temporal_cli
from scripts.temporal_server import temporal_server
from tests.chaos.faults import EXAMPLE, Cell, UnknownCellError, all_cells
from tests.chaos.matrix import MANY, Ran, harness_of, run_apart, run_cells
from tests.chaos.page import PAGE, table
from tests.support.deadlines import set_pace_and_deadlines
from tests.support.requests import SECRET, SECRET_VARIABLE
from tests.support.sandbox import running_sandbox

DEADLINE_SECONDS = 40
"""Every deadline, in real seconds: short enough to wait for, long enough that a busy machine alone exceeds none."""


def main(arguments: list[str]) -> int:
    """Return 0 if every law held and each cell ended as the page says, 1 if not, 2 if there is no such cell."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="step:fault", help=f"as in {EXAMPLE}; none = all")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} from these outcomes; needs all cells")
    parser.add_argument("--alone", action="store_true", help="run them one after another, each on a fresh sandbox")
    parser.add_argument("--json", action="store_true", help="tell the result as one line of JSON")
    chosen = parser.parse_args(arguments)
    try:
        cells = [Cell.parse(text).possible() for text in chosen.cells] or all_cells()
    except UnknownCellError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # A person's clicks may be in vain, so their deadline is as short.
    set_pace_and_deadlines(DEADLINE_SECONDS, person=True)
    # Temporal's SDK logs each failed attempt with its stack, and failures are the purpose here.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    ran = asyncio.run(_run(cells, alone=chosen.alone))
    sys.stdout.write((ran.as_json() if chosen.json else _for_people(ran)) + "\n")
    if chosen.write and not (ran.broken or chosen.cells):
        PAGE.write_text(table(ran.outcomes))
    return 1 if ran.broken or ran.touched or ran.changed else 0


def _for_people(ran: Ran) -> str:
    numbers = (
        f"{len(ran.outcomes)} cells, {len(ran.broken)} broken laws, {len(ran.changed)} changed outcomes, "
        f"{ran.orphans} orphans, {ran.duplicates} duplicates, {len(ran.touched)} foreign things touched, "
        f"{ran.seconds:.0f} s"
    )
    words = {"BROKEN": ran.broken, "TOUCHED": ran.touched, "CHANGED": ran.changed}
    return "\n".join([*(f"{word} {one}" for word, ones in words.items() for one in ones), numbers])


async def _run(cells: list[Cell], *, alone: bool) -> Ran:
    await find_temporal_cli()  # fetched once, before many processes need it at the same time
    if alone or len(cells) == 1:
        return await _run_here([[cell] for cell in cells])
    apart = [cell for cell in cells if cell.is_alone]
    ran, ran_apart = await asyncio.gather(_run_here([[cell for cell in cells if not cell.is_alone]]), run_apart(apart))
    ran.add(ran_apart)
    return ran


async def _run_here(turns: list[list[Cell]]) -> Ran:
    """Run the cells of a turn together; each turn has a fresh sandbox and worker."""
    ran = Ran()
    with running_sandbox() as sandbox:
        limits = {f"PRIVATELINK_PLATFORM_{kind}_PER_HOUR": str(MANY) for kind in ("READS", "WRITES")}
        os.environ.update(sandbox.env | limits | {SECRET_VARIABLE: SECRET})
        async with temporal_server() as server:
            client = await Client.connect(server.address, namespace=server.namespace, data_converter=DATA_CONVERTER)
            await ensure_search_attributes(client)
            for cells in turns:
                sandbox.reset()
                async with harness_of(sandbox, client) as harness:
                    ran.add(await run_cells(harness, cells))
    return ran


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
