"""The search attributes by which operators find sagas, in the UI's list view and in `privatelink list`."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from privatelink.errors import TemporalUnreachable
from privatelink.model.progress import Phase
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.temporal.troubles import lacks_namespace, of_call

DEPLOYMENT = SearchAttributeKey.for_keyword("PrivateLinkDeployment")
ACCOUNT = SearchAttributeKey.for_keyword("PrivateLinkAccount")
REGION = SearchAttributeKey.for_keyword("PrivateLinkRegion")
PHASE = SearchAttributeKey.for_keyword("PrivateLinkPhase")

ALL = (DEPLOYMENT, ACCOUNT, REGION, PHASE)


def at_start(request: PrivateLinkRequest | DeleteRequest) -> TypedSearchAttributes:
    """The values known before the saga runs. They are set at start, where this costs no Temporal action."""
    pairs: list[SearchAttributePair[str]] = [
        SearchAttributePair(DEPLOYMENT, request.deployment),
        SearchAttributePair(REGION, request.aws.region),
        SearchAttributePair(PHASE, Phase.CHECKING),
    ]
    if request.aws.account_id:
        pairs.append(SearchAttributePair(ACCOUNT, request.aws.account_id))
    return TypedSearchAttributes(pairs)


async def ensure_search_attributes(client: Client) -> None:
    """Register what the client's namespace lacks. Every worker does this when it starts.

    Raises `TemporalUnreachable` with the commands to run if the server refuses, or has one with another type.
    """
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
        present = {**known.system_attributes, **known.custom_attributes}
        missing = [key.name for key in ALL if key.name not in present]
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace, search_attributes=dict.fromkeys(missing, keyword)
                )
            )
    except RPCError as error:
        trouble = of_call(error)
        if lacks_namespace(error):
            raise TemporalUnreachable(
                f"registering search attributes: {trouble.why}",
                resource=client.namespace,
                next_step=trouble.next_step,
            ) from error
        raise not_registered(client.namespace, trouble.why) from error
    other_type = [key.name for key in ALL if present.get(key.name, keyword) != keyword]
    if other_type:
        raise not_registered(client.namespace, f"{', '.join(other_type)} exist with a type other than Keyword")


def not_registered(namespace: str, why: str) -> TemporalUnreachable:
    """The error for a namespace without our search attributes, with the commands that add them."""
    names = " ".join(f"--name {key.name} --type Keyword" for key in ALL)
    return TemporalUnreachable(
        f"registering search attributes (namespace {namespace}): {why}",
        resource=namespace,
        next_step="have an administrator run: "
        f"temporal operator search-attribute create --namespace {namespace} {names}",
    )
