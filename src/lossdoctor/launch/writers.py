"""Libraries that open files by name in C, or hold `open` where we cannot see it: paths are translated."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

from .imports import OnError, Watch, when_imported

Translate = Callable[[Any], Any]
"""A path as the script gives it -> where it lies in the sandbox; anything else unchanged."""


def wrap_path_writer(owner: Any, name: str, translate: Translate, *, arg_index: int, arg_name: str | None = None) -> None:
    """Replaces `owner.name`, a function or method, by one that translates the argument at `arg_index`
    (counted with `self` for methods of a class), or the keyword `arg_name`. Does nothing if there is no such
    name."""
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > arg_index:
            args = (*args[:arg_index], translate(args[arg_index]), *args[arg_index + 1 :])
        elif arg_name is not None and arg_name in kwargs:
            kwargs[arg_name] = translate(kwargs[arg_name])
        return original(*args, **kwargs)

    static = inspect.isclass(owner) and isinstance(inspect.getattr_static(owner, name), staticmethod)
    setattr(owner, name, staticmethod(call) if static else call)


def wrap_known_writers(writing: Translate, reading: Translate, on_error: OnError) -> list[Watch]:
    """Has each library that we know of translated as soon as the script imports it."""

    def torch(module: ModuleType) -> None:
        for owner in (module, module.serialization):
            wrap_path_writer(owner, "save", writing, arg_index=1, arg_name="f")
            wrap_path_writer(owner, "load", reading, arg_index=0, arg_name="f")
        wrap_path_writer(module.jit, "save", writing, arg_index=1, arg_name="f")
        wrap_path_writer(module.jit, "load", reading, arg_index=0, arg_name="f")
        # A traced module takes `save` from the second, which holds a copy of the first's.
        for owner in (module.jit.RecursiveScriptModule, module.jit.ScriptModule):
            wrap_path_writer(owner, "save", writing, arg_index=1, arg_name="f")
        wrap_path_writer(module, "from_file", writing, arg_index=0, arg_name="filename")

    def sqlite3(module: ModuleType) -> None:
        def database(name: Any) -> Any:
            return _database(name, writing)

        wrap_path_writer(module, "connect", database, arg_index=0, arg_name="database")
        dbapi2 = getattr(module, "dbapi2", None)
        if dbapi2 is not None:
            dbapi2.connect = module.connect

    def dbm(module: ModuleType) -> None:
        def family(name: Any) -> Any:
            for ending in (".db", ".dir", ".pag", ".dat", ".bak"):
                if isinstance(name, str):
                    writing(name + ending)
            return writing(name)

        wrap_path_writer(module, "open", family, arg_index=0, arg_name="file")

    def h5py(module: ModuleType) -> None:
        original = module.File.__init__

        @functools.wraps(original)
        def init(self: Any, name: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
            original(self, reading(name) if mode == "r" else writing(name), mode, *args, **kwargs)

        module.File.__init__ = init

    def numpy(module: ModuleType) -> None:
        source = module.lib._datasource
        openers = source._file_openers
        openers._load()
        openers._file_openers[None] = open

    def safetensors(module: ModuleType) -> None:
        wrap_path_writer(module, "safe_open", reading, arg_index=0, arg_name="filename")
        wrap_path_writer(module, "serialize_file", writing, arg_index=1, arg_name="filename")

    def safetensors_of_a_framework(module: ModuleType) -> None:
        wrap_path_writer(module, "save_file", writing, arg_index=1, arg_name="filename")
        wrap_path_writer(module, "load_file", reading, arg_index=0, arg_name="filename")

    def cv2(module: ModuleType) -> None:
        wrap_path_writer(module, "imwrite", writing, arg_index=0, arg_name="filename")
        wrap_path_writer(module, "imread", reading, arg_index=0, arg_name="filename")

    def pyarrow_parquet(module: ModuleType) -> None:
        wrap_path_writer(module, "write_table", writing, arg_index=1, arg_name="where")
        wrap_path_writer(module, "read_table", reading, arg_index=0, arg_name="source")

    known: dict[str, Callable[[ModuleType], None]] = {
        "torch": torch,
        "sqlite3": sqlite3,
        "dbm": dbm,
        "h5py": h5py,
        "numpy": numpy,
        "safetensors": safetensors,
        "safetensors.torch": safetensors_of_a_framework,
        "safetensors.numpy": safetensors_of_a_framework,
        "cv2": cv2,
        "pyarrow.parquet": pyarrow_parquet,
    }
    return [when_imported(name, wrap, on_error) for name, wrap in known.items()]


def _database(name: Any, writing: Translate) -> Any:
    """A database's file with the journals beside it; in-memory ones and URIs of such are left alone."""
    if not isinstance(name, (str, bytes)) and not hasattr(name, "__fspath__"):
        return name
    if name in ("", ":memory:", b"", b":memory:"):
        return name
    if isinstance(name, str) and name.startswith("file:"):
        path, mark, query = name[5:].partition("?")
        if not path or path == ":memory:" or "mode=memory" in query:
            return name
        slashes = "//" if path.startswith("///") else ""
        return f"file:{slashes}{quote(str(_database(unquote(path[len(slashes) :]), writing)))}{mark}{query}"
    if isinstance(name, str):
        for ending in ("-wal", "-shm", "-journal"):
            writing(name + ending)
    return writing(name)
