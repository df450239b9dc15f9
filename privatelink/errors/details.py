"""What an error carries across Temporal: its findings, its leftovers, and the saga that blocks the call."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue


class FindingType(StrEnum):
    """What a check can find. The names are stable, so callers may compare them."""

    SCHEMA = "Schema"
    UNKNOWN_DEPLOYMENT = "UnknownDeployment"
    DEPLOYMENT_NOT_RUNNING = "DeploymentNotRunning"
    DEPLOYMENT_NOT_ON_AWS = "DeploymentNotOnAws"
    DEPLOYMENT_TYPE_UNSUPPORTED = "DeploymentTypeUnsupported"
    DEPLOYMENT_REGION_UNKNOWN = "DeploymentRegionUnknown"
    REGION_MISMATCH = "RegionMismatch"
    PRINCIPAL_UNSUPPORTED = "PrincipalUnsupported"
    TRUST_POLICY_OPEN = "TrustPolicyOpen"
    SUBNET_NOT_FOUND = "SubnetNotFound"
    SUBNETS_IN_SEVERAL_VPCS = "SubnetsInSeveralVpcs"
    SUBNETS_IN_ONE_AZ = "SubnetsInOneAz"
    SUBNET_WITHOUT_ADDRESSES = "SubnetWithoutAddresses"
    AZ_NOT_COVERED = "AzNotCovered"
    TARGET_NOT_FOUND = "TargetNotFound"
    TARGET_ELSEWHERE = "TargetElsewhere"
    NAME_TAKEN = "NameTaken"
    WORKFLOW_ID_DIFFERS = "WorkflowIdDiffers"
    LINK_DIFFERS = "LinkDiffers"
    LINK_ELSEWHERE = "LinkElsewhere"
    TAGS_LOST = "TagsLost"
    IN_USE_BY_OTHERS = "InUseByOthers"
    DELETION_PROTECTED = "DeletionProtected"
    KEY_MISSING = "KeyMissing"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - the name of a finding, no secret
    CONNECTOR_REFUSED = "ConnectorRefused"
    ADDRESS_IN_USE = "AddressInUse"
    PLACE_UNREAD = "PlaceUnread"
    PRIVATE_LINK_NOT_RUNNING = "PrivateLinkNotRunning"
    FOREIGN_ENDPOINT = "ForeignEndpoint"
    FOREIGN_PRINCIPAL = "ForeignPrincipal"


class Finding(BaseModel):
    """One thing that a check found. `resource` is an id or a path in the request; `next_step` is what to do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    resource: str
    message: str
    next_step: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.type} ({self.resource}): {self.message}; {self.next_step}"


class Outcome(StrEnum):
    """What a failed saga left behind: nothing was made, everything was undone, or something is left."""

    REFUSED = "refused"
    ROLLED_BACK = "rolled back"
    INCOMPLETE = "incomplete"


class Leftover(BaseModel):
    """One thing that a removal could not remove: what it is, its id, and the last error (or what it waits for).

    `console` is the page where a person finds it: a URL, or a description if there is no URL. It is empty if no page is
    known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    id: str
    reason: str
    console: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.kind} {self.id} ({self.reason}{f'; see {self.console}' if self.console else ''})"


class RunningSaga(BaseModel):
    """The running saga that blocks another: its operation, Temporal's run id, and its request.

    In `request`, `(hidden)` replaces an external id.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    operation: str
    saga_id: str
    request: dict[str, JsonValue]


class ErrorDetails(BaseModel):
    """What an error carries across Temporal besides its message. `type` is the error's class name.

    `after_deadline`: the error ended its step because the step's deadline had passed; earlier it would have been
    retried. `account` (12 digits) and `region`: where a saga that has ended looked last, which is where its outcome
    applies.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    message: str
    resource: str = ""
    next_step: str = ""
    findings: tuple[Finding, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    step: str | None = None
    outcome: Outcome | None = None
    running: RunningSaga | None = None
    after_deadline: bool = False
    account: str | None = None
    region: str | None = None
