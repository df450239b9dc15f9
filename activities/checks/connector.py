"""What checks find about a connector, and how EMQX describes the progress of one that is being made."""

from datetime import UTC, datetime

from temporalio import activity

from activities.inputs import ConnectorSpec
from clouds.emqx.connector_body import ConnectorBody
from clouds.emqx.errors import TEST_FAILED, message_of, names_invalid_parameters, names_ssrf
from clouds.emqx.labels import one_line
from clouds.emqx.wire import ConnectorRow
from clouds.polling.schedule import Pending
from privatelink.errors import CloudRefused, ConnectorFailed, Finding, FindingType, NotYet
from privatelink.model.secret_refs import home_of, name_of
from privatelink.pace import paced_delta

PROBE_PATIENCE_SECONDS = 120.0
"""Maximum seconds of the cloud's clock for which a failed probe is repeated: names and routes of a new address may take
a moment to reach the nodes."""


def secret_finding(reference: str, deployment: str) -> Finding:
    """A reference for which the deployment gets no secret. The finding does not depend on what the worker has.

    Otherwise a request could find out which variables and files there are. The worker's log gives the reason.
    """
    return Finding(
        type=FindingType.SECRET_NOT_FOUND,
        resource=reference,
        message=f"the worker offers no secret of this name to deployment {deployment}",
        next_step=f"give the worker {home_of(reference)}; if its settings file lists `secrets`, add "
        f"{name_of(reference)} to those of deployment {deployment}",
    )


def name_finding(one: ConnectorRow) -> Finding:
    """A foreign connector that has the name."""
    return Finding(
        type=FindingType.NAME_TAKEN,
        resource=one.id,
        message="there is a connector of this type and name, and it is not this link's",
        next_step="choose another connector.name, or delete that connector",
    )


def differs_finding(one: ConnectorRow, differences: tuple[str, ...]) -> Finding:
    """The link's own connector, made by another request."""
    return Finding(
        type=FindingType.LINK_DIFFERS,
        resource=one.id,
        message=f"the link has this connector, but the request differs in {', '.join(differences)}",
        next_step="delete the link before creating it with another connector",
    )


def refused_finding(connector_id: str, message: str, next_step: str) -> Finding:
    """Why EMQX would not take the connector."""
    return Finding(type=FindingType.CONNECTOR_REFUSED, resource=connector_id, message=message, next_step=next_step)


def users_finding(one: ConnectorRow) -> Finding:
    """What still uses the link's own connector, and must go first."""
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        resource=one.id,
        message=f"the link's own connector is used by {', '.join(one.dependants)}",
        next_step="delete those actions and sources, starting with the rules, or give them another connector",
    )


def probe_failed(
    spec: ConnectorSpec, body: ConnectorBody, error: CloudRefused
) -> NotYet | ConnectorFailed | CloudRefused:
    """The error of a failed probe through the address: `NotYet` while it may be transient."""
    if error.cloud_code != TEST_FAILED or names_invalid_parameters(error):
        return refused(spec, body, error)
    message = f"probing the connector ({spec.connector.id}): {body.clean(message_of(error)) or 'EMQX gives no reason'}"
    if datetime.now(UTC) < activity.info().scheduled_time + paced_delta(PROBE_PATIENCE_SECONDS):
        return NotYet(message, resource=spec.connector.id, retry_after=paced_delta(5))
    return ConnectorFailed(
        message,
        resource=spec.connector.id,
        next_step="check that the targets take connections on this port with these parameters and secrets",
    )


def refused(spec: ConnectorSpec, body: ConnectorBody, error: CloudRefused) -> CloudRefused:
    """EMQX's refusal, with its reason but without secrets."""
    why = body.clean(message_of(error))
    message = error.details_model.message + (f": {why}" if why else "")
    return CloudRefused(message, resource=spec.connector.id, next_step=how_to_correct(error))


def how_to_correct(error: CloudRefused) -> str:
    """The next step after EMQX refuses the parameters."""
    if names_ssrf(error):
        return (
            "have the deployment's SSRF protection (rule_engine.ssrf) allow private addresses: every PrivateLink's "
            "address resolves to one"
        )
    return "correct connector.parameters"


def progress_of(row: ConnectorRow, body: ConnectorBody) -> Pending | None:
    """None if it is connected on every node. Raises `ConnectorFailed` if somebody disabled it.

    A reply that names no node proves nothing, whatever overall status it gives.
    """
    if row.status == "stopped":
        raise ConnectorFailed(
            f"waiting for the connector ({row.id}): somebody disabled it",
            resource=row.id,
            next_step="find out in the deployment's console who did, then create the link again",
        )

    def words(status: str, reason: str) -> str:
        return one_line(status, 64) + (f" ({body.clean(reason)})" if reason else "")

    nodes = {node.node: node for node in row.node_status}
    if not nodes:
        whole = words(row.status, row.status_reason) or "without a status"
        return Pending(f"connector {row.id} is {whole}, but EMQX names no node that has it", row.id)
    trouble = [
        f"{name}: {words(at.status, at.status_reason)}" for name, at in nodes.items() if at.status != "connected"
    ]
    if not trouble:
        return None
    connected = len(nodes) - len(trouble)
    return Pending(
        f"connector {row.id} is connected on {connected} of {len(nodes)} nodes; {', '.join(trouble)}", row.id
    )
