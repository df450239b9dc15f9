"""What a cloud refuses, and what went wrong with a thing that was made: the customer must act."""

from privatelink.errors.root import PrivateLinkError


class NotAllowed(PrivateLinkError):
    """A cloud does not let us: credentials, a key, a role or a policy.

    Who was allowed a minute ago is allowed again soon, as a rule: a role or policy of IAM takes effect with a delay, an
    instance's credentials are late, somebody mends what was changed (IAM User Guide, "Changes that I make are not
    always immediately visible"). So Temporal tries the step again, but in the checks, where nothing is made yet
    (`options.check`). `was_allowed`: this process has seen the same call allowed; a permission that never
    was there is given up after some minutes.
    """

    waiting_helps = True
    was_allowed: bool = False


class CredentialsRefused(NotAllowed):
    """AWS does not take the credentials, there are none, the role can't be assumed, or AWS blocks its account.

    Correct the worker's AWS credentials, or `aws.role_arn`, `aws.external_id` and the role's trust policy
    (`deploy/iam`). Where the message says `Blocked`, `OptInRequired` or `PendingVerification`, ask AWS Support about
    the account. `privatelink check -f FILE` tries them without changing anything.
    """


class PlatformKeyRefused(NotAllowed):
    """EMQX does not take the API key, or none is configured.

    Correct the key that the message names in the worker's settings, and restart the worker. Check that the key's
    project holds the deployment.
    """


class AccessDenied(NotAllowed):
    """The credentials are right, a permission is missing.

    Add the action that the message names to the role's policy; `deploy/iam` has the whole of it. An organization's
    policy may deny it too.
    """


class QuotaExceeded(PrivateLinkError):
    """A quota (not a rate) of AWS or EMQX is used up.

    Raise the quota (AWS: Service Quotas; EMQX: a ticket), or remove what is no longer needed, and create the link
    again.
    """


class CloudRefused(PrivateLinkError):
    """A cloud refused the call itself, with a code that waiting does not mend.

    Read the cloud's own code and words in the message, correct what they name, and repeat the call.
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

    Check that the targets take connections on the listener's port with these parameters and this secret: the message
    has EMQX's reason. Then create the link again.
    """


class DeadlinePassed(PrivateLinkError):
    """It was still moving when its deadline came.

    Look in the cloud's console at what the message names. If it only needs longer, raise the deadline
    (`PRIVATELINK_DEADLINE_*`) and repeat the call.
    """
