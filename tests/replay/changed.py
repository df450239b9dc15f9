"""The create with two steps swapped: a change that no running saga may meet, and how it is made all the same."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import inputs
    from privatelink.model.request import PrivateLinkRequest
    from privatelink.model.result import PrivateLinkResult
    from workflows.create import CreatePrivateLink

_PATCH = "check the connector before the provider"


class _Swapped(CreatePrivateLink):
    async def _swapped(self, deployment: inputs.DeploymentFacts) -> inputs.ProviderFacts:
        """Check the connector, then the provider."""
        await super()._check_connector()
        return await super()._check_provider(deployment)


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

    async def _check_provider(self, deployment: inputs.DeploymentFacts) -> inputs.ProviderFacts:
        return await self._swapped(deployment)

    async def _check_connector(self) -> None:
        pass


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

    async def _check_provider(self, deployment: inputs.DeploymentFacts) -> inputs.ProviderFacts:
        if workflow.patched(_PATCH):
            return await self._swapped(deployment)
        return await super()._check_provider(deployment)

    async def _check_connector(self) -> None:
        if not workflow.patched(_PATCH):
            await super()._check_connector()
