"""The base class of our errors, and who must act on one."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Self

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from privatelink.errors.details import ErrorDetails, Finding, Leftover, Outcome, RunningSaga


class Actor(StrEnum):
    """Who must act before a repeated call can succeed."""

    NOBODY = "nobody"
    CALLER = "caller"
    CUSTOMER = "customer"
    OPERATOR = "operator"


class PrivateLinkError(ApplicationError):
    """The base class. `message` reads "doing X (id): why", `resource` is the id, `next_step` is what its actor does."""

    waiting_helps: ClassVar[bool] = False
    actor: ClassVar[Actor] = Actor.CUSTOMER
    category_of_type: ClassVar[ApplicationErrorCategory] = ApplicationErrorCategory.UNSPECIFIED

    details_model: ErrorDetails
    cloud_code: str = ""
    """The cloud's own error code, for other code in this process. It does not cross Temporal."""

    def __init__(
        self,
        message: str,
        *,
        resource: str = "",
        next_step: str = "",
        findings: tuple[Finding, ...] = (),
        leftovers: tuple[Leftover, ...] = (),
        step: str | None = None,
        outcome: Outcome | None = None,
        running: RunningSaga | None = None,
        after_deadline: bool = False,
        account: str | None = None,
        region: str | None = None,
        retry_after: timedelta | None = None,
        is_final: bool | None = None,
    ) -> None:
        """Carry what a person needs. `retry_after`: how long until the next attempt makes sense, if that is known.

        `is_final`: whether Temporal must not try the step again. By default the class decides.
        """
        details = ErrorDetails(
            type=type(self).__name__,
            message=message,
            resource=resource,
            next_step=next_step,
            findings=findings,
            leftovers=leftovers,
            step=step,
            outcome=outcome,
            running=running,
            after_deadline=after_deadline,
            account=account,
            region=region,
        )
        super().__init__(
            f"{message}; {next_step}" if next_step else message,
            details,
            type=details.type,
            non_retryable=not self.waiting_helps if is_final is None else is_final,
            next_retry_delay=retry_after,
            category=self.category_of_type,
        )
        self.details_model = details

    @classmethod
    def of(cls, details: ErrorDetails, *, retry_after: timedelta | None = None, is_final: bool | None = None) -> Self:
        """Rebuild the error from its details."""
        fields = {name: getattr(details, name) for name in ErrorDetails.model_fields if name != "type"}
        return cls(**fields, retry_after=retry_after, is_final=is_final)

    def as_weather(self) -> Self:
        """The same error, but retryable: Temporal tries the step again until its deadline."""
        if not self.non_retryable:
            return self
        again = type(self).of(self.details_model, retry_after=self.next_retry_delay, is_final=False)
        again.cloud_code = self.cloud_code
        return again
