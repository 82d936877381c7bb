"""Random file operations, in the sandbox and free in a twin folder: the same results, and no harm."""

import os
import random
import shutil
import sys
from pathlib import Path

from lossdoctor.launch.sandbox import Sandbox

base = Path(sys.argv[1])
NAMES = ["a", "b", "c/a", "c/b", "c", "d/a", "d", "d/e", "d/e/a", "c/../a", "l"]


def build(top):
    (top / "c").mkdir(parents=True)
    (top / "d" / "e").mkdir(parents=True)
    for name in ("a", "c/a", "d/e/a"):
        (top / name).write_text(name)
    (top / "l").symlink_to("c")


def write(p, q):
    open(p, "w").write("w")


def append(p, q):
    open(p, "a").write("+")


def update(p, q):
    open(p, "r+").write("u")


def exclusive(p, q):
    open(p, "x").write("x")


def read(p, q):
    return open(p).read()


def touch(p, q):
    os.utime(p, (5, 5))


def stat(p, q):
    s = os.stat(p)
    return (s.st_mode, s.st_size if os.path.isfile(p) else 0)


def lstat(p, q):
    return os.lstat(p).st_mode


def rmtree(p, q):
    shutil.rmtree(p)


def makedirs(p, q):
    os.makedirs(p)


def listing(p, q):
    return sorted(os.listdir(p))


def scan(p, q):
    return sorted((e.name, e.is_dir(), e.is_symlink()) for e in os.scandir(p))


def copy(p, q):
    shutil.copy(p, q)


def move(p, q):
    shutil.move(p, q)


def symlink(p, q):
    os.symlink(os.path.basename(p), q)


def raw(p, q):
    os.close(os.open(p, os.O_WRONLY | os.O_CREAT))


def link(p, q):
    os.link(p, q, follow_symlinks=False)


def unlink(p, q):
    os.unlink(p)


def rmdir(p, q):
    os.rmdir(p)


def mkdir(p, q):
    os.mkdir(p)


def rename(p, q):
    os.rename(p, q)


def real(p, q):
    return os.path.relpath(os.path.realpath(p), os.path.realpath("."))


OPS = [
    write,
    append,
    update,
    exclusive,
    read,
    touch,
    stat,
    lstat,
    rmtree,
    makedirs,
    listing,
    scan,
    copy,
    move,
    symlink,
    raw,
    link,
    unlink,
    rmdir,
    mkdir,
    rename,
    real,
]


def everything():
    found = []
    for folder, folders, files in os.walk("."):
        for name in folders + files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            content = os.readlink(path) if os.path.islink(path) else None
            if content is None and os.path.isfile(path):
                content = open(path).read()
            found.append((path, mode, content))
    return sorted(found)


def play(seed):
    rng = random.Random(seed)
    log = []
    for _ in range(rng.randrange(3, 25)):
        op, p, q = rng.choice(OPS), rng.choice(NAMES), rng.choice(NAMES)
        try:
            result = op(p, q)
        except OSError as error:
            result = (type(error).__name__, error.errno)
        except shutil.Error:
            result = "shutil.Error"
        log.append((op.__name__, p, q, result))
    return log, everything()


bad = 0
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    for name in ("free", "boxed"):
        build(base / str(seed) / name)
    os.chdir(base / str(seed) / "boxed")
    untouched = everything()
    os.chdir(base / str(seed) / "free")
    free = play(seed)
    os.chdir(base / str(seed) / "boxed")
    box = Sandbox(base / f"box{seed}", base / str(seed) / "boxed")
    box.install()
    if seed % 3 == 0:
        box.switch(base / f"box{seed}b")
    try:
        boxed = play(seed)
    finally:
        os.chdir(base)
        box.remove()
    os.chdir(base / str(seed) / "boxed")
    if everything() != untouched:
        print("HARM", seed)
        bad += 1
    if free != boxed:
        bad += 1
        for one, two in zip(free[0], boxed[0]):
            print(seed, one, two if two != one else "", "<<<" if one != two else "")
            if one != two:
                break
        else:
            print(seed, "END", set(free[1]) ^ set(boxed[1]))
        if bad > 5:
            break
sys.exit(bool(bad))
