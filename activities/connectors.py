"""Connectors of a deployment's data integration, which dial through the PrivateLink. Our description marks them."""

import asyncio

from temporalio import activity

from activities.checks.connector import (
    differs_finding,
    how_to_correct,
    name_finding,
    probe_failed,
    progress_of,
    refused,
    refused_finding,
    secret_finding,
    users_finding,
)
from activities.inputs import ConnectorCreation, ConnectorSpec
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import may_exist
from activities.support.connector_listing import connectors_in_scope
from activities.support.consistency import note_effect, since_effect
from activities.support.places import elsewhere_findings
from activities.support.removals import nothing_found, patient
from clouds.aws.accounts import AwsAccounts
from clouds.aws.endpoint_services import find_endpoint_service
from clouds.emqx.connector_body import NOWHERE, ConnectorBody
from clouds.emqx.deployment_api import DeploymentApi, DeploymentApis
from clouds.emqx.errors import ALREADY_EXISTS, TEST_FAILED, message_of, names_invalid_parameters
from clouds.emqx.wire import ConnectorRow
from clouds.polling.schedule import Pending, PollSchedule
from clouds.secrets import Secrets
from privatelink.errors import (
    CloudRefused,
    Finding,
    NameTaken,
    NotYet,
    PlatformKeyRefused,
    RemovalRefused,
    RequestDiffers,
    RequestRefused,
)
from privatelink.model.names import Place, description
from privatelink.pace import paced_delta

SCHEDULE = PollSchedule(usual=10, fast=2, slow=10)

RECENT_SECONDS = 60.0
"""Maximum age, in seconds, of the listing in which a new link looks for leftovers. No create gets to this step that
fast, and with many sagas at once a fresh listing takes half a minute."""


class Connectors:
    """Checks, creates and deletes connectors."""

    def __init__(self, deployment_apis: DeploymentApis, aws: AwsAccounts, secrets: Secrets) -> None:
        """`aws` finds the link's endpoint service, whose tags show which saga an adopted connector belongs to.

        `secrets` resolves the references in a connector's parameters.
        """
        self._apis = deployment_apis
        self._aws = aws
        self._secrets = secrets

    @activity.defn
    async def check_connector(self, spec: ConnectorSpec) -> None:
        """Check whether the connector can be created; change nothing.

        EMQX checks the parameters by probing a host that does not exist, so nothing is built for a connector that could
        never work. Raises `RequestRefused` with every finding at once.
        """
        body = await self._body(spec)
        findings = [secret_finding(one, spec.scope.link.deployment) for one in body.missing]
        try:
            api = self._apis.of(spec.scope.link.deployment)
        except PlatformKeyRefused as error:
            findings.append(
                refused_finding(spec.connector.id, error.details_model.message, error.details_model.next_step)
            )
        else:
            findings += await self._name_findings(api, spec, body)
            if not body.missing:
                findings += await _schema_findings(api, spec, body)
        if findings:
            raise RequestRefused.of_findings(findings)

    async def _body(self, spec: ConnectorSpec) -> ConnectorBody:
        # In a thread, because the secret files may be on a mounted network drive.
        return await asyncio.to_thread(ConnectorBody, spec.connector, spec.scope.link.deployment, self._secrets)

    async def _name_findings(self, api: DeploymentApi, spec: ConnectorSpec, body: ConnectorBody) -> list[Finding]:
        connectors = await api.connectors.reading()
        taken = [name_finding(one) for one in connectors if _is_in_the_way(one, spec)]
        elsewhere = await elsewhere_findings(
            self._aws.account(spec.scope.aws), spec.scope.link, await self._here(spec), connectors=connectors
        )
        if elsewhere:
            return taken + elsewhere
        differing = [one for one in connectors if one.is_of(spec.scope.link) and _differences(one, spec, body)]
        if differing and await self._is_complete(spec):
            taken += [differs_finding(one, _differences(one, spec, body)) for one in differing]
        return taken

    async def _here(self, spec: ConnectorSpec) -> Place:
        account_id = await self._aws.account(spec.scope.aws).account_id()
        return Place(account=account_id, region=spec.scope.aws.region, mode=spec.mode)

    @activity.defn
    async def create_connector(self, spec: ConnectorCreation) -> str:
        """Create the connector with the PrivateLink's address, once, and wait until it is `connected` on every node.

        Returns its ID, `type:name`. The link's own connector is used as it is if it fits; a leftover that does not fit
        is replaced. Before creating, EMQX probes the parameters through the address. A failed probe is `NotYet` while
        it may be transient, then `ConnectorFailed` with the reason. A foreign connector of that name is `NameTaken`.

        A connector that is connected only on some nodes points to an AZ without a working path (assumed: no public
        source), so the message names the nodes that are not connected. Raises `ConnectorFailed` if somebody disabled
        it.
        """
        api, body, id_ = self._apis.of(spec.scope.link.deployment), await self._body(spec), spec.connector.id
        # If somebody deletes it during the wait, we report that and do not create it again.
        if not activity.info().heartbeat_details:
            await self._make(api, spec, body)
            activity.heartbeat(id_)

        def connected(connectors: tuple[ConnectorRow, ...]) -> Pending | None:
            row = next((one for one in connectors if one.id == id_), None)
            return progress_of(row, body) if row else Pending(f"EMQX does not list connector {id_}", id_)

        await api.connectors.poll(connected, deadline=since_effect(spec.deadline), schedule=SCHEDULE)
        return id_

    async def _make(self, api: DeploymentApi, spec: ConnectorSpec, body: ConnectorBody) -> None:
        if body.missing:
            raise RequestRefused.of_findings(secret_finding(one, spec.scope.link.deployment) for one in body.missing)
        if await self._adopt(api, spec, body, not_older=0 if may_exist(spec.scope) else RECENT_SECONDS):
            return
        mark = description(spec.scope.link, spec.scope.saga_id, spec.scope.place)
        try:
            await api.probe_connector(body.for_probe(spec.address, mark))
        except CloudRefused as error:
            raise probe_failed(spec, body, error) from None
        try:
            await api.create_connector(body.filled(spec.address, mark))
        except CloudRefused as error:
            # This may be the reply to a retry of a call that got through.
            if await self._adopt(api, spec, body, not_older=0):
                return
            if error.cloud_code == ALREADY_EXISTS:
                raise NotYet(
                    f"creating the connector ({spec.connector.id}): EMQX has it, but does not list it yet",
                    resource=spec.connector.id,
                    retry_after=paced_delta(5),
                ) from None
            raise refused(spec, body, error) from None
        activity.logger.info("created the connector", extra={"connector": spec.connector.id})

    async def _adopt(self, api: DeploymentApi, spec: ConnectorSpec, body: ConnectorBody, *, not_older: float) -> bool:
        """Whether the link's connector exists and fits; leftovers that do not fit are deleted."""
        fits = False
        for one in await api.connectors.reading(not_older=not_older):
            if _is_in_the_way(one, spec):
                raise NameTaken(
                    f"creating the connector ({one.id}): it exists, and is not of link {spec.scope.link}",
                    resource=one.id,
                    next_step="choose another connector.name, or delete that connector",
                )
            if not one.is_of(spec.scope.link) or one.stands_elsewhere(spec.scope.place):
                continue
            differences = _differences(one, spec, body)
            if not differences:
                fits = True
                continue
            if await self._is_complete(spec):
                finding = differs_finding(one, differences)
                raise RequestDiffers(
                    f"creating the connector ({one.id}): {finding.message}",
                    resource=one.id,
                    next_step=finding.next_step,
                    findings=(finding,),
                )
            await _delete(api, one)
        return fits

    async def _is_complete(self, spec: ConnectorSpec) -> bool:
        """Whether an earlier create of the link ended well, so that what it made must not be touched."""
        service = await find_endpoint_service(self._aws.account(spec.scope.aws), spec.scope.link)
        return service is not None and service.complete

    @activity.defn
    @patient
    async def delete_connector(self, spec: RemovalScope) -> Removed:
        """Delete the link's connectors (in a rollback: those that this saga made or adopted), and see them gone.

        They are found by our description. None is success. Raises `RemovalRefused` naming the actions and sources that
        still use one: they are never deleted along with it. If `connectors_in_scope` gives none, nothing is looked at.
        """
        api = self._apis.find(spec.link.deployment)
        service = await find_endpoint_service(self._aws.account(spec.aws), spec.link)
        doomed = await connectors_in_scope(api, spec, service)
        if api is None or doomed is None:
            activity.logger.warning("no API key may list the deployment's connectors, so we did not look for any")
            return Removed()
        if not doomed:
            return nothing_found()
        users = [users_finding(one) for one in doomed if one.dependants]
        if users:
            raise RemovalRefused.of_findings(users)
        for one in doomed:
            await _delete(api, one)
        note_effect()
        ids = tuple(one.id for one in doomed)
        if await connectors_in_scope(api, spec, service):
            raise NotYet(f"deleting the connector ({', '.join(ids)}): EMQX still lists it", resource=", ".join(ids))
        return Removed(ids=ids)


def _is_in_the_way(one: ConnectorRow, spec: ConnectorSpec) -> bool:
    is_ours = one.is_of(spec.scope.link) and not one.stands_elsewhere(spec.scope.place)
    return one.id == spec.connector.id and not is_ours


def _differences(one: ConnectorRow, spec: ConnectorSpec, body: ConnectorBody) -> tuple[str, ...]:
    """What differs between a connector of this link and the one requested."""
    return ("name",) if one.id != spec.connector.id else body.differences(one.raw, spec.address)


async def _schema_findings(api: DeploymentApi, spec: ConnectorSpec, body: ConnectorBody) -> list[Finding]:
    try:
        await api.probe_connector(
            body.for_probe(NOWHERE, description(spec.scope.link, spec.scope.saga_id, spec.scope.place))
        )
    except CloudRefused as error:
        if names_invalid_parameters(error):
            message = f"EMQX refuses its parameters: {body.clean(message_of(error))}"
            return [refused_finding(spec.connector.id, message, how_to_correct(error))]
        if error.cloud_code != TEST_FAILED:
            raise
    return []


async def _delete(api: DeploymentApi, one: ConnectorRow) -> None:
    await api.delete_connector(one.id)
    activity.logger.info("deleted the connector", extra={"connector": one.id})
