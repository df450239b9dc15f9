"""Our errors by type, and how one is read back from a Temporal failure."""

from types import ModuleType

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError, FailureError

from privatelink.errors import callers, clouds, endings, waiting
from privatelink.errors.details import ErrorDetails
from privatelink.errors.root import PrivateLinkError


def _leaves(group: ModuleType) -> list[type[PrivateLinkError]]:
    """The error classes of a module that have no subclasses."""
    errors = [one for one in vars(group).values() if isinstance(one, type) and issubclass(one, PrivateLinkError)]
    return [error for error in errors if not error.__subclasses__()]


BY_TYPE: dict[str, type[PrivateLinkError]] = {
    leaf.__name__: leaf for group in (waiting, callers, clouds, endings) for leaf in _leaves(group)
}


def from_failure(error: BaseException) -> PrivateLinkError | None:
    """The error behind a Temporal failure: the first of ours in its chain of causes, or None."""
    while True:
        if isinstance(error, PrivateLinkError):
            return error
        if isinstance(error, ApplicationError) and (ours := _ours(error)):
            return ours
        cause = error.cause if isinstance(error, FailureError) else error.__cause__
        if cause is None:
            return None
        error = cause
    return None


def _ours(error: ApplicationError) -> PrivateLinkError | None:
    """Read it by its type. An error of a later version, unknown here, is read by its details, which keep its type."""
    told = _details(error)
    if leaf := BY_TYPE.get(error.type or ""):
        return leaf.of(told or ErrorDetails(type=error.type or "", message=error.message))
    if told is None or told.type != error.type:
        return None
    later = PrivateLinkError.of(told)
    later.details_model = told
    return later


def _details(error: ApplicationError) -> ErrorDetails | None:
    """Our details, which arrive as plain JSON; None for a failure that somebody made by hand in Temporal's UI."""
    try:
        return ErrorDetails.model_validate(error.details[0] if error.details else None)
    except ValidationError:
        return None
