"""Deployments: what the service consumer is, and whether it can have a PrivateLink at all."""

from collections.abc import Iterator

from temporalio import activity

from activities.inputs import DeploymentFacts
from clouds.emqx.labels import is_aws, one_line, principal_account, region_code, same_word
from clouds.emqx.platform import READ_SECONDS, Platform
from clouds.emqx.wire import Deployment, Network
from privatelink.errors import CloudRefused, Finding, FindingType, RequestRefused
from privatelink.model.request import PRINCIPALS, ConsolePlatform, PrivateLinkRequest

TYPES_WITH_PRIVATE_LINK = ("dedicated", "dedicatedFlex")
"""Deployment types that can have a PrivateLink. EMQX's "AWS PrivateLink" says Dedicated. Flex is assumed, because the
page on VPC peering adds it: no public source."""


class Deployments:
    """Looks deployments up at the platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @activity.defn
    async def look_up_deployment(self, request: PrivateLinkRequest) -> DeploymentFacts:
        """Return the deployment's region, AZ IDs and principal, as of the last minute; change nothing.

        In console mode the AZ IDs and the principal come from the request, and the platform is asked only if the worker
        has a key for it. Raises `RequestRefused` with every reason why the deployment cannot have this PrivateLink.
        """
        console = request.platform if isinstance(request.platform, ConsolePlatform) else None
        if console and not self._platform.is_configured:
            return _facts(request, console.az_ids, console.principal_arn, console.account_id)
        deployment = await self._platform.get_deployment(request.deployment, not_older=READ_SECONDS)
        if deployment is None:
            raise RequestRefused.of_findings([_unknown(request.deployment)])
        findings = [*self._deployment_findings(deployment), *_region_findings(deployment, request.aws.region)]
        if console:
            if findings:
                raise RequestRefused.of_findings(findings)
            return _facts(request, console.az_ids, console.principal_arn, console.account_id)
        network = await self._network(request.deployment, findings)
        account_id = principal_account(network.aws_arn) if network else None
        if network and account_id is None:
            findings.append(_principal_finding(network))
        if findings or network is None or account_id is None:
            raise RequestRefused.of_findings(findings)
        return _facts(request, tuple(dict.fromkeys(network.az_ids)), network.aws_arn, account_id)

    async def _network(self, deployment: str, findings: list[Finding]) -> Network | None:
        """The network, or None when there is none and `findings` already say why."""
        try:
            return await self._platform.get_network(deployment, not_older=READ_SECONDS)
        except CloudRefused:
            if not findings:
                raise
            return None

    def _deployment_findings(self, deployment: Deployment) -> Iterator[Finding]:
        id_ = deployment.deployment_id
        if not same_word(deployment.status, "running"):
            yield Finding(
                type=FindingType.DEPLOYMENT_NOT_RUNNING,
                resource=id_,
                message=f"its status is {_word(deployment.status)}",
                next_step="start it, and create the link when it is running",
            )
        if not is_aws(deployment.platform):
            yield Finding(
                type=FindingType.DEPLOYMENT_NOT_ON_AWS,
                resource=id_,
                message=f"it runs on {_word(deployment.platform)}",
                next_step="choose a deployment on AWS",
            )
        types = (*TYPES_WITH_PRIVATE_LINK, *self._platform.further_types)
        if not any(same_word(deployment.type, type_) for type_ in types):
            yield Finding(
                type=FindingType.DEPLOYMENT_TYPE_UNSUPPORTED,
                resource=id_,
                message=f"deployments of type {_word(deployment.type)} have no PrivateLink",
                next_step=f"choose one of type {', '.join(types)}",
            )


def _facts(
    request: PrivateLinkRequest, az_ids: tuple[str, ...], principal_arn: str, account_id: str
) -> DeploymentFacts:
    return DeploymentFacts(region=request.aws.region, az_ids=az_ids, principal_arn=principal_arn, account_id=account_id)


def _unknown(deployment: str) -> Finding:
    return Finding(
        type=FindingType.UNKNOWN_DEPLOYMENT,
        resource=deployment,
        message="the platform does not know it",
        next_step="check its id in the console, and whether it is in the API key's project",
    )


def _region_findings(deployment: Deployment, wanted: str) -> Iterator[Finding]:
    region = region_code(deployment.region)
    if region is None and is_aws(deployment.platform):
        yield Finding(
            type=FindingType.DEPLOYMENT_REGION_UNKNOWN,
            resource=deployment.deployment_id,
            message=f"its region {_word(deployment.region)} contains no region code",
            next_step="ask EMQX for the AWS region of the deployment; it is never guessed",
        )
    elif region and region != wanted:
        yield Finding(
            type=FindingType.REGION_MISMATCH,
            resource="aws.region",
            message=f"it is {wanted}, but deployment {deployment.deployment_id} is in {region}",
            next_step=f"build the service provider's side in {region}",
        )


def _principal_finding(network: Network) -> Finding:
    return Finding(
        type=FindingType.PRINCIPAL_UNSUPPORTED,
        resource=one_line(network.aws_arn),
        message=PRINCIPALS,
        next_step="ask EMQX for an ARN of that form for the deployment",
    )


def _word(text: str) -> str:
    return repr(one_line(text, 64)) if text else "not given"
