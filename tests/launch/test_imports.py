from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lossdoctor.launch.imports import Watch, when_imported


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    (tmp_path / "thing.py").write_text(
        "import warnings\nx = 1\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\nseen = sorted(vars(__loader__))\n"
    )
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "__init__.py").touch()
    (tmp_path / "bag" / "inner.py").write_text("y = 2\n")
    (tmp_path / "fails.py").write_text("import there_is_no_such_module\n")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def watch() -> Iterator[list[Watch]]:
    watches: list[Watch] = []
    yield watches
    for one in watches:
        one.cancel()


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_called_once_the_module_is_there(watch: list[Watch]) -> None:
    got: list[ModuleType] = []
    watch.append(when_imported("thing", got.append))
    watch.append(when_imported("bag.inner", lambda module: got.append(module.y)))
    assert got == []
    thing = importlib.import_module("thing")
    importlib.import_module("bag.inner")
    assert got == [thing, 2]
    assert watch[0].fired == 1


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_nothing_is_seen_of_it(watch: list[Watch]) -> None:
    spec = importlib.util.find_spec("thing")
    assert spec is not None
    watch.append(when_imported("thing", lambda module: None))
    again = importlib.util.find_spec("thing")
    assert again is not None and (again.name, again.origin, again.cached) == (
        spec.name,
        spec.origin,
        spec.cached,
    )
    assert type(again.loader) is type(spec.loader)
    thing = importlib.import_module("thing")
    assert type(thing.__loader__).__name__ == "SourceFileLoader"
    assert thing.seen == sorted(vars(spec.loader))
    assert thing.__spec__ == spec == importlib.util.find_spec("thing")


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_reload_and_a_second_import(watch: list[Watch]) -> None:
    got: list[ModuleType] = []
    watch.append(when_imported("thing", got.append))
    thing = importlib.import_module("thing")
    assert importlib.reload(thing) is thing
    del sys.modules["thing"]
    anew = importlib.import_module("thing")
    assert anew is not thing
    assert got == [thing, thing, anew]


def test_at_once_if_it_is_there_already(watch: list[Watch]) -> None:
    got: list[str] = []
    watch.append(when_imported("json", lambda module: got.append(module.__name__)))
    assert got == ["json"]


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_an_error_goes_to_its_hook_and_no_further(watch: list[Watch]) -> None:
    errors: list[tuple[str, str]] = []

    def fail(module: ModuleType) -> None:
        raise ValueError("ours")

    def worse(name: str, error: Exception) -> None:
        errors.append((name, str(error)))
        raise TypeError

    watch.append(when_imported("thing", fail, worse))
    assert importlib.import_module("thing").x == 1
    assert errors == [("thing", "ours")]


def test_a_failing_import_has_python_s_own_traceback(watch: list[Watch]) -> None:
    def frames() -> list[str]:
        with pytest.raises(ModuleNotFoundError) as caught:
            import fails  # noqa: F401
        names = []
        trace = caught.value.__traceback__
        while trace is not None:
            names.append(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        return names

    without = frames()
    got: list[ModuleType] = []
    watch.append(when_imported("fails", got.append))
    assert frames() == without == ["frames", "<module>"]
    assert got == []


def test_warnings_name_the_line_that_imports(watch: list[Watch]) -> None:
    watch.append(when_imported("thing", lambda module: None))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import thing  # noqa: F401
    assert [Path(one.filename).name for one in caught] == ["test_imports.py"]


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_cancelled(watch: list[Watch]) -> None:
    got: list[ModuleType] = []
    first = when_imported("thing", got.append)
    first.cancel()
    first.cancel()
    importlib.import_module("thing")
    assert got == []
    assert not any(type(finder).__module__.startswith("lossdoctor") for finder in sys.meta_path)


@pytest.mark.filterwarnings("ignore:old:DeprecationWarning")
def test_lazy_loading_still_works(watch: list[Watch]) -> None:
    got: list[ModuleType] = []
    watch.append(when_imported("thing", got.append))
    spec = importlib.util.find_spec("thing")
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["thing"] = module
    spec.loader.exec_module(module)
    assert got == []
    assert module.x == 1
    assert got == [module]
