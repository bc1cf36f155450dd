"""A real S3 server on this machine, for tests."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest

NOBODY = "http://127.0.0.1:9"


class Bucket:
    """A bucket of a server of its own; the environment says where that is."""

    def __init__(self, system: Any, forget: Any) -> None:
        self._system, self._forget = system, forget

    def names(self, under: str) -> list[str]:
        """The keys of all objects below a prefix, without it."""
        top = f"bucket/{under}/"
        return sorted(path.removeprefix(top) for path in self._system.find(top))

    def write(self, key: str, content: bytes) -> None:
        self._system.pipe_file(f"bucket/{key}", content)

    def remove(self, key: str) -> None:
        self._system.rm_file(f"bucket/{key}")

    def remove_version(self, key: str, version: str) -> None:
        self._system.call_s3("delete_object", Bucket="bucket", Key=key, VersionId=version)

    def empty(self) -> None:
        found = self._system.find("bucket")
        if found:
            self._system.rm(found)

    def keep_versions(self) -> None:
        self._system.call_s3(
            "put_bucket_versioning", Bucket="bucket",
            VersioningConfiguration={"Status": "Enabled"},
        )  # fmt: skip

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """The server cannot be reached for as long as the block lasts."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", NOBODY)
            self._forget()
            yield
        self._forget()


@contextlib.contextmanager
def serving() -> Iterator[Bucket]:
    """Serve an empty bucket; skips the test where moto or s3fs are not installed."""
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    forget = s3fs.S3FileSystem.clear_instance_cache
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        forget()
        system = s3fs.S3FileSystem(use_listings_cache=False)
        system.mkdir("bucket")
        yield Bucket(system, forget)
    forget()
    server.stop()
