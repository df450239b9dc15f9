"""Every error that the orchestrator raises.

Each answers two questions: will waiting help, and who must act?

    PrivateLinkError
    |-- NotYet                        waiting helps: a state that is still moving (expected, logged as no error)
    |-- Throttled                     waiting helps: a rate limit or our own budget for it
    |-- CloudUnavailable              waiting helps: 5xx, connection lost, a reply that never came
    |-- UnknownCloudError             waiting may help: a code that nobody has classified; loud
    |-- InvalidRequest                the caller: the request breaks its schema
    |-- RequestRefused                the caller: the checks found something; each finding is named (FindingType)
    |-- RemovalRefused                the caller: a delete that would break something; each finding is named
    |-- UpdateRefused                 the caller: the saga does not wait for what an Update says, or has ended
    |-- OtherOperationRunning         the caller: the link's other saga runs
    |-- RequestDiffers                the caller: the link exists, or is being made, by another request
    |-- AlreadyJoined                 nobody: the saga runs with this very request, and records no further joins
    |-- NameTaken                     the caller: something that is not ours has the name
    |-- NotAllowed                    the customer; final in the checks, tried again after them (see the class)
    |   |-- CredentialsRefused        AWS credentials wrong or missing, role not assumable
    |   |-- PlatformKeyRefused        the platform's or the deployment's API key is wrong or missing
    |   |-- AccessDenied              a permission is missing
    |-- QuotaExceeded                 the customer: a quota of AWS or EMQX is used up
    |-- CloudRefused                  the customer: any other refusal that waiting does not mend
    |-- LoadBalancerFailed, TargetsUnhealthy, EndpointServiceFailed, EndpointConnectionFailed,
    |   AmbiguousConnection, PrivateLinkFailed, ConnectorFailed
    |                                 the customer: a thing that was made ended in a bad state
    |-- DeadlinePassed                the customer: it kept moving, but longer than its deadline
    |-- StepFailed                    an operator: a time-out without a word, or a fault of ours
    |-- GivenUp                       nobody: somebody said `roll_back`, and all is rolled back
    |-- Cancelled                     nobody: somebody cancelled, and all is rolled back
    |-- RollbackIncomplete            an operator: something is left behind; each thing is listed
    |-- LinkUnknown                   the caller: Temporal does not remember a saga of that link
    |-- TemporalUnreachable           an operator: no Temporal server answers, or its namespace is not prepared
    |-- NoWorker                      an operator: Temporal took the saga, and no worker has answered yet
    |-- WorkerCannotGoOn              an operator: a worker has the saga, of another version or with a fault

Of each docstring the first paragraph says what happened, the second what to do; docs/runbook.md is made of them.

An error is raised where it is found, crosses Temporal as an ApplicationError whose type is the class's name, and is
read back by `from_failure`. Workflows and callers compare classes or types, never messages.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError


class Actor(StrEnum):
    """Who must act before a repetition can succeed."""

    NOBODY = "nobody"
    CALLER = "caller"
    CUSTOMER = "customer"
    OPERATOR = "operator"


class FindingType(StrEnum):
    """What a check can find. Stable names: callers may compare them."""

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
    """One thing that a check found: `concerns` is the id or the path in the request, `next_step` what to do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    concerns: str
    sentence: str
    next_step: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.type} ({self.concerns}): {self.sentence}; {self.next_step}"


class Outcome(StrEnum):
    """What a failed saga left behind: nothing was made; all was undone; something is left."""

    REFUSED = "refused"
    ROLLED_BACK = "rolled back"
    INCOMPLETE = "incomplete"


class Leftover(BaseModel):
    """One thing that a removal could not remove: what it is, its id, and the last error (or what it waits for).

    `console` is the page where a person finds it: a URL, or words where there is none; empty when none is known.
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
    """The saga that stands in the way of another: its operation, Temporal's run id, and its request.

    `request` has `(hidden)` in place of an external id.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    operation: str
    saga_id: str
    request: dict[str, JsonValue]


class ErrorDetails(BaseModel):
    """What an error carries across Temporal beside its message; `type` is the error's class name.

    `after_deadline`: it ended its step because the step's deadline had passed; before that it would have been retried.
    `account` (12 digits) and `region`: where a saga that ended looked last, so that its outcome says where it holds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    sentence: str
    concerns: str = ""
    next_step: str = ""
    findings: tuple[Finding, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    step: str | None = None
    outcome: Outcome | None = None
    running: RunningSaga | None = None
    after_deadline: bool = False
    account: str | None = None
    region: str | None = None


class PrivateLinkError(ApplicationError):
    """The root. `sentence` reads "doing X (id): why"; `concerns` is that id; `next_step` is what its actor does."""

    waiting_helps: ClassVar[bool] = False
    actor: ClassVar[Actor] = Actor.CUSTOMER
    category_of_type: ClassVar[ApplicationErrorCategory] = ApplicationErrorCategory.UNSPECIFIED

    details_model: ErrorDetails
    cloud_code: str = ""
    """The cloud's own code, for whoever asks in this process which refusal it was; it does not cross Temporal."""

    def __init__(
        self,
        sentence: str,
        *,
        concerns: str = "",
        next_step: str = "",
        findings: tuple[Finding, ...] = (),
        leftovers: tuple[Leftover, ...] = (),
        step: str | None = None,
        outcome: Outcome | None = None,
        running: RunningSaga | None = None,
        after_deadline: bool = False,
        account: str | None = None,
        region: str | None = None,
        retry_after: timedelta | None = None,
        is_final: bool | None = None,
    ) -> None:
        """Raise with what a person needs. `retry_after`: when the next attempt makes sense, where that is known.

        `is_final`: whether Temporal must not try the step again; left out, the class decides.
        """
        details = ErrorDetails(
            type=type(self).__name__,
            sentence=sentence,
            concerns=concerns,
            next_step=next_step,
            findings=findings,
            leftovers=leftovers,
            step=step,
            outcome=outcome,
            running=running,
            after_deadline=after_deadline,
            account=account,
            region=region,
        )
        super().__init__(
            f"{sentence}; {next_step}" if next_step else sentence,
            details,
            type=details.type,
            non_retryable=not self.waiting_helps if is_final is None else is_final,
            next_retry_delay=retry_after,
            category=self.category_of_type,
        )
        self.details_model = details

    @classmethod
    def of(cls, details: ErrorDetails, *, retry_after: timedelta | None = None, is_final: bool | None = None) -> Self:
        """The same error again from its details."""
        fields = {name: getattr(details, name) for name in ErrorDetails.model_fields if name != "type"}
        return cls(**fields, retry_after=retry_after, is_final=is_final)

    def as_weather(self) -> Self:
        """The same error, as one that Temporal tries again until the step's deadline."""
        if not self.non_retryable:
            return self
        again = type(self).of(self.details_model, retry_after=self.next_retry_delay, is_final=False)
        again.cloud_code = self.cloud_code
        return again


class _Transient(PrivateLinkError):
    waiting_helps = True
    actor = Actor.NOBODY


class NotYet(_Transient):
    """A state that is still moving; the message is what operators read while they wait.

    Nothing while a step says it. The sentence names the state and the deadline; a step that is still so at its deadline
    ends as `DeadlinePassed`.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class Throttled(_Transient):
    """A cloud's rate limit, or our own budget for it. Patience, not failure.

    Nothing: the step goes on by itself. If it lasts, see who else calls the same API with the same account or key, and
    whether the budgets in the worker's settings fit.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class CloudUnavailable(_Transient):
    """A cloud did not answer, or answered with a server's error.

    Nothing for minutes; after that, read the cloud's status page, and check that the worker's network reaches the host
    in the sentence.
    """


class UnknownCloudError(_Transient):
    """A code that no translator knows. Retried, because most unknown codes pass; loud, because it should get a name.

    Read the code and the sentence. `roll-back` if it will not pass; and give the code a name in `clouds/`, so that the
    next saga knows what it means.
    """

    actor = Actor.OPERATOR


class _CallerMustAct(PrivateLinkError):
    actor = Actor.CALLER


class InvalidRequest(_CallerMustAct):
    """The request breaks its schema. One finding per fault, with the path of each.

    Correct every field that the findings name, and repeat the call. Nothing was started.
    """


class _Findings(_CallerMustAct):
    doing: ClassVar[str]

    @classmethod
    def of_findings(cls, findings: Iterable[Finding]) -> Self:
        """Tell every finding in one error, by its name."""
        found = tuple(findings)
        sentence = f"{cls.doing}: " + "; ".join(f"{one.type} ({one.concerns}): {one.sentence}" for one in found)
        next_steps = dict.fromkeys(one.next_step for one in found)
        return cls(
            sentence, concerns=", ".join(one.concerns for one in found), next_step="; ".join(next_steps), findings=found
        )


class RequestRefused(_Findings):
    """The checks before a create found something. Nothing was made.

    Do what the findings say, and repeat the create.
    """

    doing = "checking the request"


class RemovalRefused(_Findings):
    """Removing now would break something. Nothing was removed.

    Do what the findings say, and repeat the delete.
    """

    doing = "checking the removal"


class UpdateRefused(_CallerMustAct):
    """An Update that does not fit how the saga stands. It had no effect.

    Read `privatelink status LINK`: it shows what the saga waits for, and the command that fits.
    """


class OtherOperationRunning(_CallerMustAct):
    """The link's other saga (create or delete) runs; its operation and request are in the message.

    Wait until the other saga has ended, or end it: `privatelink roll-back` for a create, a cancel for a delete. Then
    repeat the call.
    """


class AlreadyJoined(PrivateLinkError):
    """The saga runs with the very request of the call, and was joined so often that it records no further joins.

    Nothing: the call is part of the saga that `running` names, as after a join. Wait for its end, as the SDK and the
    CLI do.
    """

    actor = Actor.NOBODY


class RequestDiffers(_CallerMustAct):
    """The link is being made by another request; the differences are the findings.

    Repeat the call with the running request; or wait until the saga has ended, delete the link, and create it anew.
    """


class NameTaken(_CallerMustAct):
    """Something that does not carry our tags has the name that this link's thing must have.

    Give the link another name; or delete what has the name, if it is yours and nobody needs it. It is never adopted and
    never removed by a saga.
    """


class NotAllowed(PrivateLinkError):
    """A cloud does not let us: credentials, a key, a role or a policy.

    Who was allowed a minute ago is allowed again soon, as a rule: a role or policy of IAM takes effect with a delay, an
    instance's credentials are late, somebody mends what was changed (IAM User Guide, "Changes that I make are not
    always immediately visible"). So Temporal tries the step again, but in the checks, where nothing is made yet
    (`workflows.options.check`). `was_allowed`: this process has seen the same call allowed; one that never was is
    given up after some minutes.
    """

    waiting_helps = True
    was_allowed: bool = False


class CredentialsRefused(NotAllowed):
    """AWS does not take the credentials, there are none, or the role can't be assumed.

    Correct the worker's AWS credentials, or `aws.role_arn`, `aws.external_id` and the role's trust policy
    (`deploy/iam`). `privatelink check -f FILE` tries them without changing anything.
    """


class PlatformKeyRefused(NotAllowed):
    """EMQX does not take the API key, or none is configured.

    Correct the key that the sentence names in the worker's settings, and restart the worker. Check that the key's
    project holds the deployment.
    """


class AccessDenied(NotAllowed):
    """The credentials are right, a permission is missing.

    Add the action that the sentence names to the role's policy; `deploy/iam` has the whole of it. An organization's
    policy may deny it too.
    """


class QuotaExceeded(PrivateLinkError):
    """A quota (not a rate) of AWS or EMQX is used up.

    Raise the quota (AWS: Service Quotas; EMQX: a ticket), or remove what is no longer needed, and create the link
    again.
    """


class CloudRefused(PrivateLinkError):
    """A cloud refused the call itself, with a code that waiting does not mend.

    Read the cloud's own code and words in the sentence, correct what they name, and repeat the call.
    """


class LoadBalancerFailed(PrivateLinkError):
    """The load balancer's state is `failed`.

    Look at its subnets and at AWS's health page, and create the link again.
    """


class TargetsUnhealthy(PrivateLinkError):
    """Targets that cannot become healthy by waiting, with AWS's reason.

    Correct the targets: each must be registered in an AZ that has one of the subnets, and answer on its port. The
    reason is AWS's own.
    """


class EndpointServiceFailed(PrivateLinkError):
    """The endpoint service's state is `Failed`, or it is being deleted by someone else.

    Find out in AWS CloudTrail who or what ended it, and create the link again.
    """


class EndpointConnectionFailed(PrivateLinkError):
    """The endpoint connection was rejected, expired, failed, or deleted.

    Find out who ended it (AWS CloudTrail, EMQX's notifications), and create the link again.
    """


class AmbiguousConnection(PrivateLinkError):
    """It can't be told which endpoint connection is this PrivateLink's, so none was accepted.

    Find out whose each endpoint connection is, reject the others in AWS's console, and create the link again. Never
    accept one to try: another customer of EMQX may be behind it.
    """


class PrivateLinkFailed(PrivateLinkError):
    """The platform says that the PrivateLink failed, or holds two of it.

    Look at the PrivateLink in EMQX's console. Delete it there if there are two; then create the link again. A `failed`
    one lets itself be deleted with `--allow-failed`.
    """


class ConnectorFailed(PrivateLinkError):
    """The connector does not connect through the address, on at least one node.

    Check that the targets take connections on the listener's port with these parameters and this secret: the sentence
    has EMQX's reason. Then create the link again.
    """


class DeadlinePassed(PrivateLinkError):
    """It was still moving when its deadline came.

    Look in the cloud's console at what the sentence names. If it only needs longer, raise the deadline
    (`PRIVATELINK_DEADLINE_*`) and repeat the call.
    """


class StepFailed(PrivateLinkError):
    """A step ended in a way that no translator has a name for: a time-out without a word, or a fault of ours.

    Read the worker's log of the step, and repeat the call. If it comes again, it is a fault of the orchestrator: report
    it with the log.
    """

    actor = Actor.OPERATOR


class GivenUp(PrivateLinkError):
    """Somebody said `roll_back` to a create that ran, and everything that it had made is removed.

    Nothing. The reason is in the sentence; repeat the create when you want the link after all.
    """

    actor = Actor.NOBODY


class Cancelled(PrivateLinkError):
    """Somebody cancelled the saga, and everything that it had made is removed.

    Nothing. Repeat the call when you want it after all.
    """

    actor = Actor.NOBODY


class RollbackIncomplete(PrivateLinkError):
    """A rollback or delete could not remove everything; `leftovers` lists each thing.

    Mend what each reason names (a permission, a foreign endpoint, a connector in use), then run `privatelink delete
    LINK`: it finishes the removal, and may be repeated.
    """

    actor = Actor.OPERATOR


class LinkUnknown(_CallerMustAct):
    """Temporal does not remember a saga of that link (its retention is over, or there never was one).

    Check the name (`privatelink list`). For a link that Temporal has forgotten give its file: `privatelink status -f
    FILE` looks in both clouds, `privatelink delete -f FILE` deletes it.
    """


class TemporalUnreachable(PrivateLinkError):
    """No Temporal server answers at the address, or its namespace lacks what we need.

    Run `privatelink check`. Start the server, or correct `TEMPORAL_ADDRESS`, the namespace or the payload key, and
    repeat the call: it is safe.
    """

    actor = Actor.OPERATOR


class NoWorker(PrivateLinkError):
    """Accepted, outcome unknown: the saga is started, but no worker answered in time. Repeating the call is safe.

    Start a worker (`python worker.py`) and repeat the call: it joins what was started.
    """

    actor = Actor.OPERATOR


class WorkerCannotGoOn(PrivateLinkError):
    """A worker has the saga, and each of its tries to go on fails: it is of another version, or has a fault.

    Nothing is lost: Temporal tries again until a worker can. Start a worker of the version that began the saga, or mend
    what the sentence names. `temporal workflow show` has the failed workflow task.
    """

    actor = Actor.OPERATOR


def _leaves(root: type[PrivateLinkError]) -> list[type[PrivateLinkError]]:
    return [leaf for child in root.__subclasses__() for leaf in (_leaves(child) or [child])]


BY_TYPE: dict[str, type[PrivateLinkError]] = {leaf.__name__: leaf for leaf in _leaves(PrivateLinkError)}


def from_failure(error: BaseException) -> PrivateLinkError | None:
    """The error that a Temporal failure stands for: the first of ours in its chain of causes, or None."""
    while True:
        if isinstance(error, PrivateLinkError):
            return error
        if isinstance(error, ApplicationError) and (ours := _ours(error)):
            return ours
        cause = error.cause if isinstance(error, FailureError) else error.__cause__
        if cause is None:
            return None
        error = cause
    return None


def _ours(error: ApplicationError) -> PrivateLinkError | None:
    """By its type; one of a later version, which this one does not know, by its details, which keep its type."""
    told = _details(error)
    if leaf := BY_TYPE.get(error.type or ""):
        return leaf.of(told or ErrorDetails(type=error.type or "", sentence=error.message))
    if told is None or told.type != error.type:
        return None
    later = PrivateLinkError.of(told)
    later.details_model = told
    return later


def _details(error: ApplicationError) -> ErrorDetails | None:
    """Details arrive as plain JSON. A failure that somebody made by hand, in Temporal's UI, has none of ours."""
    try:
        return ErrorDetails.model_validate(error.details[0] if error.details else None)
    except ValidationError:
        return None


CORRECT = "correct the request"
EXPOSED = (
    "change that secret, because Temporal's history holds the request; `temporal workflow delete` removes the run;"
    " then correct the request"
)
IN_THE_CLEAR = "secret_in_the_clear"
"""The type of pydantic's error where a request holds a secret."""


def invalid_request(error: ValidationError, *, sent: bool = False) -> InvalidRequest:
    """All faults of a request at once, each with its path. Input values are left out: one may be a secret.

    `sent`: Temporal has the request already, so its history keeps a secret that stands in it.
    """
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    findings = tuple(
        Finding(
            type=FindingType.SCHEMA,
            concerns=".".join(str(part) for part in fault["loc"]) or "request",
            sentence=_words_of(fault["type"], fault["loc"], fault["msg"]),
            next_step=EXPOSED if sent and fault["type"] == IN_THE_CLEAR else CORRECT,
        )
        for fault in faults
        # pydantic also calls a list too short whose items are faulty: an echo of their own faults.
        if fault["type"] != "too_short"
        or sum(other["loc"][: len(fault["loc"])] == fault["loc"] for other in faults) == 1
    )
    sentence = "reading the request: " + "; ".join(f"{found.concerns}: {found.sentence}" for found in findings)
    next_steps = dict.fromkeys(found.next_step for found in findings)
    return InvalidRequest(sentence, concerns="request", next_step="; ".join(next_steps), findings=findings)


def _words_of(type_: str, path: tuple[int | str, ...], message: str) -> str:
    """What pydantic says of a fault, in words that help whoever wrote the request."""
    if type_ == "string_type":
        name = path[-1] if path and isinstance(path[-1], str) else "field"
        return f'a text is wanted here; put a number, or true and false, in quotes, as in {name}: "..."'
    return message.removeprefix("Value error, ")
