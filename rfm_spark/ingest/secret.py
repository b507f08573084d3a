"""Secrets: read from a file or an environment variable at the last moment, kept in no plan, log or message."""

import os
from pathlib import Path

from rfm_spark.config.source import Secret
from rfm_spark.errors import UsageError
from rfm_spark.text import counted

LEAST_KEY_BYTES = 16


def read_secret(secret: Secret, where: str) -> bytes:
    """Return the secret without line ends behind it; UsageError where it is missing or empty."""
    if secret.file is not None:
        place, found = f"file {secret.file}", _file_bytes(secret.file)
    else:
        place, found = f"environment variable {secret.env}", os.environb.get(os.fsencode(secret.env or ""))
    if found is None:
        raise UsageError(where, f"{place} cannot be read", "a secret there", "create it, readable by this user alone")
    if not found.rstrip(b"\r\n"):
        raise UsageError(where, f"{place} is empty", "a secret there")
    return found.rstrip(b"\r\n")


def load_key(secret: Secret, where: str = "identity.key") -> bytes:
    """Return the key of the member ids; UsageError when it is missing or shorter than 16 bytes."""
    key = read_secret(secret, where)
    if len(key) < LEAST_KEY_BYTES:
        step = "make one with: head -c 32 /dev/urandom | base64"
        raise UsageError(where, f"a key of {counted(len(key), 'byte')}", f"at least {LEAST_KEY_BYTES} bytes", step)
    return key


def _file_bytes(name: str) -> bytes | None:
    try:
        return Path(name).read_bytes()
    except OSError:
        return None
