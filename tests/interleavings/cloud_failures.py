"""What can go wrong in the clouds: the calls that fail, the things that fail, and the messages of a refusal."""

WRITES = (
    "CreateTargetGroup",
    "CreateLoadBalancer",
    "CreateListener",
    "CreateVpcEndpointServiceConfiguration",
    "ModifyVpcEndpointServicePermissions",
    "POST /deployments/{deploymentID}/privatelinks",
    "AcceptVpcEndpointConnections",
    "POST /connectors",
    "DELETE /connectors/{id}",
    "DELETE /deployments/{deploymentID}/privatelinks/{privatelinkID}",
    "DeleteVpcEndpointServiceConfigurations",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
)
READS = (
    "DescribeLoadBalancers",
    "DescribeTargetHealth",
    "DescribeTags",
    "DescribeVpcEndpointServiceConfigurations",
    "DescribeVpcEndpointConnections",
    "GET /deployments/{deploymentID}/privatelinks",
    "GET /connectors",
    "AssumeRole",
)
THING_FAILURES = (
    ("CreateLoadBalancer", "failed"),
    ("CreateVpcEndpointServiceConfiguration", "failed"),
    ("POST /deployments/{deploymentID}/privatelinks", "failed"),
    ("AcceptVpcEndpointConnections", "unsuccessful"),
    ("DeleteVpcEndpointServiceConfigurations", "unsuccessful"),
)
REFUSALS = (
    (
        "AccessDenied",
        "User: worker is not authorized to perform this with an explicit deny in a service control policy",
    ),
    ("ExpiredToken", "The security token included in the request is expired"),
    ("SignatureDoesNotMatch", "Signature expired: 20151221T200419Z is now earlier than 20151221T200522Z"),
    ("BAD_API_KEY_OR_SECRET", "Check api_key/api_secret"),
)
"""Code and message of a refusal, by either cloud, of a caller that was allowed a moment ago."""
