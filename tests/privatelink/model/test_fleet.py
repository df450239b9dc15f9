"""Fleets: what a file says, every fault at its line, and parts that Temporal can carry."""

import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from privatelink.errors import ErrorDetails, InvalidRequest, Outcome
from privatelink.model.fleet import (
    AT_ONCE,
    Change,
    Ending,
    FleetPart,
    FleetProgress,
    RunningLink,
    check_links_differ,
    parts,
)
from privatelink.model.fleet_files import read_fleet
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.updates import Join, JoinCreate, JoinDelete
from tests.support.cli import REQUEST

TEMPORAL_PAYLOAD = 2_000_000
FLEET = """\
defaults:
  deployment: w41b11c0
  aws: {region: us-east-1}
  subnets: [subnet-0a1, subnet-0b2]
  tags: {team: orders}
links:
  - name: orders-db
    listeners: [{port: 3306, targets: [10.0.1.15]}]
  - name: kafka
    tags: {team: events}
    listeners:
      - {port: 9092, targets: [10.0.1.16]}
"""


def written(folder: Path, text: str, name: str = "fleet.yaml") -> str:
    """A file with this text."""
    file = folder / name
    file.write_text(text)
    return str(file)


def faults(path: str) -> list[tuple[str, str]]:
    """Where and what, of each fault that reading the fleet finds."""
    with pytest.raises(InvalidRequest) as refused:
        read_fleet(path)
    return [(found.resource.removeprefix(path), found.message) for found in refused.value.details_model.findings]


def of_size(links: int, **more: Any) -> list[JoinCreate | JoinDelete]:  # noqa: ANN401 - fields of many types
    """A create for each of this many links."""
    request = {
        "deployment": "w41b11c0",
        "aws": {"region": "us-east-1"},
        "subnets": ["subnet-0a1", "subnet-0b2"],
        "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
        **more,
    }
    return [
        JoinCreate(request=PrivateLinkRequest.model_validate({"name": f"link-{number}", **request}))
        for number in range(links)
    ]


def test_a_link_takes_from_the_defaults_what_it_does_not_say_itself(tmp_path: Path) -> None:
    """Whole fields: the link's own tags replace those of the defaults."""
    orders, kafka = read_fleet(written(tmp_path, FLEET))
    assert ["w41b11c0/orders-db", "w41b11c0/kafka"] == [str(orders.link), str(kafka.link)]
    assert [{"team": "orders"}, {"team": "events"}] == [orders.tags, kafka.tags]
    assert ("subnet-0a1", "subnet-0b2") == kafka.subnets


def test_a_folder_of_requests_and_one_request_are_fleets_too(tmp_path: Path) -> None:
    """Files of other kinds in the folder are nobody's request."""
    one = written(tmp_path, REQUEST, "a.yaml")
    written(tmp_path, REQUEST.replace("orders-db", "kafka"), "b.yml")
    written(tmp_path, "# not a request", "README.md")
    assert ["orders-db"] == [request.name for request in read_fleet(one)]
    assert ["orders-db", "kafka"] == [request.name for request in read_fleet(str(tmp_path))]


def test_all_faults_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    """Unknown fields, a wrong value, a missing field, a link that is given twice: one run reports all of them."""
    text = (
        FLEET.replace("port: 9092", "port: 0")
        + "  - name: orders-db\n    colour: red\n  - name: kafka\n    surprise: 1\n"
    )
    text += "  - name: orders-db\n    listeners: [{port: 1, targets: [10.0.1.15]}]\nowner: ana\n"
    found = faults(written(tmp_path, text))
    assert [
        (", line 19", "owner: there is no such field"),
        (", line 12", "listeners.0.port: Input should be greater than or equal to 1"),
        (", line 13", "listeners: Field required"),
        (", line 14", "colour: there is no such field"),
        (", line 15", "listeners: Field required"),
        (", line 16", "surprise: there is no such field"),
    ] == found[:-1]
    assert found[-1][0] == ", line 17"
    assert "link w41b11c0/orders-db is already given, at links.0 of" in found[-1][1]


def test_a_fault_in_the_defaults_is_one_fault_at_its_own_line(tmp_path: Path) -> None:
    """However many links inherit it."""
    found = faults(written(tmp_path, FLEET.replace("us-east-1", "moon").replace("team: orders", "'aws:x': y")))
    assert {", line 3", ", line 5"} == {where for where, _ in found}
    assert 2 == len(found)


def test_two_listeners_with_one_port_are_refused_within_a_link_and_allowed_in_two(tmp_path: Path) -> None:
    """Each link has a load balancer of its own, so only the listeners of one link share ports."""
    twice = FLEET.replace(
        "{port: 3306, targets: [10.0.1.15]}", "{port: 1, targets: [10.0.1.1]}, {port: 1, targets: [10.0.1.2]}"
    )
    assert [(", line 7", "given twice: listener port 1")] == faults(written(tmp_path, twice))
    assert 2 == len(read_fleet(written(tmp_path, FLEET.replace("port: 9092", "port: 3306"))))


def test_a_connector_belongs_to_one_link(tmp_path: Path) -> None:
    """A connector in the defaults would be made twice in one deployment, and the second link would fail late."""
    connector = '  connector: {type: mysql, name: c, parameters: {server: "{address}:3306"}}\nlinks:'
    text = FLEET.replace("links:", connector).replace("9092", "3306")
    [(where, message)] = faults(written(tmp_path, text))
    assert (where, message.partition(",")[0]) == (
        ", line 10",
        "connector mysql:c of deployment w41b11c0 is already given",
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [("links: []\n", ", line 1"), ("defaults: {}\n", ", line 1"), ("defaults: {}\nlinks: [a]\n", ", line 2")],
)
def test_a_fleet_without_links_is_refused(tmp_path: Path, text: str, where: str) -> None:
    """An empty list is a mistake, and with pruning it would be a costly one."""
    assert [where] == [place for place, _ in faults(written(tmp_path, text))]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """Same."""
    assert [("", "no file in it ends in .yaml, .yml or .json")] == faults(str(tmp_path))


def test_a_broken_file_in_a_folder_hides_no_fault_of_another(tmp_path: Path) -> None:
    """Both are reported, and so is a link that two files have."""
    written(tmp_path, "a: b: c\n", "a.yaml")
    written(tmp_path, REQUEST + "colour: red\n", "b.yaml")
    written(tmp_path, REQUEST, "c.yaml")
    written(tmp_path, json.dumps(read_fleet(str(tmp_path / "c.yaml"))[0].model_dump(mode="json")), "d.json")
    assert ["/a.yaml, line 1", "/b.yaml, line 8", "/d.json, line 1"] == [where for where, _ in faults(str(tmp_path))]


def test_no_fault_quotes_a_value(tmp_path: Path) -> None:
    """A secret in the wrong place does not reach the error."""
    text = FLEET + "    connector: {type: mysql, name: a, parameters: {server: '{address}', password: hunter2}}\n"
    assert "hunter2" not in str(faults(written(tmp_path, text)))


def test_five_thousand_links_are_read_and_cut_into_parts_that_temporal_can_carry(tmp_path: Path) -> None:
    """Each part, with an outcome of the greatest size for each link, stays below Temporal's 2 MB for a payload."""
    links = [change.request.model_dump(mode="json", exclude_unset=True) for change in of_size(5000)]
    file = written(tmp_path, json.dumps({"links": links}), "fleet.json")
    tracemalloc.start()
    requests = read_fleet(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000_000
    cut = parts([JoinCreate(request=request) for request in requests])
    assert [f"w41b11c0/link-{number}" for number in range(5000)] == [one.link for part in cut for one in part.changes]
    assert AT_ONCE == sum(part.at_once for part in cut)
    worst = ErrorDetails(type="EndpointConnectionFailed", message="x" * 100_000)
    for part in cut:
        ended = tuple(one.failed(worst, Outcome.INCOMPLETE) for one in part.changes)
        assert len(part.model_copy(update={"outcomes": ended}).model_dump_json()) < TEMPORAL_PAYLOAD


def test_five_thousand_links_in_yaml_tell_every_fault_at_its_line_in_one_reading(tmp_path: Path) -> None:
    """The last entry's fault as exactly as the first one's."""
    entries = "".join(f"  - {{name: link-{number}, listeners: [{{port: 1}}]}}\n" for number in range(5000))
    head, _, _ = FLEET.partition("  - name")
    found = faults(written(tmp_path, head + entries))
    assert [(f", line {7 + number}", "listeners.0.targets: Field required") for number in range(5000)] == found


def test_great_requests_are_cut_by_their_size() -> None:
    """A load balancer's 50 listeners with hundreds of targets each: few of such links fit into one part."""
    targets = [f"10.0.{number // 250}.{number % 250}" for number in range(500)]
    great = of_size(6, listeners=[{"port": port, "targets": targets} for port in range(1, 51)])
    cut = parts(great)
    assert [3, 3] == [len(part.changes) for part in cut]
    assert all(len(part.model_dump_json()) < TEMPORAL_PAYLOAD for part in cut)


def test_the_same_fleet_has_the_same_ids_and_another_has_others() -> None:
    """Applied again it joins what runs; a changed request is never taken for the one that runs."""
    once, again = (parts(of_size(3))[0] for _ in range(2))
    assert once.workflow_id == again.workflow_id
    others = [parts(of_size(2))[0], parts(of_size(3, approval=True))[0], FleetPart(changes=once.changes, at_once=1)]
    assert 4 == len({once.workflow_id, *(part.workflow_id for part in others)})


def test_a_backend_s_list_with_a_link_twice_is_refused() -> None:
    """Without a file there is no line, but a name."""
    requests = [change.request for change in of_size(2) if isinstance(change, JoinCreate)]
    check_links_differ(requests)
    with pytest.raises(InvalidRequest, match="given twice: w41b11c0/link-0"):
        check_links_differ([*requests, requests[0]])


def test_the_progress_of_parts_adds_up() -> None:
    """Numbers of all, names of what runs, and the links that somebody must look at."""
    first, second, third = (Change(join=Join(change)) for change in of_size(3))
    since = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    failed = second.failed(
        ErrorDetails(type="QuotaExceeded", message="s", outcome=Outcome.ROLLED_BACK), Outcome.REFUSED
    )
    both = FleetProgress.together(
        [FleetProgress.of([first.unchanged()], [third.begun("1", since)], 4), FleetProgress.of([failed], [second], 0)]
    )
    running = (
        RunningLink(link=third.link, operation="create", since=since),
        RunningLink(link=second.link, operation="create"),
    )
    assert (8, running, (failed,)) == (both.total, both.running, both.troubles)
    assert {Ending.UNCHANGED: 1, Ending.ROLLED_BACK: 1} == both.endings
