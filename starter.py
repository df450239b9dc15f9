"""The call that a backend service makes, as the example to copy: `python starter.py request.yaml`.

It needs the package `privatelink` and Temporal's address (`TEMPORAL_ADDRESS`), and no cloud's credentials: those are
the worker's.
"""

import asyncio
import os
import sys

from privatelink import PrivateLinkError, PrivateLinks, read_request


async def main(file: str) -> int:
    """Create the link of the request in `file`, or join its creation; print its address."""
    try:
        links = await PrivateLinks.connect()
        result = await links.create(read_request(file))
    except PrivateLinkError as error:
        sys.stderr.write(f"{error.details_model.type}: {error.message}\n")
        return 1
    sys.stdout.write(f"{result.link} is running at {result.address}\n")
    return 0


if __name__ == "__main__":
    code = asyncio.run(main(sys.argv[1]))
    sys.stdout.flush()
    # Some processes abort at exit after their work with the SDK is done (temporalio/sdk-python#300).
    os._exit(code)
