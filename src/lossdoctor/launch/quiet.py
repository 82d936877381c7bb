"""A world in which a script that is only being looked at opens no window, asks nothing, and calls nobody."""

from __future__ import annotations

import builtins
import getpass
import os
import webbrowser
from types import ModuleType
from typing import Any

from .imports import when_imported

ENVIRONMENT = {
    "MPLBACKEND": "Agg",
    "PYTHONBREAKPOINT": "0",
    "WANDB_MODE": "disabled",
    "WANDB_SILENT": "true",
    "COMET_START_MODE": "disabled",
    "NEPTUNE_MODE": "debug",
    "CLEARML_OFFLINE_MODE": "1",
    "SWANLAB_MODE": "disabled",
    "QT_QPA_PLATFORM": "offscreen",
    "SDL_VIDEODRIVER": "dummy",
}


def quiet_world(notes: list[str] | None = None) -> None:
    """Sets the environment and replaces what would wait for a person, in this process and for good.

    To be called before the script runs. What the script asked for is added to `notes`.
    """
    told: list[str] = [] if notes is None else notes

    def note(text: str) -> None:
        if text not in told:
            told.append(text)

    os.environ.update(ENVIRONMENT)
    if "MLFLOW_TRACKING_URI" in os.environ:
        os.environ["MLFLOW_TRACKING_URI"] = "file:./mlruns"

    def answer(prompt: object = "", /) -> str:
        note(f"the script asked for input, and got an empty answer: {str(prompt).strip()[:80]}")
        return ""

    def no_password(prompt: str = "Password: ", *_: Any, **__: Any) -> str:
        return answer(prompt)

    def no_browser(url: str, *_: Any, **__: Any) -> bool:
        note("the script opened a web browser; it was not opened")
        return True

    _put(builtins, "input", answer)
    _put(getpass, "getpass", no_password)
    for name in ("open", "open_new", "open_new_tab"):
        _put(webbrowser, name, no_browser)

    def nothing(*_: Any, **__: Any) -> None:
        return None

    def pyplot(module: ModuleType) -> None:
        _put(module, "show", nothing)
        _put(module, "pause", nothing)
        _put(module, "waitforbuttonpress", nothing)

    def matplotlib(module: ModuleType) -> None:
        use = module.use

        def use_agg(backend: str = "Agg", **_: Any) -> None:
            use("Agg", force=False)

        _put(module, "use", use_agg)

    def cv2(module: ModuleType) -> None:
        for name in ("imshow", "namedWindow", "destroyAllWindows", "destroyWindow"):
            _put(module, name, nothing)
        _put(module, "waitKey", lambda *_: -1)

    def plotly(module: ModuleType) -> None:
        _put(module, "show", nothing)

    def pillow(module: ModuleType) -> None:
        _put(module, "show", lambda *_, **__: True)

    when_imported("matplotlib.pyplot", pyplot)
    when_imported("matplotlib", matplotlib)
    when_imported("cv2", cv2)
    when_imported("plotly.io", plotly)
    when_imported("PIL.ImageShow", pillow)


def _put(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)
