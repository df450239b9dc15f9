"""The pages say what is there, all of it, and nothing that is not."""

import ast
import asyncio
import functools
import importlib
import importlib.util
import itertools
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from temporalio import workflow
from typer.main import get_command

import privatelink
from clouds.emqx.platform import PlatformSettings
from clouds.webhook import CloudEvent
from privatelink import PrivateLinkRequest, PrivateLinkResult, PrivateLinks
from privatelink.cli.application import app
from privatelink.cli.exits import ExitCode
from privatelink.errors import BY_TYPE, FindingType, NotYet
from privatelink.model.listeners import HealthCheck, Listener
from privatelink.model.progress import Phase
from privatelink.model.request import AwsAccess, Connector
from privatelink.model.request_files import read_request
from privatelink.model.secret_refs import ENV_PREFIX
from runtime.role_settings import RoleEntry
from runtime.settings import Settings
from runtime.settings_file import DeploymentEntry
from scripts import benchmarks, runbook
from scripts.schemas import FOLDER
from scripts.temporal_cli import find_temporal_cli
from scripts.temporal_server import TemporalServer
from tests.support.pages import PAGES, ROOT, anchors, blocks, commands, first_cells, links, prose, text_of
from tests.support.requests import request_json
from tests.support.world import World
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.saga.deadlines import Deadlines

RUNBOOK, BACKEND, README = "docs/runbook.md", "docs/backend.md", "README.md"
CONFIGURATION, REQUEST = "docs/configuration.md", "docs/request.md"
INDEX, TESTS = "docs/README.md", "tests/README.md"
VERBS: dict[str, Any] = vars(get_command(app))["commands"]


def of_program(name: str) -> list[Any]:
    """The commands on any page that run this program, each a test's parameter."""
    return [
        pytest.param(command, id=" ".join([page, *command]))
        for page in PAGES
        for command in commands(page)
        if command[0].endswith(name)
    ]


@functools.cache
def settings_read() -> set[str]:
    """Every variable of ours that the code reads, by the names that stand in it."""
    packages = [
        file.parent for file in ROOT.glob("*/__init__.py") if file.parent.name not in {"bench", "sandbox", "tests"}
    ]
    files = [*ROOT.glob("*.py"), *(file for package in packages for file in package.rglob("*.py"))]
    return {
        str(node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and re.fullmatch(r"(?:PRIVATELINK|EMQXCLOUD)_[A-Z_]*[A-Z]", str(node.value))
    }


def test_the_runbook_is_current() -> None:
    """An error, an Update or an option that changes without `make runbook` fails here."""
    assert runbook.is_current(), "run: make runbook"


def test_an_error_that_does_not_say_what_to_do_stops_the_runbook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new error type comes with its help."""
    monkeypatch.setattr(NotYet, "__doc__", "A state that is still moving.")
    with pytest.raises(ValueError, match="NotYet does not say what to do"):
        runbook.runbook()
    assert not BY_TYPE.keys() - anchors_of_errors()


def anchors_of_errors() -> set[str]:
    """The types with a heading in the runbook."""
    return set(re.findall(r"^#### (\w+)$", text_of(RUNBOOK), re.MULTILINE))


def test_the_check_of_the_runbook_fails_on_a_changed_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the way out."""
    assert 0 == runbook.main(["--check"])
    monkeypatch.setattr(runbook, "TEMPLATE", ROOT / "docs/glossary.md")
    assert 1 == runbook.main(["--check"])
    assert "make runbook" in capsys.readouterr().err


def test_every_finding_and_no_other_is_in_the_runbook() -> None:
    """In the order of the code, so that one reads both side by side."""
    assert [*FindingType] == first_cells(RUNBOOK, "Findings")


def test_every_phase_and_no_other_is_in_the_runbook() -> None:
    """What the first word of `status` means."""
    assert [*Phase] == first_cells(RUNBOOK, "Phases")


@pytest.mark.parametrize("saga", [CreatePrivateLink, DeletePrivateLink])
def test_every_update_is_in_the_runbook_by_its_verb(saga: type) -> None:
    """`join` is no verb: callers send it, and the backend's page has it."""
    updates = {str(name) for name in workflow._Definition.must_from_class(saga).updates}
    assert updates - {"join"} == {verb.replace("-", "_") for verb in runbook.EXAMPLES}
    assert "`join`" in text_of(BACKEND)


def test_every_command_and_option_is_in_the_runbook() -> None:
    """With the sentence that `--help` has."""
    sections = re.findall(
        r"^### `privatelink ([\w-]+)[^`]*`\n(.*?)(?=^#|\Z)", text_of(RUNBOOK), re.MULTILINE | re.DOTALL
    )
    assert [*VERBS] == [verb for verb, _ in sections]
    for verb, section in sections:
        options = [name for option in VERBS[verb].params for name in option.opts if name.startswith("-")]
        assert options == re.findall(r"`(-[\w-]+)`", section.partition("\n- ")[1] + section.partition("\n- ")[2]), verb
    assert all(
        f"`privatelink {option}`" in text_of(RUNBOOK) for option in ("--install-completion", "--show-completion")
    )


def test_a_note_on_an_error_that_is_not_there_stops_the_runbook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An error that is renamed takes its note along."""
    template = tmp_path / "runbook.template.md"
    template.write_text("<!-- errors -->\n<!-- NoSuchError: Restart the worker. -->\n")
    monkeypatch.setattr(runbook, "TEMPLATE", template)
    with pytest.raises(ValueError, match="notes on NoSuchError"):
        runbook.runbook()


def test_the_benchmarks_are_current() -> None:
    """Results or a template that change without `make benchmarks` fail here."""
    assert benchmarks.is_current(), "run: make benchmarks"


def test_the_check_of_the_benchmarks_fails_on_a_changed_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the way out."""
    assert 0 == benchmarks.main(["--check"])
    monkeypatch.setattr(benchmarks, "TEMPLATE", ROOT / "docs/glossary.md")
    assert 1 == benchmarks.main(["--check"])
    assert "make benchmarks" in capsys.readouterr().err


def test_a_measure_that_is_not_there_stops_the_benchmarks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A measure that is renamed is renamed on the page too."""
    template = tmp_path / "benchmarks.template.md"
    template.write_text("{{no_such_measure:.2f}}")
    monkeypatch.setattr(benchmarks, "TEMPLATE", template)
    with pytest.raises(KeyError, match="no_such_measure"):
        benchmarks.benchmarks()


def test_every_public_name_and_no_other_is_in_the_readme() -> None:
    """The list that the changelog means by "public"."""
    assert sorted(privatelink.__all__) == first_cells(README, "What is public")


@pytest.mark.parametrize("code", [block for page in PAGES for block in blocks(page, "python")])
def test_what_the_pages_import_is_public(code: str) -> None:
    """No page says to import what may change in any release."""
    public = prose(README).partition("## What is public")[2].partition("\n## ")[0]
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("privatelink.")
        for alias in node.names
    }
    assert [] == sorted(name for name in imported if f"`{name}`" not in public)


def test_the_result_in_the_readme_is_one_that_a_create_gives() -> None:
    """All of its fields, and no other."""
    [shown] = blocks(README, "json")
    assert PrivateLinkResult.model_fields.keys() == PrivateLinkResult.model_validate_json(shown).model_fields_set


@pytest.mark.parametrize(
    ("heading", "part"),
    [
        ("The link", PrivateLinkRequest),
        ("`aws`", AwsAccess),
        ("`listeners`", Listener),
        ("`connector`", Connector),
    ],
)
def test_every_field_of_a_request_and_no_other_is_on_its_page(heading: str, part: type[BaseModel]) -> None:
    """In the order of the code."""
    assert [*part.model_fields] == first_cells(REQUEST, heading)


def test_every_field_of_a_health_check_is_on_the_page_of_the_request() -> None:
    """They are part of a sentence."""
    assert [] == [name for name in HealthCheck.model_fields if f"`{name}`" not in text_of(REQUEST)]


def test_every_page_is_in_the_index() -> None:
    """A page that nobody finds helps nobody."""
    linked = {str(((ROOT / INDEX).parent / link).resolve().relative_to(ROOT)) for link in links(INDEX)}
    assert [] == sorted(page for page in PAGES if page != INDEX and ".template." not in page and page not in linked)


def test_every_folder_of_tests_is_in_their_readme() -> None:
    """Whoever writes a test finds where it belongs."""
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/__init__.py")}
    assert [] == sorted(folder for folder in folders if f"`{folder}/`" not in text_of(TESTS))


def test_every_setting_is_on_the_page_of_the_configuration() -> None:
    """What the code reads, somebody can look up."""
    assert [] == sorted(name for name in settings_read() if f"`{name}`" not in text_of(CONFIGURATION))


def test_every_field_of_the_settings_file_is_on_the_page_of_the_configuration() -> None:
    """What an operator may write into it."""
    fields = [*DeploymentEntry.model_fields, *RoleEntry.model_fields]
    assert [] == [name for name in fields if f"`{name}`" not in text_of(CONFIGURATION)]


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("PRIVATELINK_PLATFORM_READS_PER_HOUR", PlatformSettings.model_fields["reads_per_hour"].default),
        ("PRIVATELINK_PLATFORM_WRITES_PER_HOUR", PlatformSettings.model_fields["writes_per_hour"].default),
        ("PRIVATELINK_CONCURRENCY", Settings.model_fields["concurrency"].default),
    ],
)
def test_a_default_on_the_page_of_the_configuration_is_the_code_s(name: str, default: int) -> None:
    """A changed default is a changed promise."""
    [told] = re.findall(rf"^\| `{name}` \| (\d+) \|", text_of(CONFIGURATION), re.MULTILINE)
    assert default == int(told)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_setting_that_nothing_reads(page: str) -> None:
    """A renamed variable is renamed on the pages too."""
    known = settings_read() | {f"PRIVATELINK_DEADLINE_{name.upper()}" for name in Deadlines.model_fields}
    told = set(re.findall(r"\b(?:PRIVATELINK|EMQXCLOUD)_[A-Z_]*[A-Z]\b(?!_)", text_of(page)))
    # What a secret is called is up to whoever offers it.
    assert set() == {name for name in told - known if not name.startswith(ENV_PREFIX)}


def test_every_deadline_is_on_the_page_of_the_configuration_with_its_default() -> None:
    """In the order of the code; a changed default is a changed promise."""
    section = text_of(CONFIGURATION).partition("\n## Deadlines\n")[2].partition("\n## ")[0]
    told = [
        (name.lower(), float(seconds))
        for name, seconds in re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", section, re.MULTILINE)
    ]
    assert told == [(name, field.default) for name, field in Deadlines.model_fields.items()]


def test_every_exit_code_is_in_the_backends_page() -> None:
    """Scripts rely on these numbers."""
    told = re.findall(r"^\| .+ \| .+ \| (\d+) \| .+ \|$", text_of(BACKEND), re.MULTILINE)
    assert [*ExitCode] == [int(code) for code in told]


def test_every_schema_is_linked_from_the_backends_page() -> None:
    """A file that nobody finds helps nobody."""
    linked = {link.rpartition("/")[2] for link in links(BACKEND) if link.startswith("../schemas/")}
    assert {file.name for file in FOLDER.glob("*.json")} == linked


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    """To a file that is there, and to a heading that it has."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("command", of_program("make"))
def test_every_make_command_names_a_target(command: list[str]) -> None:
    """As the Makefile has it."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in command[1:] if "=" not in word} <= targets


@pytest.mark.parametrize("command", of_program("privatelink"))
def test_every_privatelink_command_is_one_that_the_cli_takes(command: list[str]) -> None:
    """Verb and options, each of which must be that verb's own."""
    _, *words = command
    root = get_command(app)
    taken = {"--help", "-h", *(name for option in root.params for name in option.opts)}
    if not words[0].startswith("-"):
        assert words[0] in VERBS
        taken |= {name for option in VERBS[words[0]].params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= taken


@pytest.mark.parametrize("command", of_program("python"))
def test_every_python_command_runs_what_is_there(command: list[str]) -> None:
    """A module that can be found, or a file of the checkout."""
    _, *words = command
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1])
    else:
        assert (ROOT / words[0]).is_file()


@pytest.mark.parametrize("command", of_program("temporal"))
async def test_every_temporal_command_is_one_that_its_cli_takes(command: list[str]) -> None:
    """By what its own help says."""
    words = [*itertools.takewhile(lambda word: not word.startswith("-"), command[1:])]
    asking = [str(await find_temporal_cli()), *words, "--help"]
    shown = (await asyncio.to_thread(subprocess.check_output, asking)).decode()
    options = {word.partition("=")[0] for word in command if word.startswith("-")}
    assert options <= set(re.findall(r"(?<!\S)-{1,2}[a-z][\w-]*", shown))
    assert f"temporal {' '.join(words)}" in shown


REQUESTS = [block for page in PAGES for block in blocks(page, "yaml") if "deployment:" in block]


@pytest.mark.parametrize("request_text", REQUESTS)
def test_every_request_on_a_page_is_taken(request_text: str, tmp_path: Path) -> None:
    """What people copy is valid."""
    file = tmp_path / "request.yaml"
    file.write_text(request_text)
    assert "w41b11c0/orders-db" == str(read_request(str(file)).link)


def test_the_event_on_the_page_is_one_that_we_send() -> None:
    """Its form is that of the model."""
    [event] = blocks(BACKEND, "json")
    assert "com.emqx.privatelink.phase.held" == CloudEvent.model_validate_json(event, strict=True).type


@pytest.mark.parametrize("code", [block for page in PAGES for block in blocks(page, "python")])
def test_every_name_in_python_on_a_page_is_there(code: str) -> None:
    """It compiles, what it imports of ours exists, and what it calls on the client is a method of it."""
    tree = compile(code, "page", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("privatelink"):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, alias.name) for alias in node.names), node.module
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("links"):
            assert hasattr(PrivateLinks, node.attr)


async def test_the_backend_of_the_page_starts_polls_rolls_back_and_deletes(
    world: World, server: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block runs unchanged: a create to its address, refusals by their type, a delete to the end."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    [block] = [code for code in blocks(BACKEND, "python") if "fastapi" in code]
    page = ModuleType("page")
    exec(compile(block, "docs/backend.md", "exec"), vars(page))  # noqa: S102 - the page's own code
    link = "/links/w41b11c0/orders-db"

    async def end(http: httpx.AsyncClient) -> Any:  # noqa: ANN401 - JSON
        while True:
            status = (await http.get(link)).json()
            if status["closed_at"]:
                return status
            await asyncio.sleep(0.1)

    backend: Any = page.app
    transport = httpx.ASGITransport(app=backend)
    async with (
        backend.router.lifespan_context(backend),
        httpx.AsyncClient(transport=transport, base_url="http://backend") as http,
    ):
        assert 404 == (await http.get("/links/w41b11c0")).status_code
        wrong = await http.post("/links", json=request_json(world.sandbox, password="pa55"))
        assert (409, "InvalidRequest") == (wrong.status_code, wrong.json()["type"])
        assert "pa55" not in wrong.text

        started = await http.post("/links", json=request_json(world.sandbox))
        assert (202, "w41b11c0/orders-db") == (started.status_code, started.json()["link"])
        created = await end(http)
        assert created["result"]["address"]

        late = await http.post(f"{link}/roll-back", json={"reason": "changed my mind"})
        assert (409, "UpdateRefused") == (late.status_code, late.json()["type"])

        assert 202 == (await http.delete(link)).status_code
        assert "deleted" == (await end(http))["phase"]
