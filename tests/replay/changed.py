"""The create story with two steps swapped: a change that no running saga may meet, and how it is made all the same."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import specs
    from activities.connectors import Connectors
    from privatelink.request import PrivateLinkRequest
    from privatelink.result import PrivateLinkResult
    from workflows.create import CreatePrivateLink
    from workflows.options import DEADLINES, limit


class _Swapped(CreatePrivateLink):
    async def _swapped(self, address: str) -> str | None:
        """Wait for the connector, then make it."""
        if self._request.connector is None:
            return None
        connector = self._request.connector
        await self.saga.wait(
            Connectors.wait_for_connector,
            specs.ConnectorWait(scope=self._scope, connector=connector, wait=limit(DEADLINES.connector)),
            about=connector.name,
        )
        return await self.saga.write(
            Connectors.create_connector,
            specs.ConnectorSpec(scope=self._scope, connector=connector, address=address),
            undo=Connectors.delete_connector,
            about=connector.name,
        )


@workflow.defn(name="CreatePrivateLink")
class SwappedWithoutPatch(_Swapped):
    """As somebody would write it who knows nothing of replay."""

    @workflow.init
    def __init__(self, request: PrivateLinkRequest) -> None:
        """As the original."""
        super().__init__(request)

    @workflow.run
    async def run(self, request: PrivateLinkRequest) -> PrivateLinkResult:
        """As the original."""
        return await super().run(request)

    async def _connect(self, address: str) -> str | None:
        return await self._swapped(address)


@workflow.defn(name="CreatePrivateLink")
class SwappedBehindPatch(_Swapped):
    """The same change where sagas of the old code go on as they began."""

    @workflow.init
    def __init__(self, request: PrivateLinkRequest) -> None:
        """As the original."""
        super().__init__(request)

    @workflow.run
    async def run(self, request: PrivateLinkRequest) -> PrivateLinkResult:
        """As the original."""
        return await super().run(request)

    async def _connect(self, address: str) -> str | None:
        if workflow.patched("await the connector before it is made"):
            return await self._swapped(address)
        return await super()._connect(address)
