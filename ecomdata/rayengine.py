"""The engine ``ray``: pieces of work as tasks on the workers of a Ray cluster.

The driver, which is this process, cuts raw files into blocks, hands them out, and takes the results in
order; it alone writes. Workers need nothing of the store, and of raw files those that are opened by path.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

import polars as pl
import pyarrow as pa
import ray as _ray

from ecomdata import __version__
from ecomdata.errors import EcomdataError
from ecomdata.memory import amount_of_memory
from ecomdata.registry import USER_LOADERS
from ecomdata.threads import Engine, Pool

ray: Final[Any] = _ray  # of its types there is a part alone
RETRIES: Final = 3
"""How often a piece of work is done again whose worker died."""
_AHEAD: Final = 2  # pieces handed in for each processor, so that none waits for the driver
_LEAST_STORE: Final = 100_000_000  # Ray starts with no smaller object store
_SETTINGS: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no telemetry
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # workers run in this environment, however it was started
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what Ray's next version does anyway; it would warn
    "RAY_enable_metrics_collection": "0",
    "POLARS_MAX_THREADS": "1",  # a worker has one processor
}
"""The environment in which a cluster is started."""
_START: Final = (
    "ray start --head starts one; run ecomdata on its machines, with its RAY_AUTH_MODE (docs/scale.md)"
)
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@contextmanager
def connected(address: str | None, *, jobs: int, memory: str) -> Generator[Engine]:
    """The pools of a cluster; see :func:`ecomdata.load`. A session of the caller's own is used.

    Raises:
        EcomdataError: the cluster does not answer, or has no processors.
    """
    if ray.is_initialized() and address is None:
        yield _pool
        return
    address = address or os.environ.get("RAY_ADDRESS")
    with _quiet():
        _start(address, jobs, max(amount_of_memory(memory), _LEAST_STORE))
        try:
            if not _processors():
                raise EcomdataError("the Ray cluster has no processors", hint="add some with ray start")
            yield _pool
        finally:
            ray.shutdown()


@contextmanager
def _quiet() -> Generator[None]:
    """Ray says nothing but errors, and sends nothing anywhere."""
    logger = logging.getLogger("ray")
    level, before = logger.level, {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    logger.setLevel(logging.ERROR)
    os.environ.update(_SETTINGS)
    try:
        yield
    finally:
        logger.setLevel(level)
        for name in _SETTINGS:
            del os.environ[name]
        os.environ.update(before)


def _start(address: str | None, jobs: int, store: int) -> None:
    options: dict[str, Any] = {"num_cpus": jobs, "object_store_memory": store, "include_dashboard": False}
    if address and address not in {"local", "auto"}:
        _require_answer(address)
    if address and address != "local":
        options = {}
    silent = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.ERROR}
    try:
        ray.init(address or "local", **silent, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EcomdataError(f"Ray cannot be used: {error}", hint=_START) from error


def _require_answer(address: str) -> None:
    """Ray itself would try for minutes, not for seconds."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError) as error:
        raise EcomdataError(f"no Ray cluster answers at {address}: {error}", hint=_START) from error


def _processors() -> int:
    return int(ray.cluster_resources().get("CPU", 0))


def _pool(_jobs: int) -> AbstractContextManager[Pool]:
    return nullcontext(_Workers())


class _Workers:
    """See :class:`ecomdata.threads.Pool`."""

    def __init__(self) -> None:
        self.most = _AHEAD * _processors()
        self._loaders = ray.put(_own_loaders())
        self._sent: dict[int, tuple[object, Any]] = {}

    def submit(self, function: Callable[[_In], _Out], value: _In, /) -> _Task[_Out]:
        """Have it worked out by a worker; what the function holds is sent once."""
        if id(function) not in self._sent:
            self._sent[id(function)] = function, ray.put(_packed(function))
        _, sent = self._sent[id(function)]
        return _Task(_remote.remote(__version__, self._loaders, sent, _packed(value)))


@dataclass(frozen=True, slots=True)
class _Task(Generic[_Out]):
    """See :class:`ecomdata.threads.Pending`."""

    reference: Any

    def result(self) -> _Out:
        """What came of it; an error is the one that the local engine would raise."""
        try:
            made = _unpacked(ray.get(self.reference))
        except ray.exceptions.RayTaskError as error:
            raise cast("Exception", error.cause) from error
        except ray.exceptions.RayError as error:
            raise EcomdataError(
                f"Ray's workers died {RETRIES + 1} times over the same piece of work: {error}",
                hint="where memory ran out, give each worker more, or start fewer on a machine (--num-cpus)",
            ) from error
        if isinstance(made, EcomdataError):
            raise made  # an answer as good as others to Ray: nothing to do again
        return cast("_Out", made)

    def cancel(self) -> object:
        """Give it up."""
        return ray.cancel(self.reference)


def _work(version: str, loaders: dict[str, str], function: list[Any], value: list[Any]) -> list[Any]:
    """What a worker does."""
    if version != __version__:
        differs = f"the Ray worker on {socket.gethostname()} has ecomdata {__version__}, this is {version}"
        return _packed(EcomdataError(differs, hint=f"pip install ecomdata=={version} on all its machines"))
    try:
        _bring_in(loaders)
        return _packed(_unpacked(function)(_unpacked(value, own=True)))
    except EcomdataError as error:
        return _packed(_not_visible(error) if isinstance(error.__cause__, FileNotFoundError) else error)


_remote: Final = ray.remote(max_retries=RETRIES, num_cpus=1)(_work)


def _own_loaders() -> dict[str, str]:
    """The text of each module from a folder of loaders of the user's own, which workers may not see."""
    modules = [(name, sys.modules[name]) for name in sys.modules if name.startswith(USER_LOADERS)]
    return {name: Path(module.__file__ or "").read_text(encoding="utf-8") for name, module in modules}


def _bring_in(loaders: dict[str, str]) -> None:
    """Import such modules, where they are not there yet."""
    for name in loaders.keys() - sys.modules.keys():
        loader = _Text(loaders[name])
        module = module_from_spec(ModuleSpec(name, loader))
        sys.modules[name] = module
        loader.exec_module(module)


class _Text(InspectLoader):
    """Imports a module from its text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - as importlib has it
        """The text."""
        return self._text


def _not_visible(error: EcomdataError) -> EcomdataError:
    return EcomdataError(
        f"the Ray worker on {socket.gethostname()} does not see a raw file: {error}",
        hint="keep raw files, and --home for downloads, where all machines see them under the same path",
    )


_CloudPickler: Final[Any] = ray.cloudpickle.CloudPickler


class _Pickler(_CloudPickler):  # it has no types
    """Pickles functions of users' loaders too, and frames without copying.

    Polars' own way takes 29 ms for 11 MB, by Arrow's buffers it is 0.1 ms (docs/decisions/0025-ray.md).
    """

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - anything
        """How an object is taken apart."""
        if isinstance(obj, partial) and any(type(value) is bytes for value in obj.args):
            # A block's text. Pickle's own way would copy it twice more.
            held = [pickle.PickleBuffer(value) if type(value) is bytes else value for value in obj.args]
            return _bound, (obj.func, held, obj.keywords)
        if isinstance(obj, pl.DataFrame):
            return pl.DataFrame, (obj.to_arrow(compat_level=pl.CompatLevel.newest()),)
        if (
            isinstance(obj, pa.Array)
            and (array := cast("Any", obj)).get_total_buffer_size() > 2 * array.nbytes
        ):
            # Of a slice, Arrow would send all that it was cut from.
            return pa.concat_arrays([array, array[:0]]).__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if isinstance(obj, (pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array)):
            return cast("Any", obj).__reduce_ex__(pickle.HIGHEST_PROTOCOL)  # Ray's own way knows no views
        if isinstance(obj, EcomdataError):
            return _error, (type(obj), obj.args, obj.__dict__)
        return _CloudPickler.reducer_override(self, obj)


def _error(kind: type[EcomdataError], args: tuple[Any, ...], state: dict[str, Any]) -> EcomdataError:
    """An error whose class asks for more than it keeps."""
    made = kind.__new__(kind, *args)
    made.__dict__.update(state)
    return made


def _bound(function: Callable[..., object], held: list[Any], options: dict[str, Any]) -> partial[object]:
    values = [bytes(cast("Any", value)) if isinstance(value, memoryview) else value for value in held]
    return partial(function, *values, **options)


def _packed(value: object) -> list[Any]:
    """A value as bytes, which of its buffers are read-only, and these, which need no copying."""
    buffers: list[pickle.PickleBuffer] = []
    out = io.BytesIO()
    _Pickler(out, protocol=5, buffer_callback=buffers.append).dump(value)
    return [pickle.PickleBuffer(out.getbuffer()), bytes(b.raw().readonly for b in buffers), *buffers]


def _unpacked(parts: list[Any], *, own: bool = False) -> Any:  # noqa: ANN401 - anything
    """The value. What is shared is read-only, and compiled loops tell the difference: ``own`` copies."""
    made, fixed, *shared = parts
    buffers = [memoryview(b) if f or not own else bytearray(b) for b, f in zip(shared, fixed, strict=True)]
    return pickle.loads(made, buffers=buffers)  # noqa: S301 - made by _packed
