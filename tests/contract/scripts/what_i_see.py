"""Prints all that a script can see of how it is run. Run by Python and by us, it must print the same."""

import atexit
import collections
import inspect
import io
import linecache
import multiprocessing.spawn
import os
import pickle
import signal
import sys
import threading
import warnings

counter: int = 0


class Local:
    def __init__(self, value):
        self.value = value


def doubled(x):
    return 2 * x  # this comment must be found by inspect


def show(name, value):
    print(f"{name}: {value!r}")


show("argv", sys.argv)
show("orig_argv", sys.orig_argv)
show("path", sys.path)
show("name", __name__)
show("file", __file__)
show("cached", __cached__)
show("package", __package__)
show("doc", __doc__)
show("spec", __spec__)
show("loader", (type(__loader__), __loader__.name, __loader__.path, vars(__loader__)))
show("builtins", __builtins__)
show("annotations", __annotations__)
show("globals", list(globals()))
show("is main", sys.modules["__main__"].__dict__ is globals())
show("main repr", sys.modules["__main__"])
show("cwd", os.getcwd())  # noqa: PTH109
show("flags", sys.flags)
show("warnoptions", sys.warnoptions)
show("xoptions", sys._xoptions)
show("filters", warnings.filters)
show("default encoding", sys.getdefaultencoding())
for name in ("stdin", "stdout", "stderr"):
    stream = getattr(sys, name)
    show(
        name,
        (
            type(stream),
            stream.name,
            stream.mode,
            stream.isatty(),
            stream.encoding,
            stream.errors,
            stream.line_buffering,
            stream.write_through,
            stream is getattr(sys, f"__{name}__"),
        ),
    )
show("hooks", (sys.excepthook, sys.displayhook, sys.breakpointhook, threading.excepthook, sys.unraisablehook))
show("trace", (sys.gettrace(), sys.getprofile(), threading.gettrace()))
show("recursion", sys.getrecursionlimit())
show("switch", sys.getswitchinterval())
show("threads", [thread.name for thread in threading.enumerate()])
show("main thread", threading.current_thread() is threading.main_thread())
show("sigint", signal.getsignal(signal.SIGINT))
show("sigterm", signal.getsignal(signal.SIGTERM))
show("sigpipe", signal.getsignal(signal.SIGPIPE))
show("umask", os.umask(os.umask(0o022)))
show("environ", sorted(os.environ.items()))
show("exception", sys.exc_info())

with warnings.catch_warnings(record=True) as caught:
    warnings.warn("old", DeprecationWarning, stacklevel=1)
show("deprecations shown", len(caught))
warnings.warn("from main", DeprecationWarning)  # noqa: B028
warnings.warn("for the user", UserWarning)  # noqa: B028
for _ in range(3):
    warnings.warn("once a place", RuntimeWarning)  # noqa: B028
show("registry", sorted(str(key) for key in __warningregistry__ if key != "version"))

copy = pickle.loads(pickle.dumps(Local(3)))
show("pickled", (type(copy) is Local, copy.value, pickle.dumps(Local(3)), pickle.dumps(doubled)))
show("source", inspect.getsource(doubled))
show("class source", inspect.getsource(Local))
show("line", linecache.getline(__file__, 1))
show("module of", (Local.__module__, inspect.getmodule(Local).__name__, doubled.__globals__ is globals()))
show("code", (doubled.__code__.co_filename, sys._getframe().f_code.co_name, sys._getframe().f_lineno))
show("future flags", sys._getframe().f_code.co_flags)
show(
    "spawn",
    {
        key: value
        for key, value in multiprocessing.spawn.get_preparation_data("child").items()
        if key.startswith(("init_main", "sys_", "dir", "orig"))
    },
)
show("named tuple", collections.namedtuple("Point", "x y")(1, 2).__reduce_ex__(2)[0].__module__)


class Noisy(io.StringIO):
    pass


@atexit.register
def at_the_end():
    show("at exit", (sorted(name for name in globals() if name.startswith("__")), sys.argv))
    show("main at exit", sys.modules["__main__"].__dict__ is globals())


def in_a_thread():
    show("thread", threading.current_thread().name)


worker = threading.Thread(target=in_a_thread)
worker.start()
worker.join()
counter += 1
print("last line", counter, file=sys.stderr)
