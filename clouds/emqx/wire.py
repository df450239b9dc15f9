"""The only table of EMQX's paths and field names (docs/emqx-platform.openapi.yaml; broker API /api/v5).

The PrivateLink half is assumed, because EMQX offers it only in its console. A real API would mean editing this table.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter

from clouds.emqx.labels import one_line, same_word
from privatelink.model.names import Described, Link, Place, described_owner
from privatelink.model.request import texts

DEPLOYMENT = "/deployments/{deployment}"
NETWORK = "/deployments/{deployment}/network"
PRIVATE_LINKS = "/deployments/{deployment}/privatelinks"
PRIVATE_LINK = "/deployments/{deployment}/privatelinks/{private_link}"

CONNECTORS = "/connectors"
CONNECTOR = "/connectors/{connector}"
CONNECTORS_PROBE = "/connectors_probe"

# Any field may be missing or null in an answer.
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
_Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: value or ())]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Deployment(_Row):
    """A deployment, with its labels as EMQX sends them."""

    deployment_id: str = Field(alias="deploymentID")
    type: _Text = Field(default="", alias="deploymentType")
    platform: _Text = ""
    region: _Text = ""
    status: _Text = ""


class Network(_Row):
    """The consumer's side, as the console's +PrivateLink dialog shows it."""

    region: _Text = ""
    az_ids: tuple[str, ...] = Field(alias="azIDs", min_length=1)
    aws_arn: str = Field(alias="awsARN")


class PrivateLinkState(StrEnum):
    """The meaning of a status word. An unknown word counts as still moving."""

    RUNNING = "running"
    FAILED = "failed"
    TERMINATED = "terminated"
    MOVING = "moving"


class _DescribedRow(_Row):
    """A resource with our description, because EMQX has no tags."""

    description: _Text = ""

    @property
    def described(self) -> Described | None:
        """What our description says; None when someone else wrote it."""
        return described_owner(self.description)

    @property
    def saga_id(self) -> str | None:
        """The saga that made it, from our description."""
        return self.described.saga_id if self.described else None

    @property
    def place(self) -> Place | None:
        """The place of the link, from our description; None also if the description is too old to contain it."""
        return self.described.place if self.described else None

    def is_of(self, link: Link) -> bool:
        """Whether our description names this link."""
        return self.described is not None and self.described.link == str(link)

    def stands_elsewhere(self, here: Place | None) -> bool:
        """Whether our description names a different place. If so, no saga of this place may touch it."""
        return self.place is not None and here is not None and self.place != here

    def is_of_another(self, link: Link) -> bool:
        """Whether our description names another link. If so, it is not this link's, wherever it leads."""
        return self.described is not None and self.described.link != str(link)


class PrivateLinkRow(_DescribedRow):
    """A PrivateLink as the platform lists it. `status` is the raw word; `vpc_endpoint_id` is empty if not given."""

    private_link_id: str = Field(alias="privatelinkID", min_length=1)
    service_name: _Text = Field(default="", alias="serviceName")
    status: _Text = ""
    address: _Text = ""
    vpc_endpoint_id: _Text = Field(default="", alias="vpcEndpointID")
    reason: _Text = ""
    create_at: _Text = Field(default="", alias="createAt")

    @property
    def state(self) -> PrivateLinkState:
        """The status word, normalised."""
        return next((state for state in PrivateLinkState if same_word(state, self.status)), PrivateLinkState.MOVING)

    @property
    def why(self) -> str:
        """The platform's reason, for a message."""
        return one_line(self.reason) or "the platform gives no reason"

    @property
    def earliest_creation(self) -> datetime:
        """The earliest moment at which it may have been asked for.

        `createAt` has minutes and no time zone, so the earliest moment that it can mean is 14 hours before the same
        text in UTC. A text that cannot be read may mean any time.
        """
        try:
            return datetime.fromisoformat(self.create_at).replace(tzinfo=UTC) - timedelta(hours=14)
        except (ValueError, OverflowError):
            return datetime.fromtimestamp(0, UTC)


class NodeStatus(_Row):
    """A connector on one node of the deployment."""

    node: _Text = ""
    status: _Text = ""
    status_reason: _Text = ""


class ConnectorRow(_DescribedRow):
    """A connector of the data integration, with secrets redacted by EMQX. `raw` is the whole answer."""

    type: str
    name: str
    namespace: _Text = ""
    status: _Text = ""
    status_reason: _Text = ""
    node_status: Annotated[tuple[NodeStatus, ...], BeforeValidator(lambda value: value or ())] = ()
    actions: _Names = ()
    sources: _Names = ()
    raw: dict[str, JsonValue] = Field(repr=False)

    @property
    def id(self) -> str:
        """EMQX's id for it, `type:name`. One in a namespace is foreign, so the namespace comes first."""
        return f"{self.type}:{self.name}" if self.is_global else f"{self.namespace}/{self.type}:{self.name}"

    @property
    def is_global(self) -> bool:
        """Whether it is in no namespace (EMQX 6: `emqx_config.hrl` reserves the words that mean none)."""
        return self.namespace in {"", "global", "undefined", "null", "none"}

    @property
    def described(self) -> Described | None:
        """What our description says; None in a namespace, because we create nothing there."""
        return super().described if self.is_global else None

    @property
    def dependants(self) -> tuple[str, ...]:
        """The actions and sources that use it."""
        return tuple(f"action {name}" for name in self.actions) + tuple(f"source {name}" for name in self.sources)

    def dials(self, host: str) -> bool:
        """Whether any text in it names the host. No EMQX API links it to a PrivateLink."""
        return names_host(self.raw, host)


def names_host(raw: JsonValue, host: str) -> bool:
    """Whether any text in it names the host, as a whole name."""
    pattern = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", re.IGNORECASE)
    return any(pattern.search(text) for text in texts(raw))


def _with_raw(row: Any) -> Any:  # noqa: ANN401 - the input may not be a connector
    return row | {"raw": row} if isinstance(row, dict) else row


DEPLOYMENT_SHAPE = TypeAdapter(Deployment)
NETWORK_SHAPE = TypeAdapter(Network)
PRIVATE_LINK_SHAPE = TypeAdapter(PrivateLinkRow)
PRIVATE_LINKS_SHAPE = TypeAdapter(tuple[PrivateLinkRow, ...])
CONNECTOR_SHAPE = TypeAdapter(Annotated[ConnectorRow, BeforeValidator(_with_raw)])
CONNECTORS_SHAPE = TypeAdapter(tuple[Annotated[ConnectorRow, BeforeValidator(_with_raw)], ...])
