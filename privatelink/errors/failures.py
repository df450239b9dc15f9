"""Our errors by their types, and how one is read back from a Temporal failure."""

from types import ModuleType

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError, FailureError

from privatelink.errors import callers, clouds, endings, waiting
from privatelink.errors.details import ErrorDetails
from privatelink.errors.root import PrivateLinkError


def _leaves(group: ModuleType) -> list[type[PrivateLinkError]]:
    """The errors of a module, without those that others there derive from."""
    errors = [one for one in vars(group).values() if isinstance(one, type) and issubclass(one, PrivateLinkError)]
    return [error for error in errors if not error.__subclasses__()]


BY_TYPE: dict[str, type[PrivateLinkError]] = {
    leaf.__name__: leaf for group in (waiting, callers, clouds, endings) for leaf in _leaves(group)
}


def from_failure(error: BaseException) -> PrivateLinkError | None:
    """The error that a Temporal failure stands for: the first of ours in its chain of causes, or None."""
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
    """By its type; one of a later version, which this one does not know, by its details, which keep its type."""
    told = _details(error)
    if leaf := BY_TYPE.get(error.type or ""):
        return leaf.of(told or ErrorDetails(type=error.type or "", message=error.message))
    if told is None or told.type != error.type:
        return None
    later = PrivateLinkError.of(told)
    later.details_model = told
    return later


def _details(error: ApplicationError) -> ErrorDetails | None:
    """Details arrive as plain JSON. A failure that somebody made by hand, in Temporal's UI, has none of ours."""
    try:
        return ErrorDetails.model_validate(error.details[0] if error.details else None)
    except ValidationError:
        return None
