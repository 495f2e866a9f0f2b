"""Stand-ins for the generated protobuf classes that the real worker library asks its host for.

The library only constructs them, reads attributes and calls `WhichOneof`, so plain objects are enough: no gRPC, no
generated code. The library's own names and capitals are kept, because that is the interface.
"""

from __future__ import annotations

from typing import Any


class _Message:
    """Keeps what it was built with; a field that was not given reads as None."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return None


class TypedData:
    """Exactly one kind of value."""

    def __init__(self, **value: Any) -> None:
        ((self._kind, content),) = value.items()
        setattr(self, self._kind, content)

    def WhichOneof(self, _group: str) -> str:
        return self._kind


class ParameterBinding:
    """A named value; shared memory, its other form in the real protocol, is not offered."""

    def __init__(self, name: str, data: TypedData | None) -> None:
        self.name = name
        self.data = data

    def WhichOneof(self, _group: str) -> str:
        return "data"


class BindingInfo(_Message):
    undefined = None  # the data type of every binding declared by decorators
    out = 1
    inout = 2


class StatusResult(_Message):
    Failure = 0
    Success = 1


class _SameSite:
    ExplicitNone = "None"
    Lax = "Lax"
    Strict = "Strict"


setattr(_SameSite, "None", None)


class RpcHttpCookie(_Message):
    SameSite = _SameSite


class RpcHttp(_Message):
    pass


class RpcException(_Message):
    pass


class RpcFunctionMetadata(_Message):
    pass


class RpcRetryOptions(_Message):
    pass


class WorkerInitResponse(_Message):
    pass


class WorkerMetadata(_Message):
    pass


class FunctionMetadataResponse(_Message):
    pass


class FunctionLoadResponse(_Message):
    pass


class InvocationResponse(_Message):
    pass


class NullableString(_Message):
    pass


class NullableBool(_Message):
    pass


class NullableDouble(_Message):
    pass


class NullableTimestamp(_Message):
    pass


class Timestamp(_Message):
    pass
