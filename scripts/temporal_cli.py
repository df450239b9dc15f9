"""Find the Temporal CLI: the one program that holds a real Temporal server, its UI and SQLite.

These are tried in order: `temporal` on PATH; this checkout's cache (`.cache/`, or the directory that
`PRIVATELINK_CACHE` names); the download that Temporal's own SDK makes for tests; `go install`. If all fail, the error
gives the reason for each. What the last two fetch is kept in the cache, but only once it has run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

GO_MODULE = "github.com/temporalio/cli/cmd/temporal@v1.5.1"
"""Go module at the newest tag that `go install` can build.

From v1.6.0 on the module has a `replace`, which `go install` refuses.
"""

DOWNLOADER = Path(__file__).with_name("temporal_download.py")
"""Program that makes the SDK download into a given directory."""

VERSION_SECONDS = 30.0
"""Maximum seconds for `temporal --version`. It takes 30 ms; a cold disk under load may take seconds."""

DOWNLOAD_SECONDS = 300.0
"""Maximum seconds for the whole download: about 50 MB, so a line of 2 Mbit/s is still fast enough."""

BUILD_SECONDS = 1200.0
"""Maximum seconds for the whole `go install`. Two cores on a good line need 2 minutes; slow machines more."""


_NONE_WORKS = """\
finding a Temporal server: no known way works on this machine
  - TEMPORAL_ADDRESS: not set"""

_NEXT_STEP = """\
Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26 or newer (https://go.dev/dl), or set
TEMPORAL_ADDRESS to a server that runs already; then run this again."""


class NoTemporalError(Exception):
    """No Temporal server can be reached or started here.

    The message names every way that was tried, why it failed, and what to install.
    """


class _AttemptError(Exception):
    """One way to get the CLI failed; the message is the reason in one line."""


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return the directory for what is fetched once per checkout.

    This is `PRIVATELINK_CACHE`, or else `.cache/` in the checkout.
    """
    chosen = environment.get("PRIVATELINK_CACHE")
    return Path(chosen).absolute() if chosen else Path(__file__).resolve().parent.parent / ".cache"


async def find_temporal_cli(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of a Temporal CLI that runs, fetching one into the cache when there is none.

    Raises NoTemporalError. Prints to standard error what takes time. Two concurrent processes may fetch twice; both
    end up with a complete program, because each fetches separately and renames into place.
    """
    cached = cache_directory(environment) / "temporal"
    ways: list[tuple[str, Callable[[], Awaitable[Path]]]] = [
        ("temporal on PATH", lambda: _on_path(environment)),
        (f"our cache, {cached}", lambda: _in_cache(cached)),
        ("download by Temporal's SDK", lambda: _download(cached, environment)),
        (f"go install {GO_MODULE}", lambda: _go_install(cached, environment)),
    ]
    failures: list[str] = []
    for way, attempt in ways:
        try:
            return await attempt()
        except _AttemptError as failure:
            failures.append(f"  - {way}: {failure}")
    raise NoTemporalError("\n".join([_NONE_WORKS, *failures, _NEXT_STEP]))


async def _on_path(environment: Mapping[str, str]) -> Path:
    found = shutil.which("temporal", path=environment.get("PATH", os.defpath))
    if found is None:
        raise _AttemptError("not there")
    return await _checked(Path(found))


async def _in_cache(cached: Path) -> Path:
    if not cached.exists():
        raise _AttemptError("not there")
    return await _checked(cached)


async def _download(cached: Path, environment: Mapping[str, str]) -> Path:
    with _fetching_directory(cached) as directory:
        await _run([sys.executable, str(DOWNLOADER), str(directory)], environment, DOWNLOAD_SECONDS)
        fetched = next(directory.glob("temporal*"), None)
        if fetched is None:
            raise _AttemptError("it produced no program")
        return await _keep(fetched, cached)


async def _go_install(cached: Path, environment: Mapping[str, str]) -> Path:
    go = shutil.which("go", path=environment.get("PATH", os.defpath))
    if go is None:
        raise _AttemptError("no go on PATH")
    print("Building the Temporal CLI with Go, once: 2 to 6 minutes.", file=sys.stderr, flush=True)
    with _fetching_directory(cached) as directory:
        # A GOFLAGS with -mod=vendor breaks this build, and so do GOOS and GOARCH set for cross-compiling.
        # -mod=readonly is Go's default; an empty GOFLAGS would restore the one set by `go env -w`.
        ours = {"GOBIN": str(directory), "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        theirs = {name: value for name, value in environment.items() if name not in {"GOOS", "GOARCH"}}
        await _run([go, "install", GO_MODULE], theirs | ours, BUILD_SECONDS)
        return await _keep(directory / "temporal", cached)


@contextlib.contextmanager
def _fetching_directory(cached: Path) -> Iterator[Path]:
    """Yield a directory beside the cached file, where a rename into place is atomic, and remove it afterwards."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        directory = tempfile.TemporaryDirectory(prefix="fetching-", dir=cached.parent)
    except OSError as error:
        raise _AttemptError(f"the cache cannot be written: {error}") from error
    with directory as path:
        yield Path(path)


async def _keep(fetched: Path, cached: Path) -> Path:
    (await _checked(fetched)).replace(cached)
    return cached


async def _checked(program: Path) -> Path:
    output = await _run([str(program), "--version"], os.environ, VERSION_SECONDS)
    if not output.startswith("temporal version"):
        raise _AttemptError(f"{program} --version does not answer as the Temporal CLI does")
    return program


async def _run(command: Sequence[str], environment: Mapping[str, str], limit_seconds: float) -> str:
    """Run a command to its end and return what it printed.

    Raises _AttemptError with the end of its output, or the time limit that it exceeded.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _AttemptError(f"{command[0]} does not run: {error.strerror}") from error
    try:
        async with asyncio.timeout(limit_seconds):
            output, complaint = await process.communicate()
    except TimeoutError:
        raise _AttemptError(f"it did not end within {limit_seconds:.0f} s") from None
    finally:
        # Kill the whole group: Go's compilers, or the server that the SDK starts, are children of the command.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.returncode != 0:
        last_words = complaint.decode(errors="replace").strip().splitlines() or [f"exit {process.returncode}"]
        raise _AttemptError(last_words[-1])
    return output.decode(errors="replace")


def main() -> None:
    """Print the CLI's path, and fetch the CLI if necessary: before tests, which are timed and run in parallel."""
    try:
        print(asyncio.run(find_temporal_cli()))
    except NoTemporalError as error:
        if not os.environ.get("TEMPORAL_ADDRESS"):
            sys.exit(str(error))
        print(f"{error}\nThe server of TEMPORAL_ADDRESS is used.", file=sys.stderr)


if __name__ == "__main__":
    main()
