"""Request files: YAML and JSON read alike, and every fault is named with its file and line, never with its value."""

import io
import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from privatelink.errors import InvalidRequest
from privatelink.model.fleet_files import read_fleet
from privatelink.model.request import AwsAccess, DeleteRequest, PrivateLinkRequest
from privatelink.model.request_files import read_delete_request, read_request
from tests.support.cli import LINK, REQUEST

AS_JSON = {
    "name": "orders-db",
    "deployment": "w41b11c0",
    "aws": {"region": "us-east-1"},
    "subnets": ["subnet-0a1", "subnet-0b2"],
    "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
}


def written(folder: Path, text: str | bytes) -> str:
    """A request file with this text."""
    file = folder / "request.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


def refusal(folder: Path, text: str | bytes) -> InvalidRequest:
    """What reading a create request of this text raises."""
    with pytest.raises(InvalidRequest) as refused:
        read_request(written(folder, text))
    return refused.value


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_and_yaml_read_alike(tmp_path: Path, indent: int | str | None) -> None:
    """The form of a file says nothing about the request."""
    from_yaml = read_request(written(tmp_path, REQUEST))
    assert read_request(written(tmp_path, json.dumps(AS_JSON, indent=indent))) == from_yaml


def test_json_escapes_are_json_s(tmp_path: Path) -> None:
    """A character outside the basic plane, as every JSON writer escapes it, arrives as itself."""
    text = json.dumps({**AS_JSON, "connector": {"type": "mysql", "name": "a", "parameters": {"x": "{address} 😀"}}})
    connector = read_request(written(tmp_path, text)).connector
    assert connector is not None
    assert {"x": "{address} 😀"} == connector.parameters


def test_yaml_flow_style_may_begin_with_a_brace(tmp_path: Path) -> None:
    """What begins like JSON and is YAML is read as YAML."""
    text = "{name: orders-db, deployment: w41b11c0, aws: {region: us-east-1}}"
    expected = DeleteRequest(name=LINK.name, deployment=LINK.deployment, aws=AwsAccess(region="us-east-1"))
    assert expected == read_delete_request(written(tmp_path, text))


def test_a_byte_order_mark_is_no_part_of_the_request(tmp_path: Path) -> None:
    """Editors that write one write valid files."""
    assert LINK == read_request(written(tmp_path, b"\xef\xbb\xbf" + REQUEST.encode())).link


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may come through a pipe."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(REQUEST.encode())))
    assert LINK == read_request("-").link


def test_a_delete_takes_the_file_of_the_create(tmp_path: Path) -> None:
    """The file that made a link is enough to delete it."""
    assert DeleteRequest.of(read_request(written(tmp_path, REQUEST))) == read_delete_request(written(tmp_path, REQUEST))


def test_all_faults_of_the_schema_are_named_at_once_with_their_paths(tmp_path: Path) -> None:
    """Nobody corrects a request one fault per run."""
    error = refusal(tmp_path, REQUEST.replace("3306", "0").replace("us-east-1", "moon") + "colour: red\n")
    assert ["aws.region", "listeners.0.port", "colour"] == [
        finding.resource for finding in error.details_model.findings
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("name: a\nname: b\n", 2, 'found duplicate key "name"'),
        ('{"name": "a",\n\t"name": "b"}', 2, 'found duplicate key "name"'),
        ("name: a\nsubnets: [a, b\nport: 1\n", 3, "expected ',' or ']', but got ':'"),
        ("name: a\nb: c: d\n", 2, "mapping values are not allowed here"),
        ("name: a\n---\nname: b\n", 2, "but found another document"),
        ("name: a\nb: *hunter2\n", 2, "found undefined alias (not shown)"),
        ("name: a\nb: !hunter2 x\n", 2, "could not determine a constructor for the tag (not shown)"),
        ("name: a\nb: \x01\n", 2, "a control character, which YAML does not allow"),
        (b"name: a\nb: \xff\n", 2, "it is not UTF-8 text"),
    ],
)
def test_what_is_neither_yaml_nor_json_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, why: str
) -> None:
    """The reader is led to the very line."""
    where = f"{tmp_path / 'request.yaml'}, line {line}"
    assert f"reading the request ({where}): {why}" == refusal(tmp_path, text).details_model.message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "orders-db", "[]", "3"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """Only a mapping can be a request."""
    assert "it is not a mapping of fields to values" in refusal(tmp_path, text).message


@pytest.mark.parametrize("text", ["a: !!int x\n", "a: !!float y\n", "[" * 5000, "a: &a [*a]\n"])
def test_values_that_yaml_itself_cannot_read_are_refused(tmp_path: Path, text: str) -> None:
    """No text of a file ends in another error than `InvalidRequest`."""
    assert str(tmp_path / "request.yaml") == refusal(tmp_path, text).details_model.resource


@pytest.mark.parametrize(
    "text",
    [
        'password: "a\npassword: hunter2',
        "password: hunter1\npassword: hunter2\n",
        "{password: hunter2, password: hunter3}",
    ],
)
def test_no_message_quotes_a_value(tmp_path: Path, text: str) -> None:
    """A file that is broken beside a secret does not put the secret into the error."""
    error = refusal(tmp_path, text)
    assert "hunter" not in error.message + error.details_model.model_dump_json()


def test_pydantic_s_own_message_quotes_no_value_either() -> None:
    """A backend that validates by itself does not print a secret that is in the wrong place."""
    with pytest.raises(ValidationError) as invalid:
        PrivateLinkRequest.model_validate({**AS_JSON, "name": "hunter2 in the clear"})
    assert "hunter2" not in str(invalid.value)


@pytest.mark.parametrize(("name", "why"), [("absent.yaml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    """The operating system's reason is kept."""
    file = str(tmp_path / name)
    with pytest.raises(InvalidRequest) as refused:
        read_request(file)
    assert f"reading the request ({file}): {why}" == refused.value.details_model.message


PLAIN = ["0123", "1_000", "1e3", "1.10", "0x1F", "0o17", "+1", "-0", ".5", "5.", ".inf", "no", "On", "y", "12:30:45"]
PLAIN += ["2026-01-01", "2026-99-99", "2026-01-01T10:00:00Z", "1.2.3", "00000122"]


@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("version", ["", "%YAML 1.1\n---\n"])
def test_a_text_without_quotes_arrives_as_it_is_written(tmp_path: Path, plain: str, version: str) -> None:
    """A leading zero of an account code is not lost, nor the last digit of a version; in YAML of either age."""
    connector = f"connector: {{type: mysql, name: a, parameters: {{x: '{{address}}', here: {plain}, {plain}: z}}}}\n"
    text = f"{version}{REQUEST}tags: {{cost-center: {plain}}}\n{connector}"
    request = read_request(written(tmp_path, text))
    assert request.connector is not None
    assert (request.tags["cost-center"], request.connector.parameters["here"]) == (plain, plain)
    assert request.connector.parameters[plain] == "z"


@pytest.mark.parametrize(("written_as", "value"), [("8", 8), ("-3", -3), ("0.5", 0.5), ("true", True), ("null", None)])
def test_what_can_be_no_text_in_disguise_is_what_yaml_and_json_say(
    tmp_path: Path, written_as: str, value: object
) -> None:
    """Numbers, switches and nothing, alike in both forms."""
    parameters = {"x": "{address}", "y": "HERE"}
    text = json.dumps({**AS_JSON, "connector": {"type": "mysql", "name": "a", "parameters": parameters}})
    for body in (text.replace('"HERE"', written_as), f"# YAML\n{text}".replace('"HERE"', written_as)):
        connector = read_request(written(tmp_path, body)).connector
        assert connector is not None
        assert connector.parameters["y"] == value
        assert type(connector.parameters["y"]) is type(value)


@pytest.mark.parametrize("number", ["0123", "1.10", "1E3", "NaN", "-0"])
def test_json_keeps_the_digits_of_a_number_too(tmp_path: Path, number: str) -> None:
    """The form of a file says nothing about the request."""
    connector = {"type": "mysql", "name": "a", "parameters": {"x": "{address}", "y": "HERE"}}
    text = json.dumps({**AS_JSON, "connector": connector}).replace('"HERE"', number)
    read = read_request(written(tmp_path, text)).connector
    assert read is not None
    assert read.parameters["y"] == number


@pytest.mark.parametrize("field", ["tags: {cost-center: 123}", "tags: {cost-center: true}"])
def test_a_number_where_a_text_belongs_is_refused_with_the_cure(tmp_path: Path, field: str) -> None:
    """Whoever reads it knows what to type."""
    (finding,) = refusal(tmp_path, f"{REQUEST}{field}\n").details_model.findings
    assert finding.resource == "tags.cost-center"
    assert 'in quotes, as in cost-center: "..."' in finding.message


def bomb(levels: int, leaf: str = "x") -> str:
    """A request whose parameters grow tenfold with each level."""
    lines = [f"    a0: &a0 [{','.join([leaf] * 10)}]"]
    lines += [f"    a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    head = "connector:\n  type: mysql\n  name: a\n  parameters:\n    x: '{address}'\n"
    return REQUEST + head + "\n".join(lines) + "\n"


@pytest.mark.parametrize("text", [bomb(5), bomb(60), bomb(3, "x" * 1000), bomb(1) + "    b: &b {c: *b}\n"])
def test_aliases_do_not_blow_a_file_up(tmp_path: Path, text: str) -> None:
    """A service reads its users' files: half a kilobyte must not become half a gigabyte, or an endless value."""
    began = time.monotonic()
    assert "alias" in refusal(tmp_path, text).message
    with pytest.raises(InvalidRequest, match="alias"):
        read_fleet(written(tmp_path, text))
    assert time.monotonic() - began < 5


def test_aliases_that_save_writing_are_taken(tmp_path: Path) -> None:
    """Anchors and merge keys, as people use them for what several listeners share."""
    text = REQUEST.split("listeners:")[0] + (
        "listeners:\n"
        "  - &first {port: 3306, targets: &targets [10.0.1.15, 10.0.2.15], health_check: {protocol: tcp}}\n"
        "  - {<<: *first, port: 3307}\n"
        "  - {port: 3308, targets: *targets}\n"
    )
    listeners = read_request(written(tmp_path, text)).listeners
    assert [3306, 3307, 3308] == [one.port for one in listeners]
    assert {("10.0.1.15", "10.0.2.15")} == {one.targets for one in listeners}


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    """A mistyped path, such as a device or a disk image, fills no memory."""
    assert "larger than 4 MiB" in refusal(tmp_path, b"#" * (4 * 1024**2 + 1)).message
    with pytest.raises(InvalidRequest, match="larger than 4 MiB"):
        read_request("/dev/zero")
