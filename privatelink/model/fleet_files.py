"""Fleet files: many links in one file (`defaults` and `links`), or a folder of request files.

All faults are reported at once, each with its file and line. Two links never share a load balancer, so a listener's
port must be unique only within its link. But two links may not share a name, nor two links of a deployment a connector.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from privatelink.errors import Finding, FindingType, InvalidRequest, invalid_request
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.request_files import read_document

SUFFIXES = frozenset({".yaml", ".yml", ".json"})

Location = tuple[str | int, ...]


class _FleetFile(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    defaults: dict[str, Any] = {}
    links: list[dict[str, Any]] = Field(min_length=1)


class _Entry(NamedTuple):
    """One link as written in a file: `at` is its path there, `defaults` are the file's defaults."""

    file: str
    at: Location
    fields: dict[str, Any]
    defaults: dict[str, Any]


class _Fault(NamedTuple):
    file: str
    at: Location
    message: str


def read_fleet(path: str) -> list[PrivateLinkRequest]:
    """The requests in a fleet file, in one request file, or in all request files of a folder, sorted by name.

    A link's own field replaces the whole field in `defaults`. Raises `InvalidRequest` with all faults at once.
    """
    folder = Path(path)
    files = sorted(str(one) for one in folder.iterdir() if one.suffix in SUFFIXES) if folder.is_dir() else [path]
    if not files:
        _refuse(path, (_finding(path, "no file in it ends in .yaml, .yml or .json"),))
    findings: list[Finding] = []
    faults: list[_Fault] = []
    roots: dict[str, Node | None] = {}
    requests: list[tuple[_Entry, PrivateLinkRequest]] = []
    for file in files:
        try:
            fields, roots[file] = read_document(file)
        except InvalidRequest as error:
            findings += error.details_model.findings
            continue
        for entry in _entries(file, fields, faults):
            try:
                requests.append((entry, PrivateLinkRequest.model_validate({**entry.defaults, **entry.fields})))
            except ValidationError as error:
                faults += _faults_of(entry, error)
    faults += _shared(requests)
    findings += _located(faults, roots)
    if findings:
        _refuse(path, tuple(findings))
    return [request for _, request in requests]


def _entries(file: str, mapping: dict[Any, Any], faults: list[_Fault]) -> Iterator[_Entry]:
    """The links in one file. Faults of the file around them are added to `faults`."""
    if not mapping.keys() & _FleetFile.model_fields.keys():
        yield _Entry(file, (), mapping, {})
        return
    try:
        _FleetFile.model_validate(mapping)
    except ValidationError as error:
        whole = _Entry(file, (), mapping, {})
        faults += _faults_of(whole, error)
    defaults, links = mapping.get("defaults"), mapping.get("links")
    for place, fields in enumerate(links if isinstance(links, list) else ()):
        if isinstance(fields, dict):
            yield _Entry(file, ("links", place), fields, defaults if isinstance(defaults, dict) else {})


def _faults_of(entry: _Entry, error: ValidationError) -> Iterator[_Fault]:
    paths = {".".join(map(str, fault["loc"])): fault["loc"] for fault in error.errors(include_input=False)}
    for finding in invalid_request(error).details_model.findings:
        path = paths.get(finding.resource, ())
        inherited = path and path[0] not in entry.fields and path[0] in entry.defaults
        at = ("defaults", *path) if inherited else (*entry.at, *path)
        yield _Fault(entry.file, at, f"{finding.resource}: {finding.message}" if path else finding.message)


def _shared(requests: list[tuple[_Entry, PrivateLinkRequest]]) -> Iterator[_Fault]:
    """Faults of links that share a name or a deployment's connector. The fault is the second link's."""
    owners: dict[str, int] = {}
    for place, (entry, request) in enumerate(requests):
        claims = [f"link {request.link}"]
        if request.connector:
            claims.append(f"connector {request.connector.id} of deployment {request.deployment}")
        for claim in claims:
            first = requests[owners.setdefault(claim, place)][0]
            if first is not entry:
                where = ".".join(map(str, first.at)) or "the top"
                yield _Fault(entry.file, entry.at, f"{claim} is already given, at {where} of {first.file}")


def _located(faults: list[_Fault], roots: Mapping[str, Node | None]) -> list[Finding]:
    """One finding with its line for each fault. A fault in `defaults` counts once, however many links inherit it."""
    found = {file: roots[file] or _root_of_json(file) for file in {fault.file for fault in faults}}
    return list(dict.fromkeys(_finding(_where(found[one.file], one), one.message) for one in faults))


def _where(root: Node | None, fault: _Fault) -> str:
    return f"{fault.file}, line {_line(root, fault.at)}" if root else fault.file


def _root_of_json(file: str) -> Node | None:
    """The YAML nodes of a JSON file; None for JSON that is not YAML (tabs, for example) or is nested too deeply."""
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(Path(file).read_text(encoding="utf-8-sig"))
    except (YAMLError, RecursionError):
        return None
    return root


def _line(node: Node, at: Location) -> int:
    """The line of the key or item at the path, or of the last part of the path that the file has."""
    line: int = node.start_mark.line
    for part in at:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found:
                line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1


def _finding(where: str, message: str) -> Finding:
    return Finding(type=FindingType.SCHEMA, resource=where, message=message, next_step="correct the file")


def _refuse(path: str, findings: tuple[Finding, ...]) -> NoReturn:
    raise InvalidRequest(
        f"reading the fleet ({path}): " + "; ".join(f"{one.resource}: {one.message}" for one in findings),
        resource=path,
        next_step="correct the files; nothing was started",
        findings=findings,
    )
