"""What the engine must know of a link's parts: what is left of them, and where a person finds each."""

from collections.abc import Collection

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.connectors import Connectors
    from activities.removal import Removals
    from activities.scopes import RemovalScope
    from activities.support.inventory import part_of
    from privatelink.errors import Leftover
    from workflows.saga.subject import Subject, Undo


def _to_look_at(spec: RemovalScope, undos: Collection[Undo]) -> RemovalScope:
    """If no create of the link can have made a connector, there is none to look for."""
    no_connector = Connectors.delete_connector not in undos
    return spec.model_copy(update={"ignore_deployment": spec.ignore_deployment or no_connector})


def _unchecked(spec: RemovalScope, made: str) -> Leftover:
    part = part_of(made)
    reason = "it could not be checked whether it still exists"
    return Leftover(kind=part.kind, id=made, reason=reason, console=part.page(spec.link, spec.aws.region, made))


def _url(region: str, made: str) -> str:
    url = part_of(made).url
    return url(region, made) if url else ""


LINK = Subject(Removals.find_leftovers, _to_look_at, _unchecked, _url)
