"""The table of actions: which AWS action is served by which function.

A function takes a `Call` and returns the answer as the botocore output shape has it (or what `Call.moto` returned).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.aws.errors import AwsError
from sandbox.aws.state import NEVER, Store, Thing, World

if TYPE_CHECKING:
    from sandbox.aws.credentials import AccessKey, Keyring
    from sandbox.faults import Fault, FaultKind

Answer = Any
Handler = Callable[["Call"], Answer]


@dataclass(frozen=True)
class Action:
    """One action; `fates` are the fault kinds it knows beyond those of every action."""

    service: str
    name: str
    read: bool
    fates: frozenset[FaultKind]
    handler: Handler


ACTIONS: dict[tuple[str, str], Action] = {}


def action(
    service: str, name: str, *, read: bool = False, fates: Iterable[FaultKind] = ()
) -> Callable[[Handler], Handler]:
    """Put the decorated function into the table."""

    def register(handler: Handler) -> Handler:
        ACTIONS[service, name] = Action(service, name, read, frozenset(fates), handler)
        return handler

    return register


@dataclass
class Call:
    """One call of one action by a known caller."""

    action: Action
    caller: AccessKey
    region: str
    params: dict[str, Any]
    """As the botocore input shape has them."""
    fault: Fault | None
    world: World
    keyring: Keyring
    moto: Callable[[], Any]
    """Let moto serve this call after all."""

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.account

    @property
    def principal(self) -> str:
        """The caller's ARN."""
        return self.caller.principal

    @property
    def store(self) -> Store:
        """The caller's things in the call's region."""
        return self.world.store(self.account, self.region)

    @property
    def now(self) -> float:
        """Sandbox seconds."""
        return self.world.clock.now()

    @property
    def stuck(self) -> bool:
        """What this call sets going is to go nowhere."""
        return self.fault is not None and self.fault.kind == "stuck"

    @property
    def failed(self) -> bool:
        """What this call sets going is to end badly."""
        return self.fault is not None and self.fault.kind == "failed"

    @property
    def impaired(self) -> bool:
        """What this call sets going is to work, with too little behind it."""
        return self.fault is not None and self.fault.kind == "impaired"

    @property
    def overlooks(self) -> bool:
        """What this call names was made a moment ago, and is not found where the call arrives."""
        return self.fault is not None and self.fault.kind == "not_found_yet"

    @property
    def unsuccessful(self) -> bool:
        """The call is to answer 200 with `Unsuccessful` items."""
        return self.fault is not None and self.fault.kind == "unsuccessful"

    def due(self, seconds: float) -> float:
        """When something that takes so long and begins now is finished."""
        return NEVER if self.stuck else self.now + seconds

    def birth(self) -> dict[str, Any]:
        """`created` and `visible_at` for a thing that this call makes."""
        hidden = self.world.durations.visibility
        if self.fault is not None and self.fault.kind == "not_visible":
            hidden = NEVER if self.fault.seconds is None else self.fault.seconds
        return {"created": self.world.clock.datetime(), "visible_at": self.now + hidden}

    def sees(self, thing: Thing) -> bool:
        """Whether a read of now shows the thing."""
        return thing.is_seen(self.now)

    def required(self, name: str) -> Any:  # noqa: ANN401  parameters are as varied as the botocore models
        """A parameter that must be there."""
        value = self.params.get(name)
        if value in (None, "", []):
            if self.action.service == "ec2":
                raise AwsError("MissingParameter", f"The request must contain the parameter {name}")
            raise AwsError("ValidationError", f"A value for {name} must be specified")
        return value
