"""The Python that trains and serves checkpoints: PyTorch, transformers and peft in an environment of their own.

`make training` makes it; nothing else does, and no test of retort needs it. RETORT_TRAINING_PYTHON names another Python that has them,
as where there is a GPU: what is pinned here runs on a CPU.
"""
import importlib.util
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAME = "training-torch-2.13.0"


def home():
    helpers = os.environ.get("RETORT_HELPERS") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "retort")
    return pathlib.Path(helpers) / NAME


def python():
    """The Python to use, or None where there is none yet."""
    named = os.environ.get("RETORT_TRAINING_PYTHON")
    if named:
        return named
    return str(home() / "bin" / "python") if (home() / ".complete").exists() else None


def enter():
    """Goes on in that Python, in this process, where the one at hand has no PyTorch."""
    if all(importlib.util.find_spec(name) for name in ("torch", "transformers", "peft")):
        return
    found = python()
    if found is None or os.environ.get("RETORT_TRAINING_ENTERED"):
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: expected PyTorch, transformers and peft in {found or sys.executable}, found none; "
                 "run `make training`, or name a Python that has them in RETORT_TRAINING_PYTHON")
    os.environ["RETORT_TRAINING_ENTERED"] = "1"
    os.execv(found, [found, *sys.argv])


def install():
    target = home()
    if not (target / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", target], check=True)
        subprocess.run([target / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "--require-hashes", "-r", HERE / "requirements.txt"], stdin=subprocess.DEVNULL, check=True)
        (target / ".complete").touch()
    print(target / "bin" / "python")


if __name__ == "__main__":
    install()
