"""One writer per warehouse on a local disk, where two processes could both win the same commit."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from rfm_spark.errors import ConflictError

LOCK_FILE = ".rfm-spark.lock"


def started_at(pid: int) -> str | None:
    """Return when a process began, as the kernel counts; a number that was given again has another beginning."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def is_alive(holder: dict[str, object]) -> bool:
    """Return whether the holder may still be writing; one on another machine always may."""
    if holder.get("host") != socket.gethostname():
        return True
    pid = holder.get("pid")
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return holder.get("started") == started_at(pid)


def read_holder(file: Path) -> dict[str, object] | None:
    """Return who holds the lock, None when nobody does; an unreadable file is held by nobody alive."""
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return {"host": socket.gethostname()}
    return found if isinstance(found, dict) else {"host": socket.gethostname()}


def take(folder: Path) -> Path:
    """Create the lock file, taking over the one of a dead process of this machine."""
    file = folder / LOCK_FILE
    guard = os.open(folder, os.O_RDONLY)
    try:
        # Two takers of the same dead lock go one after the other.
        fcntl.flock(guard, fcntl.LOCK_EX)
        holder = read_holder(file)
        if holder is not None and is_alive(holder):
            raise ConflictError(
                str(file),
                f"process {holder.get('pid')} on {holder.get('host')} is writing",
                next_step="wait for it, or delete the file if no such process runs",
            )
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        with os.fdopen(descriptor, "w") as out:
            json.dump({"pid": os.getpid(), "host": socket.gethostname(), "started": started_at(os.getpid())}, out)
    except FileExistsError:
        raise ConflictError(str(file), "a process of another machine is writing", next_step="try again") from None
    finally:
        os.close(guard)
    return file


@contextlib.contextmanager
def local_lock(folder: Path) -> Iterator[Path]:
    """Hold the only right to write below a folder until the block ends, also when it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    file = take(folder)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
