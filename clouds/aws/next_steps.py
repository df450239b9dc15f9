"""What to do about a refusal by AWS, taken from AWS's own message where it says more than the code.

Sources: the IAM User Guide, "Troubleshoot access denied error messages" (which policy denied what to whom); the ELB
User Guide, "Quotas for your Network Load Balancers" (which quotas can be raised) and "Service-linked roles".
"""

import re

from clouds.aws import codes

WORKER = "the worker's identity"

REFERENCE = "look up the code in AWS's API reference"

_DENIED_ACTION = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)(?: on resource:? (?P<resource>\S+))?"
)

_POLICIES = (
    ("service control policy", "ask whoever administers the AWS organization: a service control policy denies {it}"),
    ("resource control policy", "ask whoever administers the AWS organization: a resource control policy denies {it}"),
    ("permissions boundary", "let the permissions boundary of {who} allow {it}"),
    ("session policy", "let the session policy of {who} allow {it}"),
    ("vpc endpoint policy", "let the policy of the VPC endpoint, through which the worker calls AWS, allow {it}"),
    ("role trust policy", "let the role's trust policy allow {it} to {who}"),
)
"""AWS's name of the denying policy, and what to do. Allowing the action in the identity's own policy is no help."""

_SENTENCES = (
    ("deletion protection", "switch off the load balancer's deletion protection, if nobody needs it any more"),
    ("does not support creating load balancers", "ask AWS Support to let this account create load balancers"),
    ("cannot be associated with a load balancer", "give a subnet in another Availability Zone"),
    ("not enough ip space", "free addresses in the subnets, or give others: a load balancer needs 8 in each"),
    ("not enough free ip", "free addresses in the subnets, or give others: a load balancer needs 8 in each"),
    ("is not in the vpc", "correct the target's address, or the subnets: they must be of one VPC"),
)
"""Parts of messages, in lower case, and what to do. Their codes say little (OperationNotPermitted, ValidationError)."""

_STEPS = {
    "TagPolicyViolation": "correct `tags` in the request: a tag policy of the AWS organization does not allow them",
    "DuplicateTagKeys": "give each key of `tags` once",
    "InvalidSubnet": "correct `subnets` in the request",
    "AvailabilityZoneNotSupported": "give a subnet in another Availability Zone",
    "InvalidTarget": "correct the listener's `targets` and its `target_type`",
    # Limits that AWS does not raise.
    "TooManyListeners": "a load balancer has at most 50 listeners, and AWS does not raise that: make a second link",
    "TooManyTags": "a resource has at most 50 tags, and AWS does not raise that: give fewer `tags`",
    "TagLimitExceeded": "a resource has at most 50 tags, and AWS does not raise that: give fewer `tags`",
    "TargetGroupAssociationLimit": "a target group serves one load balancer, and AWS does not raise that",
}

_ACCOUNT_STEPS = {
    "OptInRequired": "subscribe the account to the service, or activate the region; if neither helps, ask AWS Support",
    "PendingVerification": "wait until AWS has verified the account; after four hours, ask AWS Support",
    "RegionDisabledException": "activate the region for STS (IAM console, Account settings)",
}


def next_step_of(code: str, message: str, *, operation: str, acts_as: str, is_about_the_clock: bool) -> str:
    """What a person should do about a refusal that waiting does not resolve.

    `acts_as`: whose credentials AWS refused, in words. `operation`: what was called, as AWS spells it.
    """
    said = _of_identity(code, message, operation, acts_as, is_about_the_clock=is_about_the_clock)
    return said or _of_sentence(message) or _STEPS.get(code) or _of_code(code)


def _of_identity(code: str, message: str, operation: str, acts_as: str, *, is_about_the_clock: bool) -> str:
    """The next step if AWS refused the caller; empty if it refused the call itself."""
    if is_about_the_clock:
        return "set the worker's clock by NTP: it and AWS's are too far apart; then look at the credentials"
    if code in codes.ACCOUNT:
        return _ACCOUNT_STEPS.get(code, "ask AWS Support what blocks this account")
    if code in codes.CREDENTIALS | codes.EXPIRED:
        return "correct the worker's AWS credentials; if they are right, look at the worker's clock"
    if code and operation == "AssumeRole" and not _is_of_the_organization(message):
        return "let the role's trust policy name the worker's identity and demand exactly this external_id"
    return _permission(message, operation, acts_as) if code in codes.DENIED else ""


def _of_sentence(message: str) -> str:
    words = message.lower()
    return next((step for part, step in _SENTENCES if part in words), "")


def _of_code(code: str) -> str:
    steps = (
        (codes.is_quota(code), "have the quota raised, or delete what is not used"),
        (codes.is_not_found(code), "something that the step needs has been deleted"),
        (codes.is_refused(code), REFERENCE),
        (not code, "check what is between the worker and AWS: a proxy is answering in its place"),
    )
    return next((step for applies, step in steps if applies), f"{REFERENCE}; the orchestrator does not know it")


def _permission(message: str, operation: str, acts_as: str) -> str:
    found = _DENIED_ACTION.search(message)
    action = found["action"] if found else operation or "the action"
    on = f" on {found['resource'].rstrip('.,')}" if found and found["resource"] else ""
    words = message.lower()
    for policy, step in _POLICIES:
        if policy in words:
            return step.format(it=f"{action}{on}", who=acts_as)
    if action == "iam:CreateServiceLinkedRole":
        return (
            f"allow {action} to {acts_as}, or make that role once: "
            "aws iam create-service-linked-role --aws-service-name elasticloadbalancing.amazonaws.com"
        )
    if "explicit deny" in words:
        return f"take the explicit deny of {action}{on} out of the policies of {acts_as}"
    return f"allow {action}{on} to {acts_as}"


def _is_of_the_organization(message: str) -> bool:
    words = message.lower()
    return any(policy in words for policy, _ in _POLICIES[:2])
