"""Tiles in a bucket of any store that speaks S3, and the last checkpoint as an object in one.

Where the store is and who we are there is said as usual: `AWS_ENDPOINT_URL`, `AWS_REGION`,
`AWS_ACCESS_KEY_ID`, a profile, a role.  The record of the last checkpoint rests on conditional
writes; a store that takes no notice of the condition is found out before anything is recorded.
Source: Amazon S3 API, PutObject, headers If-Match and If-None-Match.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pitboss.adapters.tiles.written import decode_last, encode_last, moved
from pitboss.audit.record.errors import NotPublishable, RecordMoved
from pitboss.audit.record.model import LastCheckpoint
from pitboss.audit.record.ports import CHECKPOINT_PATH
from pitboss.kernel.errors import Fault, PlatformError

# A checkpoint at full load is some eighty files; the library keeps ten connections.
REQUESTS_AT_ONCE = 10
# The publisher tries again by itself; what hangs must not hold a checkpoint up for long.
CONNECT_SECONDS_MAX = 3
ANSWER_SECONDS_MAX = 10
TRIES_MAX = 3
# After an attempt that was not answered, a second one would find the first one's work and call it
# somebody else's.  The publisher looks afresh instead.
RECORD_TRIES_MAX = 1

RECORD_KEY = "last-checkpoint.json"

_ENDPOINTS = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
_NO_OBJECT = {"NoSuchKey"}
_NOT_AS_BEFORE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_FORBIDDEN = {"AccessDenied", "403"}
_NEVER_AN_ETAG = '"0"'

# A full tile or bundle never changes, nor does a partial one of the same width.
_FOR_EVER = {
    "ContentType": "application/octet-stream",
    "CacheControl": "public, max-age=31536000, immutable",
}
_FOR_NOW = {"ContentType": "text/plain; charset=utf-8", "CacheControl": "no-cache"}


class LibraryMissing(PlatformError):
    """The library that speaks S3 is not installed."""


class BucketAway(Fault):
    """The store cannot be reached, or did not do what it was asked; it is asked again."""


class ConditionsIgnored(NotPublishable):
    """The store overwrites what a condition forbids to: two publishers would fork the log."""


class _Refused(BucketAway):
    """The store has answered no, with a code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, retryable=True)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The objects of a bucket whose keys begin with a prefix."""

    client: Any
    name: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    def get(self, path: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and its ETag, or None if there is none."""
        try:
            with self._asked("read", path):
                answer = self.client.get_object(Bucket=self.name, Key=self._key(path))
                return answer["Body"].read(), answer["ETag"]
        except _Refused as refusal:
            if refusal.code in _NO_OBJECT:
                return None
            raise

    def put(self, path: str, data: bytes, **headers: str) -> None:
        """Write an object; it is durable on return."""
        # A bucket with a retention lock takes nothing without a digest, and this one every store
        # knows.
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        with self._asked("write", path):
            self.client.put_object(
                Bucket=self.name, Key=self._key(path), Body=data, ContentMD5=digest, **headers
            )

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is removed as well."""
        with self._asked("remove", path):
            self.client.delete_object(Bucket=self.name, Key=self._key(path))

    def paths(self, beginning: str) -> list[str]:
        """Return the paths that begin so and go no folder deeper, in order."""
        with self._asked("list", beginning):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=self._key(beginning), Delimiter="/"
            )
            keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return sorted(key.removeprefix(self._key("")) for key in keys)

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    @contextlib.contextmanager
    def _asked(self, verb: str, path: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        what = f"cannot {verb} {path} in {self}"
        try:
            yield
        except ClientError as error:
            told = error.response["Error"]
            code = told["Code"]
            raise _Refused(f"{what}: {code}, {told.get('Message', 'no reason')}", code) from error
        except (BotoCoreError, ValueError) as error:
            raise BucketAway(f"{what}: {error}", retryable=True) from error


class BucketStore:
    """A tile store in a bucket; a copy of what lies under its prefix is the full evidence."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        found = self.bucket.get(path)
        return None if found is None else found[0]

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files, some at once; they are durable on return."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as hands:
            for _ in hands.map(self._write_one, files):
                pass

    def find(self, beginning: str) -> list[str]:
        """Return the paths of the files at the top whose names begin so, in order."""
        return self.bucket.paths(beginning)

    def discard_partial(self, path: str) -> None:
        """Remove the partial files of a tile or bundle whose full one, at this path, is there.

        Where we may not remove anything, as under a retention lock, they stay.
        """
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as hands:
            try:
                for _ in hands.map(self.bucket.delete, self.bucket.paths(f"{path}.p/")):
                    pass
            except _Refused as refusal:
                if refusal.code not in _FORBIDDEN:
                    raise

    def _write_one(self, file: tuple[str, bytes]) -> None:
        path, data = file
        self.bucket.put(path, data, **(_FOR_NOW if path == CHECKPOINT_PATH else _FOR_EVER))


@dataclass(slots=True)
class BucketRecord:
    """The last checkpoint in an object of its own, which is replaced on condition only.

    It helps only as far as whoever can change the database or the tiles cannot change it.  Its
    bucket is one whose client tries once, see `open_record`.
    """

    bucket: Bucket
    key: str = RECORD_KEY
    _tried: bool = field(default=False, init=False)

    @property
    def place(self) -> str:
        """Where it lies, for messages."""
        return f"{self.bucket}/{self.key}"

    def load(self) -> LastCheckpoint | None:
        """Return what was recorded last; None before anything was.

        Raises:
            StoreDamaged: the object is not one of ours.
            BucketAway: the store cannot be reached.
        """
        return self._look()[0]

    def swap(self, before: LastCheckpoint | None, after: LastCheckpoint) -> None:
        """Record a newer checkpoint, durably, if the last one still is `before`.

        Raises:
            RecordMoved: it is not.
            ConditionsIgnored: the store cannot tell.
            BucketAway: the store was not reached, or its answer did not come: it may be recorded.
        """
        self._try_conditions()
        now, etag = self._look()
        if now != before:
            raise RecordMoved(moved(self.place, now, before))
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        if not self._put_if(self.key, encode_last(after), condition):
            raise RecordMoved(moved(self.place, self.load(), before))

    def _look(self) -> tuple[LastCheckpoint | None, str | None]:
        found = self.bucket.get(self.key)
        if found is None:
            return None, None
        data, etag = found
        return decode_last(data, place=self.place), etag

    def _put_if(self, key: str, data: bytes, condition: dict[str, str]) -> bool:
        """Write an object if the condition holds; say whether it did."""
        try:
            self.bucket.put(key, data, **_FOR_NOW, **condition)
        except _Refused as refusal:
            if refusal.code in _NOT_AS_BEFORE | _NO_OBJECT:
                return False
            raise
        return True

    def _try_conditions(self) -> None:
        """Find out, once, whether the store heeds both conditions, at an object beside ours."""
        if self._tried:
            return
        trial = f"{self.key}.trial"
        self.bucket.put(trial, b"1")
        for condition in ({"IfNoneMatch": "*"}, {"IfMatch": _NEVER_AN_ETAG}):
            if self._put_if(trial, b"2", condition):
                raise ConditionsIgnored(
                    f"the store of {self.place} writes although {condition} forbids it: it cannot"
                    " keep the last checkpoint; name another place"
                )
        self._tried = True


def open_store(bucket: str, prefix: str) -> BucketStore:
    """Return the tile store under a prefix of a bucket; nothing is asked of it yet.

    Raises:
        LibraryMissing: S3 is not spoken here.
        BucketAway: what the environment says of the store cannot be used.
    """
    return BucketStore(Bucket(client=_client(TRIES_MAX), name=bucket, prefix=prefix))


def open_record(bucket: str, key: str) -> BucketRecord:
    """Return the record at a key of a bucket; without a key it is `last-checkpoint.json`.

    Raises:
        LibraryMissing: S3 is not spoken here.
        BucketAway: what the environment says of the store cannot be used.
    """
    prefix, _, name = key.rpartition("/")
    there = Bucket(client=_client(RECORD_TRIES_MAX), name=bucket, prefix=prefix)
    return BucketRecord(there, name or RECORD_KEY)


def _client(tries: int) -> Any:
    try:
        # Imported here, because it is large and most logs lie in a folder.
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise LibraryMissing(
            f"s3:// needs the package {error.name}: install pitboss with its extra, pitboss[s3]"
        ) from error
    config = Config(
        connect_timeout=CONNECT_SECONDS_MAX,
        read_timeout=ANSWER_SECONDS_MAX,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=REQUESTS_AT_ONCE,
        # The digest that we send is understood by more stores than the library's newer ones.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # Few stores but Amazon's have a host name for each bucket.
        s3={"addressing_style": "path" if _ENDPOINTS & os.environ.keys() else "auto"},
    )
    try:
        return boto3.session.Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise BucketAway(f"S3 cannot be spoken: {error}", retryable=True) from error
