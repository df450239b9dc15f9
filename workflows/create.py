"""The create: EMQX's page "AWS PrivateLink", step by step, each undo beside its step. Read this file first.

The order follows the dependencies, not the page: what can overlap, overlaps.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import inputs
    from activities.connectors import Connectors
    from activities.deployments import Deployments
    from activities.endpoint_connections import EndpointConnections
    from activities.endpoint_services import EndpointServices
    from activities.listeners import Listeners
    from activities.load_balancers import LoadBalancers
    from activities.providers import Providers
    from activities.scopes import RemovalScope, Scope
    from activities.target_groups import TargetGroups
    from privatelink.model.listeners import Listener
    from privatelink.model.names import Place, aws_name
    from privatelink.model.progress import Phase
    from privatelink.model.request import PrivateLinkRequest
    from privatelink.model.result import PrivateLinkResult
    from workflows.console_instructions import approving
    from workflows.platform_side import PlatformSide, platform_side_of, step_of_running, steps_of_asking
    from workflows.removal import everything, remove
    from workflows.saga import options
    from workflows.saga.controls import APPROVAL
    from workflows.saga.deadlines import deadlines
    from workflows.saga.options import deadline_in
    from workflows.saga.progress import ProgressTracker, step_id
    from workflows.saga.runs import saga_id, when_reset
    from workflows.saga.saga import Saga
    from workflows.saga.update_handlers import UpdateHandlers
    from workflows.subject import LINK


@workflow.defn
class CreatePrivateLink(UpdateHandlers):
    """Ends with a working address, or with nothing left behind."""

    @workflow.init
    def __init__(self, request: PrivateLinkRequest) -> None:
        """Set up the tracker, so that a query or an Update finds it before the first step."""
        link, saga, aws = request.link, saga_id(), request.aws
        self._scope = Scope(link=link, saga_id=saga, aws=aws, tags=request.tags)
        removal = RemovalScope(link=link, saga_id=saga, aws=aws, platform=request.platform)
        tracker = ProgressTracker("create", request, steps_to_come(request), LINK)
        holds = request.on_failure == "hold"
        super().__init__("create", Saga(tracker, removal, undone=Phase.ROLLED_BACK, holds=holds))
        self._request = request
        self._completes = False
        when_reset(self._begin_anew)

    @workflow.run
    async def run(self, request: PrivateLinkRequest) -> PrivateLinkResult:
        """Run the create, or roll back everything that it did."""
        return await self.run_saga(lambda: self._story(request), clean_up=self._roll_back)

    async def _story(self, request: PrivateLinkRequest) -> PrivateLinkResult:
        saga, scope, tracker = self.saga, self._scope, self.saga.tracker
        ports = tuple(listener.port for listener in request.listeners)

        deployment = await saga.check(Deployments.look_up_deployment, request, about=request.deployment)
        provider, _ = await saga.checks(self._check_provider(deployment), self._check_connector())
        place = Place(account=provider.account_id, region=request.aws.region, mode=request.platform.mode)
        self._scope = scope = scope.model_copy(update={"is_new": provider.is_new, "place": place})
        platform = platform_side_of(saga, scope, request)
        saga.compensation.stands_at(place)
        tracker.enter(Phase.CREATING, account=provider.account_id)
        if provider.has_complete:
            saga.undone = Phase.UNCHANGED
        if provider.has_leftovers:
            saga.compensation.note(*everything(request.platform))

        target_groups, load_balancer = await saga.parallel(
            saga.each(*(self._create_target_group(listener, provider) for listener in request.listeners)),
            saga.write(
                LoadBalancers.create_load_balancer,
                inputs.LoadBalancerSpec(scope=scope, subnets=provider.subnets, ports=ports),
                undo=LoadBalancers.delete_load_balancer,
                about=aws_name(scope.link),
            ),
        )
        tracker.made(load_balancer=load_balancer.arn)
        listener_arns = await saga.each(*(self._create_listener(load_balancer, group) for group in target_groups))

        await saga.wait(
            LoadBalancers.wait_for_load_balancer,
            inputs.LoadBalancerWait(
                scope=scope, load_balancer=load_balancer, deadline=deadline_in(deadlines().load_balancer)
            ),
            about=aws_name(scope.link),
        )
        # Until the load balancer is active no target becomes healthy.
        _, (service, connection) = await saga.parallel(
            saga.each(*(self._wait_for_targets(group) for group in target_groups)),
            self._offer_and_ask(load_balancer, deployment, platform),
        )
        target_group_arns = tuple(group.arn for group in target_groups)
        arns = (load_balancer.arn, *target_group_arns, *listener_arns)
        complete = inputs.CompleteSpec(scope=scope, arns=arns, service_id=service.service_id)
        if request.approval and not (connection.is_accepted or saga.controls.approved == connection.vpc_endpoint_id):
            await saga.ask(
                APPROVAL, saga.controls.approval(connection.vpc_endpoint_id, approving(scope.link, [connection.words]))
            )
        address, connector = await saga.look_until_no_reset(lambda: self._complete(connection, platform, complete))
        tracker.enter(Phase.RUNNING)
        return PrivateLinkResult(
            link=str(scope.link),
            address=address,
            service_name=service.service_name,
            service_id=service.service_id,
            load_balancer_arn=load_balancer.arn,
            target_group_arns=target_group_arns,
            vpc_endpoint_id=connection.vpc_endpoint_id,
            private_link_id=platform.private_link_id,
            connector=connector,
            account=place.account,
            region=place.region,
        )

    async def _complete(
        self, connection: inputs.Connection, platform: PlatformSide, complete: inputs.CompleteSpec
    ) -> tuple[str, str | None]:
        """Accept the endpoint, wait until the link runs, and mark it complete; returns its address and connector."""
        saga = self.saga
        dns_names = await saga.write_and_wait(
            EndpointConnections.accept_endpoint_connection,
            lambda deadline: inputs.Acceptance(scope=complete.scope, connection=connection, deadline=deadline),
            within=deadlines().connection,
            about=connection.vpc_endpoint_id,
        )
        address = await platform.address(connection, dns_names)
        saga.tracker.made(address=address)
        connector = await self._connect(address)
        self._completes = True
        await saga.write(Providers.mark_complete, complete, about=complete.scope.link)
        return address, connector

    async def _roll_back(self) -> None:
        self.saga.tracker.enter(Phase.ROLLING_BACK)
        if self.saga.resets and not self._completes and await self._may_be_complete():
            self.saga.compensation.spare_complete()
            self.saga.undone = Phase.UNCHANGED
        await remove(self.saga)

    async def _may_be_complete(self) -> bool:
        """Whether an earlier run of this create ended well; also true when nobody can tell."""
        compensation = self.saga.compensation
        complete = await compensation.run(Providers.is_complete, compensation.spec, options.inventory())
        return complete is not False

    def _begin_anew(self) -> None:
        """After a reset, the previous run may have made anything, and its last call may still take effect."""
        self._completes = False
        for undo in everything(self._request.platform):
            self.saga.compensation.note(undo)
            self.saga.compensation.outcome_unknown(undo)

    async def _check_provider(self, deployment: inputs.DeploymentFacts) -> inputs.ProviderFacts:
        return await self.saga.check(
            Providers.check_provider,
            inputs.ProviderSpec(request=self._request, saga_id=self._scope.saga_id, deployment=deployment),
            about=self._request.aws.region,
        )

    async def _check_connector(self) -> None:
        if self._request.connector:
            spec = inputs.ConnectorSpec(
                scope=self._scope, connector=self._request.connector, mode=self._request.platform.mode
            )
            await self.saga.check(Connectors.check_connector, spec, about=spec.connector.name)

    async def _create_target_group(self, listener: Listener, provider: inputs.ProviderFacts) -> inputs.TargetGroup:
        group = await self.saga.write(
            TargetGroups.create_target_group,
            inputs.TargetGroupSpec(
                scope=self._scope, listener=listener, vpc_id=provider.vpc_id, outside=provider.outside
            ),
            undo=TargetGroups.delete_target_groups,
            about=aws_name(self._scope.link, listener.port),
            key=listener.port,
        )
        self.saga.compensation.record(group.arn)
        return group

    async def _create_listener(self, load_balancer: inputs.LoadBalancer, group: inputs.TargetGroup) -> str:
        arn = await self.saga.write(
            Listeners.create_listener,
            inputs.ListenerSpec(scope=self._scope, load_balancer=load_balancer, target_group=group),
            undo=Listeners.delete_listeners,
            about=f"port {group.port}",
            key=group.port,
        )
        self.saga.compensation.record(arn)
        return arn

    async def _wait_for_targets(self, group: inputs.TargetGroup) -> None:
        await self.saga.wait(
            TargetGroups.wait_for_targets,
            inputs.TargetsWait(scope=self._scope, target_group=group, deadline=deadline_in(deadlines().targets)),
            about=aws_name(self._scope.link, group.port),
            key=group.port,
        )

    async def _offer_and_ask(
        self, load_balancer: inputs.LoadBalancer, deployment: inputs.DeploymentFacts, platform: PlatformSide
    ) -> tuple[inputs.EndpointService, inputs.Connection]:
        """Offer the endpoint service to the deployment's account, and have the PrivateLink made that connects to it."""
        saga, scope = self.saga, self._scope
        service = await saga.write_and_wait(
            EndpointServices.create_endpoint_service,
            lambda deadline: inputs.EndpointServiceSpec(scope=scope, load_balancer=load_balancer, deadline=deadline),
            within=deadlines().endpoint_service,
            undo=EndpointServices.delete_endpoint_service,
            about=aws_name(scope.link),
        )
        saga.tracker.made(endpoint_service=service.service_id)
        await saga.write(
            EndpointServices.add_allowed_principal,
            inputs.PrincipalSpec(scope=scope, endpoint_service=service, principal_arn=deployment.principal_arn),
            undo=EndpointServices.remove_allowed_principals,
            about=deployment.principal_arn,
        )
        connection = await platform.connect(service, deployment)
        saga.tracker.made(vpc_endpoint=connection.vpc_endpoint_id)
        return service, connection

    async def _connect(self, address: str) -> str | None:
        """Create the connector that the request asks for, and wait until it is connected through the address."""
        if self._request.connector is None:
            return None
        connector = self._request.connector
        connector_id = await self.saga.write_and_wait(
            Connectors.create_connector,
            lambda deadline: inputs.ConnectorCreation(
                scope=self._scope, connector=connector, address=address, deadline=deadline
            ),
            within=deadlines().connector,
            undo=Connectors.delete_connector,
            about=connector.name,
        )
        self.saga.tracker.made(connector=connector_id)
        return connector_id


def steps_to_come(request: PrivateLinkRequest) -> list[str]:
    """The ids of the create's steps, in the order of EMQX's page."""
    ports = [listener.port for listener in request.listeners]
    checks = [Deployments.look_up_deployment, Providers.check_provider]
    offer = [EndpointServices.create_endpoint_service, EndpointServices.add_allowed_principal]
    return [
        *(step_id(activity.__name__) for activity in checks),
        *([step_id(Connectors.check_connector.__name__)] if request.connector else []),
        *(step_id(TargetGroups.create_target_group.__name__, port) for port in ports),
        step_id(LoadBalancers.create_load_balancer.__name__),
        *(step_id(Listeners.create_listener.__name__, port) for port in ports),
        step_id(LoadBalancers.wait_for_load_balancer.__name__),
        *(step_id(TargetGroups.wait_for_targets.__name__, port) for port in ports),
        *(step_id(activity.__name__) for activity in offer),
        *steps_of_asking(request),
        *([APPROVAL] if request.asks_for_approval else []),
        step_id(EndpointConnections.accept_endpoint_connection.__name__),
        step_of_running(request),
        *([step_id(Connectors.create_connector.__name__)] if request.connector else []),
        step_id(Providers.mark_complete.__name__),
    ]
