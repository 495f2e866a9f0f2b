"""The real worker library, `azure-functions-runtime`, driven in this process.

It is what Azure itself runs for Python 3.13: it indexes the app, refuses bad signatures, converts values and calls the
code. Its handlers are not a documented interface, so the version is pinned exactly and only this file knows them.
"""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Mapping
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

from ..functions import AppRefused, Catalogue, Function, function_of
from . import protos
from .contract import Datum, Failure, HttpAnswer, Outcome


class RuntimeWorker:
    """Adapter to the library. Its registry and thread pool are globals of the process: one worker at a time."""

    name = "azure-functions-runtime"

    def __init__(self) -> None:
        self.catalogue = Catalogue(())
        self._library: Any = importlib.import_module("azure_functions_runtime")
        self._events: Any = importlib.import_module("azure_functions_runtime.handle_event")
        self._registry: Any = importlib.import_module("azure_functions_runtime.functions")

    async def load(self, app_directory: str) -> None:
        self._events._functions = self._registry.Registry()
        self._events._metadata_result = None
        request = SimpleNamespace(
            request=SimpleNamespace(
                worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=app_directory)
            ),
            properties={"host": "127.0.0.1", "protos": protos},
        )
        answer = await self._library.worker_init_request(request)
        if answer.result.status != protos.StatusResult.Success:
            raise AppRefused(answer.result.exception.message)
        found = (await self._library.functions_metadata_request(request)).function_metadata_results
        if not found:
            raise AppRefused(f"no functions found: {app_directory} has no function_app.py, or it is empty")
        self.catalogue = Catalogue(_function(metadata) for metadata in found)
        self._library.start_threadpool_executor()

    async def invoke(self, function: Function, inputs: Mapping[str, Datum]) -> Outcome:
        call = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function.key,
            input_data=[protos.ParameterBinding(name, _typed(datum)) for name, datum in inputs.items()],
            trigger_metadata={},
            trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        request = SimpleNamespace(request=SimpleNamespace(invocation_request=call))
        answer = await self._library.invocation_request(request)
        if answer.result.status != protos.StatusResult.Success:
            error = answer.result.exception
            return Outcome(failure=Failure(error.message, error.stack_trace))
        returned = answer.return_value
        if returned is None and answer.output_data:
            returned = answer.output_data[0].data
        return Outcome(_datum(returned))

    async def stop(self) -> None:
        # Not the library's own stop: it waits for running threads, and a stopping host must not.
        pool = self._library.get_threadpool_executor()
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _function(metadata: Any) -> Function:
    if metadata.retry_options is not None:
        raise AppRefused(f"function '{metadata.name}': retry policies on functions are not supported by this host")
    bindings = [json.loads(raw) for raw in metadata.raw_bindings]
    return function_of(metadata.name, metadata.function_id, bindings)


def _typed(datum: Datum) -> protos.TypedData:
    if datum.kind != "http":
        return protos.TypedData(**{str(datum.kind): datum.value})
    call = datum.value
    return protos.TypedData(
        http=protos.RpcHttp(
            method=call.method,
            url=call.url,
            headers=call.headers,
            params=call.params,
            query=call.query,
            body=protos.TypedData(bytes=call.body),
        )
    )


def _datum(typed: protos.TypedData | None) -> Datum:
    if typed is None:
        return Datum(None, None)
    kind = typed.WhichOneof("data")
    value = getattr(typed, kind)
    if kind != "http":
        return Datum(kind, value)
    body = _datum(value.body)
    return Datum(
        "http",
        HttpAnswer(
            status=int(value.status_code),
            headers=tuple(value.headers.items()),
            body=body.value if isinstance(body.value, bytes) else str(body.value or "").encode(),
            cookies=tuple(_set_cookie(cookie) for cookie in value.cookies or ()),
        ),
    )


def _set_cookie(cookie: Any) -> str:
    parts = [f"{cookie.name}={cookie.value}"]
    for label, field in (("Domain", "domain"), ("Path", "path"), ("Max-Age", "max_age")):
        held = getattr(cookie, field)
        if held is not None and held.value not in ("", None):
            parts.append(f"{label}={held.value:g}" if isinstance(held.value, float) else f"{label}={held.value}")
    if cookie.expires is not None and cookie.expires.value is not None:
        parts.append(f"Expires={formatdate(cookie.expires.value.seconds, usegmt=True)}")
    parts += [
        label
        for label, field in (("Secure", "secure"), ("HttpOnly", "http_only"))
        if getattr(cookie, field) is not None and getattr(cookie, field).value
    ]
    if cookie.same_site:
        parts.append(f"SameSite={cookie.same_site}")
    return "; ".join(parts)
