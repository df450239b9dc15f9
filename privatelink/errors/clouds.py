"""Errors that the customer resolves: a cloud refused a call, or a resource that was made has failed."""

from privatelink.errors.root import PrivateLinkError


class NotAllowed(PrivateLinkError):
    """A cloud does not allow the call, because of credentials, a key, a role or a policy.

    A call that was allowed a minute ago is usually allowed again soon: an IAM role or policy takes effect with a delay,
    an instance's credentials arrive late, or somebody repairs what was changed (IAM User Guide, "Changes that I make
    are not always immediately visible"). So Temporal tries the step again, except in the checks, where nothing has been
    made yet (`options.check`). `was_allowed`: this process has seen the same call allowed. A step whose permission was
    never there is given up after some minutes.
    """

    waiting_helps = True
    was_allowed: bool = False


class CredentialsRefused(NotAllowed):
    """AWS rejects the credentials, there are none, the role cannot be assumed, or AWS has blocked the account.

    Correct the worker's AWS credentials, or `aws.role_arn`, `aws.external_id` and the role's trust policy
    (`deploy/iam`). If the message says `Blocked`, `OptInRequired` or `PendingVerification`, ask AWS Support about the
    account. `privatelink check -f FILE` tries the credentials without changing anything.
    """


class PlatformKeyRefused(NotAllowed):
    """EMQX rejects the API key, or none is configured.

    In the worker's settings, correct the key that the message names, then restart the worker. Also check that the
    deployment belongs to the key's project.
    """


class AccessDenied(NotAllowed):
    """The credentials are valid, but a permission is missing.

    Add the action that the message names to the role's policy. `deploy/iam` has the complete policy. An organization's
    policy may also deny the action.
    """


class QuotaExceeded(PrivateLinkError):
    """A quota of AWS or EMQX is used up. This is not a rate limit.

    Raise the quota (AWS: Service Quotas; EMQX: a ticket), or remove what is no longer needed. Then create the link
    again.
    """


class CloudRefused(PrivateLinkError):
    """A cloud refused the call, with an error code that waiting does not fix.

    Read the cloud's error code and text in the message. Correct what they name, then repeat the call.
    """


class LoadBalancerFailed(PrivateLinkError):
    """The load balancer's state is `failed`.

    Check its subnets and AWS's health page, then create the link again.
    """


class TargetsUnhealthy(PrivateLinkError):
    """Some targets will not become healthy by waiting. The message has AWS's own reason.

    Correct the targets. Each must be registered in an AZ that has one of the subnets, and must answer on its port.
    """


class EndpointServiceFailed(PrivateLinkError):
    """The endpoint service's state is `Failed`, or somebody else is deleting it.

    Find out in AWS CloudTrail who or what ended it, then create the link again.
    """


class EndpointConnectionFailed(PrivateLinkError):
    """The endpoint connection was rejected or deleted, or it expired or failed.

    Find out who ended it (AWS CloudTrail, EMQX's notifications), then create the link again.
    """


class AmbiguousConnection(PrivateLinkError):
    """We cannot tell which endpoint connection belongs to this PrivateLink, so none was accepted.

    Find out who owns each endpoint connection. Reject the foreign ones in AWS's console, then create the link again.
    Never accept one just to try it: it may belong to another customer of EMQX.
    """


class PrivateLinkFailed(PrivateLinkError):
    """The platform reports that the PrivateLink failed or is gone, or that there are two of them.

    Look at the PrivateLink in EMQX's console. If there are two, delete all but one there. Then create the link again. A
    `failed` PrivateLink can be deleted with `--allow-failed`.
    """


class ConnectorFailed(PrivateLinkError):
    """On at least one node, the connector cannot connect through the address.

    Check that the targets accept connections on the listener's port with these parameters and this secret. The message
    has EMQX's reason. Then create the link again.
    """


class DeadlinePassed(PrivateLinkError):
    """A step was still waiting for a resource when its deadline passed.

    Look in the cloud's console at the resource that the message names. If it only needs more time, raise the deadline
    (`PRIVATELINK_DEADLINE_*`) and repeat the call.
    """
