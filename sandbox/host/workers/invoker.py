"""An own worker for Pythons that the real library does not support (below 3.13): same converters, own invocation.

It checks less than the real library does at load time; what it shares is the SDK's conversion of every value.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
import traceback
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ..functions import AppRefused, Catalogue, Function, function_of
from .contract import Datum, Failure, HttpAnswer, HttpCall, Outcome
from .loading import SCRIPT


@dataclass(frozen=True)
class _Callable:
    code: Any
    wants_context: bool


class Invoker:
    """Runs async functions on the loop and sync ones on a pool of (cores + 4) threads, as the real worker does."""

    name = "in-process invoker"

    def __init__(self) -> None:
        self.catalogue = Catalogue(())
        self._callables: dict[str, _Callable] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._azure: Any = importlib.import_module("azure.functions")
        self._meta: Any = importlib.import_module("azure.functions.meta")

    async def load(self, app_directory: str) -> None:
        if not os.path.exists(os.path.join(app_directory, f"{SCRIPT}.py")):
            raise AppRefused(f"no functions found: {app_directory} has no {SCRIPT}.py")
        try:
            indexed = self._app(importlib.import_module(SCRIPT)).get_functions()
        except AppRefused:
            raise
        except Exception as error:
            raise AppRefused(f"{type(error).__name__}: {error}") from error
        functions = []
        for item in indexed:
            name = item.get_function_name()
            if item.get_settings_dict("retry_policy"):
                raise AppRefused(f"function '{name}': retry policies on functions are not supported by this host")
            functions.append(function_of(name, name, [json.loads(raw) for raw in item.get_raw_bindings()]))
            self._callables[name] = _checked(functions[-1], item.get_user_function())
        if not functions:
            raise AppRefused(f"no functions found in {app_directory}")
        self.catalogue = Catalogue(functions)
        threads = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
        self._pool = ThreadPoolExecutor(max_workers=int(threads) if threads.isdigit() else None)

    def _app(self, module: Any) -> Any:
        apps = [value for value in vars(module).values() if isinstance(value, self._azure.FunctionRegister)]
        if len({id(app) for app in apps}) != 1:
            raise AppRefused(f"{SCRIPT}.py must define exactly one function app (found {len(apps)})")
        return apps[0]

    async def invoke(self, function: Function, inputs: Mapping[str, Datum]) -> Outcome:
        target = self._callables[function.key]
        kinds = {binding.name: binding.kind for binding in function.bindings}
        try:
            arguments = {name: self._decoded(kinds[name], datum) for name, datum in inputs.items()}
            if target.wants_context:
                arguments["context"] = _context(function.name)
            if inspect.iscoroutinefunction(target.code):
                result = await target.code(**arguments)
            else:
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(self._pool, lambda: target.code(**arguments))
            return Outcome(self._encoded(function, result))
        except Exception as error:
            stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            return Outcome(failure=Failure(f"{type(error).__name__}: {error}", stack))

    async def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _decoded(self, kind: str, datum: Datum) -> Any:
        if kind == "durableClient":
            return datum.value
        converter = self._azure.get_binding_registry().get(kind)
        return converter.decode(self._native(datum), trigger_metadata={})

    def _native(self, datum: Datum) -> Any:
        if not isinstance(datum.value, HttpCall):
            return self._meta.Datum(type=datum.kind, value=datum.value)
        call = datum.value

        def texts(values: Mapping[str, str]) -> dict[str, Any]:
            return {name: self._meta.Datum(type="string", value=value) for name, value in values.items()}

        return self._meta.Datum(
            type="http",
            value={
                "method": self._meta.Datum(type="string", value=call.method),
                "url": self._meta.Datum(type="string", value=call.url),
                "headers": texts(call.headers),
                "params": texts(call.params),
                "query": texts(call.query),
                "body": self._meta.Datum(type="bytes", value=call.body),
            },
        )

    def _encoded(self, function: Function, result: Any) -> Datum:
        kind = "http" if function.trigger.kind == "httpTrigger" else function.trigger.kind
        if kind == "timerTrigger":
            if result is not None:
                raise RuntimeError(f"function {function.name!r} without a $return binding returned a non-None value")
            return Datum(None, None)
        if kind == "http" and result is None:
            return Datum(None, None)
        try:
            datum = self._azure.get_binding_registry().get(kind).encode(result, expected_type=None)
        except NotImplementedError:
            raise TypeError(
                f'unable to encode outgoing TypedData: unsupported type "{kind}" for Python type '
                f'"{type(result).__name__}"'
            ) from None
        if datum.type != "http":
            return Datum(datum.type, datum.value)
        return Datum(
            "http",
            HttpAnswer(
                status=int(datum.value["status_code"].value),
                headers=tuple((name, held.value) for name, held in datum.value["headers"].items()),
                body=datum.value["body"].value,
                cookies=tuple(
                    morsel.OutputString() for cookie in datum.value.get("cookies") or () for morsel in cookie.values()
                ),
            ),
        )


def _checked(function: Function, code: Any) -> _Callable:
    """The function's code, once its parameters and bindings are seen to agree; AppRefused if they do not."""
    parameters = set(inspect.signature(code).parameters)
    bound = {binding.name for binding in function.bindings if binding.name != "$return"}
    wants_context = "context" in parameters and "context" not in bound
    unbound = parameters - bound - ({"context"} if wants_context else set())
    if unbound:
        raise AppRefused(
            f"cannot load the {function.name} function: the following parameters are declared in "
            f"Python but not in the function definition: {unbound}"
        )
    if bound - parameters:
        raise AppRefused(
            f"cannot load the {function.name} function: the following parameters are declared as "
            f"bindings but are not present in Python: {bound - parameters}"
        )
    if function.trigger.kind == "orchestrationTrigger" and function.trigger.name != "context":
        raise AppRefused(
            f"cannot load the {function.name} function: the context_name of an orchestration trigger must be 'context'"
        )
    return _Callable(code, wants_context)


def _context(name: str) -> Any:
    trace = SimpleNamespace(
        Traceparent="", Tracestate="", Attributes={}, trace_parent="", trace_state="", attributes={}
    )
    retry = SimpleNamespace(retry_count=0, max_retry_count=0, rpc_exception=None)
    return SimpleNamespace(
        invocation_id=str(uuid.uuid4()),
        function_name=name,
        function_directory=sys.path[0],
        trace_context=trace,
        retry_context=retry,
    )
