"""What the checks of a connector can find, in words."""

from clouds.emqx.wire import ConnectorRow
from privatelink.errors import Finding, FindingType


def secret_finding(name: str) -> Finding:
    """A reference to a secret that the worker does not have."""
    return Finding(
        type=FindingType.SECRET_NOT_FOUND,
        concerns=f"env:{name}",
        sentence="the worker has no environment variable of this name",
        next_step=f"give {name} to the worker",
    )


def name_finding(one: ConnectorRow) -> Finding:
    """Someone else's connector that has the name."""
    return Finding(
        type=FindingType.NAME_TAKEN,
        concerns=one.id,
        sentence="a connector of this type and name is there, and not of this link",
        next_step="choose another connector.name, or delete that connector",
    )


def differs_finding(one: ConnectorRow, differences: tuple[str, ...]) -> Finding:
    """The link's own connector, made by another request."""
    return Finding(
        type=FindingType.LINK_DIFFERS,
        concerns=one.id,
        sentence=f"the link has this connector, and the request differs in {', '.join(differences)}",
        next_step="delete the link before creating it with another connector",
    )


def refused_finding(connector_id: str, sentence: str, next_step: str) -> Finding:
    """Why EMQX would not take the connector."""
    return Finding(type=FindingType.CONNECTOR_REFUSED, concerns=connector_id, sentence=sentence, next_step=next_step)


def users_finding(one: ConnectorRow) -> Finding:
    """What still uses a connector, which must go first."""
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        concerns=one.id,
        sentence=f"used by {', '.join(one.dependants)}",
        next_step="delete those first, rules that use them before",
    )
