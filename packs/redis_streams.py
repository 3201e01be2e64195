"""Redis streams in memory, so that a pack can judge what Core's Redis bus really does with them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import count as numbers

from redis_stand_in import redis_stand_in

PAUSE_SECONDS = 0.001
Fields = dict[str, str]
Entry = tuple[str, Fields]


class ResponseError(Exception):
    """What a server answers to a command that it refuses."""


def text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class Streams:
    """A server with its only client: what one bus adds to a stream, another one reads from it."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self.read: dict[tuple[str, str], int] = {}  # how many entries of a stream a group has read
        self.ids = numbers(1)

    def holds(self, stream: str, *values: str) -> bool:
        """Whether an entry of a stream with this in its name has all these values."""
        return any(
            set(values) <= set(fields.values())
            for name, entries in self.entries.items()
            if stream in name
            for _, fields in entries
        )

    def from_url(self, url: str, **options: object) -> Streams:
        self.urls.append(url)
        return self

    def __await__(self) -> Generator[None, None, Streams]:
        yield from ()
        return self

    async def xadd(self, name: str, fields: Mapping[str, object], **options: object) -> str:
        entry = f"1700000000000-{next(self.ids)}"
        self.entries[name].append((entry, {key: text(value) for key, value in fields.items()}))
        return entry

    async def xgroup_create(
        self,
        name: str,
        groupname: str,
        id: str = "$",  # noqa: A002 - redis calls it so
        mkstream: bool = False,
        **options: object,
    ) -> bool:
        if (name, groupname) in self.read:
            raise ResponseError("BUSYGROUP Consumer Group name already exists")
        if name not in self.entries and not mkstream:
            raise ResponseError("The XGROUP subcommand requires the key to exist.")
        self.read[name, groupname] = len(self.entries[name]) if id == "$" else 0
        return True

    async def xreadgroup(
        self,
        groupname: str,
        consumername: str,
        streams: Mapping[str, str],
        count: int | None = None,
        block: int | None = None,
        **options: object,
    ) -> list[tuple[str, list[Entry]]]:
        found = []
        for name in streams:
            if (name, groupname) not in self.read:
                raise ResponseError(f"NOGROUP No such key '{name}' or consumer group '{groupname}'")
            begin = self.read[name, groupname]
            if new := self.entries[name][begin:][:count]:
                self.read[name, groupname] += len(new)
                found.append((name, new))
        if not found:
            await asyncio.sleep(PAUSE_SECONDS)
        return found

    async def xack(self, name: str, groupname: str, *ids: str) -> int:
        return len(ids)

    async def ping(self) -> bool:
        return True

    async def close(self) -> None:
        """Nothing is open."""

    aclose = close


@contextmanager
def redis_streams() -> Iterator[Streams]:
    """While this lasts, whoever connects to a Redis server connects to these streams."""
    streams = Streams()
    with redis_stand_in():
        client, exceptions = import_module("redis.asyncio"), import_module("redis.exceptions")
        client.__dict__["from_url"] = streams.from_url
        client.__dict__["Redis"] = type("Redis", (), {"from_url": streams.from_url})
        exceptions.__dict__["ResponseError"] = ResponseError
        yield streams
