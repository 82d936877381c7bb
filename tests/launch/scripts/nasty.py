"""Does all that a training script does to files, and prints what it finds afterwards."""

import bz2
import csv
import dbm
import glob
import gzip
import json
import logging
import logging.handlers
import lzma
import mmap
import os
import pickle
import shelve
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import zipfile
from os import replace as swap
from pathlib import Path

import numpy as np

HERE = os.getcwd()


def show(name, value):
    print(f"{name}: {value!r}".replace(HERE, "<here>"))


def tree(top="."):
    found = []
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            kind = "link" if os.path.islink(path) else "dir" if os.path.isdir(path) else "file"
            size = os.path.getsize(path) if kind == "file" and not name.endswith((".npz", ".zip")) else None
            found.append((os.path.relpath(path, top), kind, size))
    return sorted(found)


def tries(what, *args, **kwargs):
    try:
        show(what.__name__, what(*args, **kwargs))
    except OSError as error:
        show(what.__name__, (type(error).__name__, error.errno, error.filename, error.filename2))


# append to a table, overwrite, read back
with open("results.csv", "a", newline="") as file:
    csv.writer(file).writerow(["lstm", 0.3])
show("results", open("results.csv").read())
show("size", os.path.getsize("results.csv"))
Path("notes.txt").write_text("over\n")
show("notes", Path("notes.txt").read_text())
with open("notes.txt", "r+") as file:
    file.seek(2)
    file.write("XX")
show("patched", Path("notes.txt").read_bytes())
tries(open, "results.csv", "x")
tries(open, "no/such/folder.txt", "w")
tries(open, "missing.txt")
tries(open, "data", "w")
with open("new.json", "w") as file:
    json.dump({"a": 1}, file)
    show("stream", (file.name, file.mode, file.encoding))
show("json", json.load(open("new.json")))

# folders
os.makedirs("runs/a/b", exist_ok=True)
os.makedirs("runs/a/b", exist_ok=True)
tries(os.makedirs, "runs/a/b")
tries(os.mkdir, "data")
tries(os.mkdir, "nowhere/deep")
Path("runs/a/b/one.txt").write_text("1")
show("glob", sorted(glob.glob("**/*.txt", recursive=True)))
show("rglob", sorted(map(str, Path().rglob("*.txt"))))
show("iterdir", sorted(path.name for path in Path("runs").iterdir()))
tries(os.rmdir, "runs/a")
tries(os.rmdir, "results.csv")
shutil.rmtree("old")
show("old", (os.path.exists("old"), "old" in os.listdir(".")))
tries(os.listdir, "old")
tries(os.stat, "old/deep/x.txt")
os.mkdir("old")
show("old anew", os.listdir("old"))
shutil.copytree("data", "data-copy")
show("copied", tree("data-copy"))
shutil.move("data-copy", "runs/moved")
show("moved", tree("runs"))
shutil.copy2("data/x.txt", "x2.txt")
show("times", os.stat("x2.txt").st_mtime == os.stat("data/x.txt").st_mtime)
os.rename("data/sub", "data/renamed")
show("renamed", tree("data"))
tries(os.rename, "data/sub", "data/y")
tries(os.remove, "data/sub")
tries(os.remove, "data")
tries(os.rename, "data", "x2.txt")
tries(os.rename, "x2.txt", "data")
tries(os.replace, "runs", "data")

# the atomic write
for epoch in range(3):
    with open("checkpoint.tmp", "wb") as file:
        pickle.dump({"epoch": epoch}, file)
    os.replace("checkpoint.tmp", "checkpoint.pkl")
show("checkpoint", pickle.load(open("checkpoint.pkl", "rb")))
with tempfile.NamedTemporaryFile("w", dir=".", delete=False, suffix=".part") as file:
    file.write("whole")
swap(file.name, "whole.txt")
show("whole", Path("whole.txt").read_text())
with tempfile.NamedTemporaryFile(dir="data") as file:
    show("temporary here", os.path.exists(file.name))
show("and gone", os.path.exists(file.name))
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "t").write_text("t")
    show("temporary", os.listdir(folder))
show("temporary gone", os.path.exists(folder))
with tempfile.TemporaryDirectory(dir=".") as folder:
    Path(folder, "t").write_text("t")
with tempfile.TemporaryFile(dir=".") as file:
    file.write(b"anonymous")

# links and attributes
os.symlink("checkpoint.pkl", "latest")
show("latest", (os.readlink("latest"), os.path.islink("latest"), os.path.getsize("latest") > 0))
os.symlink(os.path.abspath("data"), "data-link")
show("through a link", Path("data-link/x.txt").read_text())
Path("data-link/x.txt").write_text("changed through the link")
show("behind it", Path("data/x.txt").read_text())
show("user's link", Path("link-to-data/x.txt").read_text())
Path("link-to-data/new.txt").write_text("new")
show("behind that", sorted(os.listdir("data")))
show("real", os.path.realpath("link-to-data/new.txt"))
os.link("notes.txt", "notes-too.txt")
show("same", os.path.samefile("notes.txt", "notes-too.txt"))
os.chmod("data/y.txt", 0o600)
os.utime("data/y.txt", (1, 2))
show("attributes", (oct(os.stat("data/y.txt").st_mode), os.stat("data/y.txt").st_mtime))
os.truncate("data/y.txt", 1)
show("cut", Path("data/y.txt").read_text())
show("access", (os.access("data/y.txt", os.R_OK), os.access("old/deep", os.R_OK)))
number = os.open("raw.bin", os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.write(number, b"raw")
os.close(number)
tries(os.open, "raw.bin", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
with os.scandir("data") as entries:
    show("scan", sorted((e.name, e.path, e.is_dir(), e.is_file(), e.stat().st_size) for e in entries))
show("bytes", sorted(os.listdir(b"data")))
show("up", Path("runs/../data/x.txt").exists())

# moving about
os.chdir("runs/a")
show("cwd", (os.getcwd(), Path.cwd(), os.path.abspath("b")))
Path("relative.txt").write_text("r")
show("relative", (os.listdir("."), Path("../../results.csv").exists(), os.path.exists("b/one.txt")))
os.chdir("../..")
show("back", (os.getcwd(), os.path.exists("runs/a/relative.txt")))
os.chdir("data")
show("in the data", sorted(os.listdir()))
os.chdir("..")

# libraries
np.save("array.npy", np.arange(3))
np.savez("arrays.npz", a=np.ones(2))
np.savetxt("array.txt", np.eye(2))
np.arange(4).tofile("array.bin")
memory = np.memmap("memory.bin", dtype="int32", mode="w+", shape=4)
memory[:] = 7
memory.flush()
old = np.memmap("data/numbers.bin", dtype="int32", mode="r+")
old[0] = 99
old.flush()
del memory, old
show(
    "arrays",
    [
        np.load("array.npy"),
        np.load("arrays.npz")["a"],
        np.loadtxt("array.txt"),
        np.fromfile("array.bin", int),
    ],
)
show(
    "memmaps",
    [np.memmap(name, dtype="int32", mode="r").tolist() for name in ("memory.bin", "data/numbers.bin")],
)
with open("data/numbers.bin", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
    mapped[4:8] = b"\1\0\0\0"
show("mapped", np.fromfile("data/numbers.bin", dtype="int32"))
with sqlite3.connect("runs.db") as database:
    database.execute("insert into runs values (2)")
    show("rows", database.execute("select * from runs order by 1").fetchall())
database.close()
with sqlite3.connect("file:new.db?mode=rwc", uri=True) as database:
    database.execute("create table t (x)")
database.close()
show("new.db", os.path.exists("new.db"))
with dbm.open("keys", "c") as keys:
    keys[b"a"] = b"1"
with dbm.open("keys", "r") as keys:
    show("dbm", keys[b"a"])
with shelve.open("shelf") as shelf:
    shelf["a"] = [1]
for opener in (gzip.open, bz2.open, lzma.open):
    with opener("packed", "wt") as file:
        file.write("packed")
    show(opener.__module__, opener("packed", "rt").read())
with zipfile.ZipFile("all.zip", "w") as archive:
    archive.write("notes.txt")
show("zip", zipfile.ZipFile("all.zip").namelist())
with tarfile.open("all.tar", "w") as archive:
    archive.add("data")
show("tar", sorted(tarfile.open("all.tar").getnames()))
shutil.make_archive("made", "zip", "data")
logging.basicConfig(filename="train.log", format="%(message)s", level="INFO")
logging.info("logged")
logging.getLogger().addHandler(logging.handlers.RotatingFileHandler("turn.log", maxBytes=20, backupCount=2))
for step in range(5):
    logging.info("step number %d", step)
logging.shutdown()
show("logs", [(name, Path(name).read_text()) for name in sorted(glob.glob("*.log*"))])
if "torch" in sys.argv:
    import torch

    model = torch.nn.Linear(2, 1)
    torch.save(model.state_dict(), "model.pt")
    torch.save(model.state_dict(), Path("data") / "deep.pt")
    torch.save(model.state_dict(), "resume.pt")
    show("torch", sorted(torch.load("model.pt", weights_only=True)))
    show("torch", sorted(torch.load(Path("data/deep.pt"), mmap=True, weights_only=True)))
    torch.jit.trace(model, torch.ones(1, 2)).save("traced.pt")
    show("jit", torch.jit.load("traced.pt")(torch.ones(1, 2)).shape)
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2]})
    frame.to_csv("frame.csv")
    frame.to_csv("results.csv", mode="a", header=False)
    frame.to_pickle("frame.pkl")
    show("frame", pd.read_csv("frame.csv").shape)
# traced.pt holds the path of this file, whose length differs.
odd = ("keys", "shelf", "made", "packed", "traced.pt")
for entry in tree():
    if not entry[0].startswith(odd):
        show("at last", entry)
