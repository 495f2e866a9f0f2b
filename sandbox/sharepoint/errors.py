"""Graph's refusals: status, code and words, with the inner code where Graph has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GraphError(Exception):
    """An answer that is a refusal. `headers` go on the answer."""

    def __init__(
        self, status: int, code: str, message: str, *, inner: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = dict(headers or {})


def error_body(code: str, message: str, *, inner: str = "", request_id: str = "") -> dict[str, Any]:
    """The JSON of a refusal."""
    inner_error = {**({"code": inner} if inner else {}), **({"request-id": request_id} if request_id else {})}
    return {"error": {"code": code, "message": message, **({"innerError": inner_error} if inner_error else {})}}


def not_simulated(what: str) -> GraphError:
    """For everything this simulator does not do: loud, and never mistaken for an answer of Graph's own."""
    return GraphError(501, "notSupported", f"The sandbox does not simulate {what}.")


def invalid(message: str, *, inner: str = "") -> GraphError:
    return GraphError(400, "invalidRequest", message, inner=inner)


def not_found(message: str = "The resource could not be found.") -> GraphError:
    return GraphError(404, "itemNotFound", message)


def name_exists(message: str = "The specified item name already exists.") -> GraphError:
    return GraphError(409, "nameAlreadyExists", message)


def denied() -> GraphError:
    return GraphError(403, "accessDenied", "Access denied")


def unauthenticated(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": "Bearer"})


def quota_reached() -> GraphError:
    return GraphError(507, "quotaLimitReached", "Insufficient space: the quota of the library is used up.")


def range_refused(inner: str, message: str) -> GraphError:
    return GraphError(416, "invalidRange", message, inner=inner)
