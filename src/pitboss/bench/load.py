"""Clients in a process of their own: requests with bets, on a schedule or as fast as it goes.

`python -m pitboss.bench.load FILE` reads what to send from a file and writes what came of it to
another.  On a schedule, a request's latency counts from the moment it was due, so a stall that
keeps requests waiting for a connection shows as latency and not as a pause.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import sys
import time
from collections import Counter, deque
from pathlib import Path

import msgspec
import uvloop

from pitboss.kernel.clock import SystemClock

# A schedule is looked at this often; what is due by then is sent.  The loop's timers count whole
# milliseconds: with less than one it would never sleep, and take the processor from the platform.
TICK_SECONDS = 0.002
# Who is still waiting by then has been forgotten; that is a failed run and is told as such.
DRAIN_SECONDS_MAX = 60.0
DRAIN_LOOK_SECONDS = 0.01
_BET_ID = b'"bet_id":"'
_BET_ID_LENGTH = 36


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """Some seconds at a rate; a rate of 0 is as fast as answers come."""

    name: str
    seconds: float
    rate: float


class Studio(msgspec.Struct, frozen=True, kw_only=True):
    """What a game provider signs with, and the players who play: their ids and sessions."""

    secret: str
    game: str
    seats: tuple[tuple[str, str], ...]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where.

    With a `studio` each request is a signed stake and its win, of SoftSwiss's `/betwin`; else bets.

    `slips` in one request: 0 is one bet to `path`, more are a batch.  `rotate` numbers make the
    idempotency keys of two runs different.
    """

    host: str
    port: int
    path: str
    tokens: tuple[str, ...]
    selections: tuple[str, ...]
    currency: str
    connections: int
    phases: tuple[Phase, ...]
    run: str
    seed: int
    slips: int = 0
    result: str
    studio: Studio | None = None


class PhaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one phase; latencies are in seconds, of what was accepted."""

    name: str
    seconds: float
    sent: int
    statuses: dict[str, int]
    latencies: list[float]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task; `bets` are the ids that were acknowledged, `dues` when they were due.

    `dues` are in seconds since 1970.
    """

    phases: list[PhaseResult]
    bets: list[str]
    dues: list[float]
    lost: int


class Writer:
    """Writes requests: a random player, a random selection, a small stake, a key of its own."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._chance = random.Random(task.seed)  # noqa: S311 - load, not secrets
        self._number = 0
        self._heads = [
            (
                f"POST {task.path} HTTP/1.1\r\nHost: {task.host}\r\nAuthorization: Bearer {token}"
                "\r\nContent-Type: application/json\r\n"
            ).encode()
            for token in task.tokens
        ]
        self._legs = [
            b'"stake":"%d.00","currency":"' + task.currency.encode() + b'","legs":[{'
            b'"selection_id":"' + selection.encode() + b'","tick":1}]}'
            for selection in task.selections
        ]
        self._run = task.run.encode()
        self._rounds = (
            f"POST {task.path} HTTP/1.1\r\nHost: {task.host}\r\nContent-Type: application/json\r\n"
        ).encode()

    def next(self) -> bytes:
        """Return the next request."""
        if self._task.studio is not None:
            return self._round(self._task.studio)
        head = self._heads[int(self._chance.random() * len(self._heads))]
        if self._task.slips:
            body = b'{"bets":[%b]}' % b",".join(
                b'{"key":"%b",' % self._key() + self._leg() for _ in range(self._task.slips)
            )
            return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        body = b"{" + self._leg()
        return head + b"Idempotency-Key: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            self._key(),
            len(body),
            body,
        )

    def _round(self, studio: Studio) -> bytes:
        """Return a stake of one unit and a win of up to two, in a round of its own."""
        player, session = studio.seats[int(self._chance.random() * len(studio.seats))]
        self._number += 1
        name = f"{self._task.run}-{self._number}"
        body = (
            f'{{"account_id":"{player}","currency":"{self._task.currency}",'
            f'"game_id":"{studio.game}","session_id":"{session}","round_id":"{name}",'
            f'"finished":true,"transactions":[{{"id_provider":"b{name}","type":"bet",'
            f'"amount":"1.00"}},{{"id_provider":"w{name}","type":"win",'
            f'"amount":"{1 + int(self._chance.random() * 200) / 100:.2f}"}}]}}'
        ).encode()
        signature = hmac.new(studio.secret.encode(), body, hashlib.sha256).hexdigest().encode()
        return self._rounds + b"X-REQUEST-SIGN: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            signature,
            len(body),
            body,
        )

    def _leg(self) -> bytes:
        leg = self._legs[int(self._chance.random() * len(self._legs))]
        return leg % (1 + int(self._chance.random() * 20))

    def _key(self) -> bytes:
        self._number += 1
        return b"%b-%d" % (self._run, self._number)


class Outcomes:
    """What has come back so far."""

    def __init__(self) -> None:
        self.bets: list[str] = []
        self.dues: list[float] = []
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        # What is added to the loop's time to have the seconds since 1970.
        self.epoch = SystemClock().now().timestamp() - time.monotonic()

    def note(self, due: float, now: float, status: bytes, body: bytes) -> None:
        """Take note of one answer."""
        self.statuses[status.decode()] += 1
        if not status.startswith(b"2"):
            return
        self.latencies.append(now - due)
        start = body.find(_BET_ID)
        while start >= 0:
            start += len(_BET_ID)
            self.bets.append(body[start : start + _BET_ID_LENGTH].decode())
            self.dues.append(due + self.epoch)
            start = body.find(_BET_ID, start)

    def new_phase(self) -> tuple[Counter[str], list[float]]:
        """Hand over what came in this phase."""
        mine = self.statuses, self.latencies
        self.statuses, self.latencies = Counter(), []
        return mine


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.due = 0.0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        # uvloop's transports are nobody's subclass.
        self._transport = transport  # type: ignore[assignment]

    def send(self, due: float, request: bytes) -> None:
        """Send a request that was due then."""
        self.due, self.busy = due, True
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the next piece of an answer."""
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        mark = self._buffer.lower().find(b"content-length: ", 0, head)
        end = self._buffer.find(b"\r\n", mark)
        length = int(self._buffer[mark + 16 : end]) if mark >= 0 else 0
        if len(self._buffer) < head + 4 + length:
            return
        status, body = self._buffer[9:12], self._buffer[head + 4 : head + 4 + length]
        self._buffer = b""
        self.busy = False
        self._clients.answered(self, status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a request that will have no answer."""
        if self.busy:
            self._clients.outcomes.statuses["lost"] += 1

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Clients:
    """All connections, and what waits for one."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.outcomes = Outcomes()
        self._writer = Writer(task)
        self._idle: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._connections: list[Connection] = []
        self._closed_loop = False
        self.sent = 0

    async def connect(self) -> None:
        """Open every connection."""
        loop = asyncio.get_running_loop()
        for _ in range(self.task.connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self), self.task.host, self.task.port
            )
            self._idle.append(connection)
            self._connections.append(connection)

    def answered(self, connection: Connection, status: bytes, body: bytes) -> None:
        """Note an answer, and give the connection what waits."""
        now = time.monotonic()
        self.outcomes.note(connection.due, now, status, body)
        if self._waiting:
            connection.send(self._waiting.popleft(), self._writer.next())
        elif self._closed_loop:
            self.sent += 1
            connection.send(now, self._writer.next())
        else:
            self._idle.append(connection)

    async def play(self, phase: Phase) -> PhaseResult:
        """Send a phase's requests and wait for its end, not for its answers."""
        before, started = self.sent, time.monotonic()
        if phase.rate:
            await self._on_schedule(phase)
        else:
            await self._as_fast_as_it_goes(phase)
        seconds = time.monotonic() - started
        statuses, latencies = self.outcomes.new_phase()
        return PhaseResult(
            name=phase.name,
            seconds=seconds,
            sent=self.sent - before,
            statuses=dict(statuses),
            latencies=latencies,
        )

    async def drain(self) -> int:
        """Wait for the last answers; return how many never came."""
        for _ in range(int(DRAIN_SECONDS_MAX / DRAIN_LOOK_SECONDS)):
            if not self._pending():
                break
            await asyncio.sleep(DRAIN_LOOK_SECONDS)
        for connection in self._connections:
            connection.close()
        return self._pending()

    def _pending(self) -> int:
        return len(self._waiting) + sum(item.busy for item in self._connections)

    async def _on_schedule(self, phase: Phase) -> None:
        started = time.monotonic()
        due_all = int(phase.seconds * phase.rate)
        done = 0
        while done < due_all:
            now = time.monotonic()
            due = min(int((now - started) * phase.rate), due_all)
            for number in range(done, due):
                self._send(started + number / phase.rate)
            done = max(done, due)
            await asyncio.sleep(TICK_SECONDS)

    def _send(self, due: float) -> None:
        self.sent += 1
        if self._idle:
            self._idle.pop().send(due, self._writer.next())
        else:
            self._waiting.append(due)

    async def _as_fast_as_it_goes(self, phase: Phase) -> None:
        self._closed_loop = True
        idle, self._idle = self._idle, []
        for connection in idle:
            self.sent += 1
            connection.send(time.monotonic(), self._writer.next())
        await asyncio.sleep(phase.seconds)
        self._closed_loop = False


async def _play(task: Task) -> Result:
    clients = Clients(task)
    await clients.connect()
    phases = [await clients.play(phase) for phase in task.phases]
    lost = await clients.drain()
    statuses, latencies = clients.outcomes.new_phase()
    last = phases[-1]
    # What came after the last phase's end belongs to it all the same.
    phases[-1] = PhaseResult(
        name=last.name,
        seconds=last.seconds,
        sent=last.sent,
        statuses=dict(Counter(last.statuses) + statuses),
        latencies=last.latencies + latencies,
    )
    return Result(phases=phases, bets=clients.outcomes.bets, dues=clients.outcomes.dues, lost=lost)


async def until_open(host: str, port: int) -> None:
    """Wait until somebody listens there; ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def at_port(task: Task, port: int) -> Task:
    """Return the same task for another server on this machine."""
    return msgspec.structs.replace(task, port=port)


async def send(task: Task, folder: Path) -> Result:
    """Run a task in a process of its own and return what came of it."""
    request, result = folder / "load-task.json", Path(task.result)
    request.write_bytes(msgspec.json.encode(task))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pitboss.bench.load", str(request)
    )
    try:
        status = await process.wait()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if status:
        raise RuntimeError(f"the load ended with status {status}")
    return msgspec.msgpack.decode(result.read_bytes(), type=Result)


def main() -> None:
    """Do what the file that the argument names says."""
    task = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Task)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_play(task))
    Path(task.result).write_bytes(msgspec.msgpack.encode(result))


if __name__ == "__main__":
    main()
