"""Every error that the orchestrator raises.

Each answers two questions: will waiting help, and who must act?

    PrivateLinkError
    |-- NotYet                        waiting helps: a state that is still changing (expected, not logged as an error)
    |-- Throttled                     waiting helps: a rate limit or our own budget for it
    |-- CloudUnavailable              waiting helps: 5xx, connection lost, a reply that never came
    |-- UnknownCloudError             waiting may help: an error code that nobody has classified; loud
    |-- InvalidRequest                the caller: the request does not match its schema
    |-- RequestRefused                the caller: the checks found a problem; each finding is named (FindingType)
    |-- RemovalRefused                the caller: a delete would break something; each finding is named
    |-- UpdateRefused                 the caller: the saga is not waiting for this Update, or has ended
    |-- OtherOperationRunning         the caller: the link's other operation is running
    |-- RequestDiffers                the caller: the link exists, or is being made, from another request
    |-- AlreadyJoined                 nobody: the saga runs with this exact request, and records no more joins
    |-- NameTaken                     the caller: a foreign resource has the name
    |-- NotAllowed                    the customer; final in the checks, tried again after them (see the class)
    |   |-- CredentialsRefused        AWS credentials are wrong or missing, or the role cannot be assumed
    |   |-- PlatformKeyRefused        the platform's or the deployment's API key is wrong or missing
    |   |-- AccessDenied              a permission is missing
    |-- QuotaExceeded                 the customer: a quota of AWS or EMQX is used up
    |-- CloudRefused                  the customer: any other refusal that waiting does not fix
    |-- LoadBalancerFailed, TargetsUnhealthy, EndpointServiceFailed, EndpointConnectionFailed,
    |   AmbiguousConnection, PrivateLinkFailed, ConnectorFailed
    |                                 the customer: a resource that was made ended in a bad state
    |-- DeadlinePassed                the customer: it was still in progress at its deadline
    |-- StepFailed                    an operator: a time-out without a message, or a bug of ours
    |-- GivenUp                       nobody: somebody sent `roll_back`, and everything is rolled back
    |-- Cancelled                     nobody: somebody cancelled, and everything is rolled back
    |-- RollbackIncomplete            an operator: something is left behind; each leftover is listed
    |-- InvalidSettings               an operator: a variable or the settings file is wrong; each fault is named
    |-- LinkUnknown                   the caller: Temporal does not remember a saga of this link
    |-- TemporalUnreachable           an operator: no Temporal server answers, or its namespace is not set up
    |-- NoWorker                      an operator: Temporal accepted the saga, and no worker has answered yet
    |-- WorkerCannotGoOn              an operator: the saga's worker has another version, or fails

The first paragraph of each docstring says what happened, the second what to do. docs/runbook.md is generated from them.

`waiting`, `callers`, `clouds` and `endings` group the errors by who must act. `root` has what they share, and `details`
has what they carry.

An error is raised where it is found, crosses Temporal as an ApplicationError whose type is the class name, and is read
back by `from_failure`. Workflows and callers compare classes or types, never messages.
"""

from privatelink.errors.callers import (
    AlreadyJoined,
    InvalidRequest,
    LinkUnknown,
    NameTaken,
    OtherOperationRunning,
    RemovalRefused,
    RequestDiffers,
    RequestRefused,
    UpdateRefused,
)
from privatelink.errors.clouds import (
    AccessDenied,
    AmbiguousConnection,
    CloudRefused,
    ConnectorFailed,
    CredentialsRefused,
    DeadlinePassed,
    EndpointConnectionFailed,
    EndpointServiceFailed,
    LoadBalancerFailed,
    NotAllowed,
    PlatformKeyRefused,
    PrivateLinkFailed,
    QuotaExceeded,
    TargetsUnhealthy,
)
from privatelink.errors.details import ErrorDetails, Finding, FindingType, Leftover, Outcome, RunningSaga
from privatelink.errors.endings import (
    Cancelled,
    GivenUp,
    InvalidSettings,
    NoWorker,
    RollbackIncomplete,
    StepFailed,
    TemporalUnreachable,
    WorkerCannotGoOn,
)
from privatelink.errors.failures import BY_TYPE, from_failure
from privatelink.errors.invalid import IN_THE_CLEAR, invalid_request
from privatelink.errors.root import Actor, PrivateLinkError
from privatelink.errors.waiting import CloudUnavailable, NotYet, Throttled, UnknownCloudError

__all__ = [
    "BY_TYPE",
    "IN_THE_CLEAR",
    "AccessDenied",
    "Actor",
    "AlreadyJoined",
    "AmbiguousConnection",
    "Cancelled",
    "CloudRefused",
    "CloudUnavailable",
    "ConnectorFailed",
    "CredentialsRefused",
    "DeadlinePassed",
    "EndpointConnectionFailed",
    "EndpointServiceFailed",
    "ErrorDetails",
    "Finding",
    "FindingType",
    "GivenUp",
    "InvalidRequest",
    "InvalidSettings",
    "Leftover",
    "LinkUnknown",
    "LoadBalancerFailed",
    "NameTaken",
    "NoWorker",
    "NotAllowed",
    "NotYet",
    "OtherOperationRunning",
    "Outcome",
    "PlatformKeyRefused",
    "PrivateLinkError",
    "PrivateLinkFailed",
    "QuotaExceeded",
    "RemovalRefused",
    "RequestDiffers",
    "RequestRefused",
    "RollbackIncomplete",
    "RunningSaga",
    "StepFailed",
    "TargetsUnhealthy",
    "TemporalUnreachable",
    "Throttled",
    "UnknownCloudError",
    "UpdateRefused",
    "WorkerCannotGoOn",
    "from_failure",
    "invalid_request",
]
