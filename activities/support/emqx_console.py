"""The pages of EMQX's console. Their URLs are not published, so pages are named by their menus."""

from privatelink.model.names import Link


def private_link_page(link: Link) -> str:
    """Where a deployment's PrivateLinks are listed, made and deleted."""
    return f"EMQX Platform Console, deployment {link.deployment}, Network Management, PrivateLink"


def connector_page(link: Link) -> str:
    """Where a deployment's connectors are listed."""
    return f"EMQX Platform Console, deployment {link.deployment}, Data Integration, Connectors"


def unseen_at_console(link: Link) -> str:
    """What we cannot see in console mode: only the console shows a PrivateLink that has no endpoint at AWS."""
    return f"PrivateLinks that have no endpoint at AWS: only {private_link_page(link)} shows them"
