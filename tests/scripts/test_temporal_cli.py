"""The order in which a Temporal CLI is looked for, and what is said when there is none.

No network, no real CLI.
"""

import stat
from pathlib import Path

import pytest

from scripts import temporal_cli
from scripts.temporal_cli import NoTemporalError, find_temporal_cli

WORKING = "#!/bin/sh\necho 'temporal version 9.9.9'\n"
BROKEN = "#!/bin/sh\necho 'no such instruction' >&2\nexit 1\n"
OTHER_PROGRAM = "#!/bin/sh\necho 'a program for the times of day'\n"


class Machine:
    """A machine as the finder sees it: a PATH, a cache, and a download host that answers or does not."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._directory = directory
        self.path, self.cache = directory / "bin", directory / "cache"
        self.path.mkdir()
        self.environment = {"PATH": f"{self.path}:/usr/bin:/bin", "PRIVATELINK_CACHE": str(self.cache)}
        self.answer_download("import sys; sys.exit('host not found')")

    def install(self, name: str, text: str) -> Path:
        """Put a program on PATH."""
        return _program(self.path / name, text)

    def fill_cache(self, text: str) -> Path:
        """Put a Temporal CLI into the cache."""
        self.cache.mkdir()
        return _program(self.cache / "temporal", text)

    def answer_download(self, program: str) -> None:
        """Let the SDK's download do what this Python program does; its first argument is the directory."""
        downloader = self._directory / "downloader.py"
        downloader.write_text(program)
        self._monkeypatch.setattr(temporal_cli, "DOWNLOADER", downloader)

    def download(self, text: str) -> None:
        """Let the SDK's download bring this program."""
        self.answer_download(
            "import pathlib, sys\n"
            "program = pathlib.Path(sys.argv[1]) / 'temporal-sdk-python-1.0'\n"
            f"program.write_text({text!r})\n"
            "program.chmod(0o755)\n"
        )

    def install_go(self, builds: str) -> Path:
        """Put a Go on PATH that builds this program, and return where it writes the environment it saw."""
        seen = self._directory / "go-environment"
        product = self._directory / "go-product"
        product.write_text(builds)
        script = f'env > {seen}\ncp {product} "$GOBIN/temporal"\nchmod +x "$GOBIN/temporal"\n'
        self.install("go", f"#!/bin/sh\n{script}")
        return seen


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with no Temporal CLI at all."""
    return Machine(tmp_path, monkeypatch)


async def test_the_one_on_path_comes_first(machine: Machine) -> None:
    """What the person installed is used even when the cache holds another."""
    machine.fill_cache(WORKING)
    expected = machine.install("temporal", WORKING)
    assert expected == await find_temporal_cli(machine.environment)


@pytest.mark.parametrize("on_path", [BROKEN, OTHER_PROGRAM])
async def test_the_cache_comes_when_the_one_on_path_is_no_temporal_cli(machine: Machine, on_path: str) -> None:
    """A program that fails, or is something else of that name, is passed over."""
    machine.install("temporal", on_path)
    assert machine.fill_cache(WORKING) == await find_temporal_cli(machine.environment)


async def test_the_download_comes_after_the_cache_and_replaces_what_does_not_run_there(machine: Machine) -> None:
    """A cache that was poisoned once heals by itself."""
    cached = machine.fill_cache(BROKEN)
    machine.download(WORKING)
    assert cached == await find_temporal_cli(machine.environment)
    assert WORKING == cached.read_text()


async def test_go_install_comes_last(machine: Machine) -> None:
    """Two minutes of building are spent only when nothing else works."""
    machine.install_go(WORKING)
    expected = machine.cache / "temporal"
    assert expected == await find_temporal_cli(machine.environment)
    assert WORKING == expected.read_text()


async def test_go_is_not_asked_while_the_download_works(machine: Machine) -> None:
    """The download, seconds against minutes, comes before the build."""
    seen = machine.install_go(WORKING)
    machine.download(WORKING)
    await find_temporal_cli(machine.environment)
    assert not seen.exists()


async def test_the_build_is_shielded_from_settings_that_would_break_it(machine: Machine) -> None:
    """A caller who vendors or cross-compiles still gets a CLI for this machine."""
    seen = machine.install_go(WORKING)
    machine.environment |= {"GOFLAGS": "-mod=vendor", "GOOS": "plan9", "GOARCH": "mips", "GOPROXY": "theirs"}
    await find_temporal_cli(machine.environment)
    environment = dict(line.split("=", 1) for line in seen.read_text().splitlines())
    assert "-mod=readonly" == environment["GOFLAGS"]
    assert "theirs" == environment["GOPROXY"]
    assert {"GOOS", "GOARCH"}.isdisjoint(environment)


async def test_what_does_not_run_is_not_kept(machine: Machine) -> None:
    """A bad download or build leaves the cache as it was, so the next run starts clean."""
    machine.download(BROKEN)
    machine.install_go(OTHER_PROGRAM)
    with pytest.raises(NoTemporalError):
        await find_temporal_cli(machine.environment)
    assert [] == list(machine.cache.iterdir())


async def test_every_way_is_told_with_its_reason_when_none_works(machine: Machine) -> None:
    """Whoever reads the error knows what was tried, why it failed, and what to install."""
    machine.install("temporal", BROKEN)
    with pytest.raises(NoTemporalError) as raised:
        await find_temporal_cli(machine.environment)
    expected = [
        "finding a Temporal server: no known way works on this machine",
        "  - TEMPORAL_ADDRESS: not set",
        "  - temporal on PATH: no such instruction",
        f"  - our cache, {machine.cache / 'temporal'}: not there",
        "  - download by Temporal's SDK: host not found",
        f"  - go install {temporal_cli.GO_MODULE}: no go on PATH",
    ]
    assert expected == str(raised.value).splitlines()[: len(expected)]
    assert "Install the Temporal CLI" in str(raised.value)


async def test_a_cache_that_takes_no_files_is_a_reason_like_any_other(machine: Machine) -> None:
    """A file where the cache's directory belongs is reported, not thrown as a stack trace."""
    machine.cache.write_text("")
    machine.install_go(WORKING)
    with pytest.raises(NoTemporalError, match="the cache cannot be written"):
        await find_temporal_cli(machine.environment)
