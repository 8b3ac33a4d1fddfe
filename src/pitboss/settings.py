"""How an instance is configured: by options, by the environment, by what is said here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENVIRONMENT_PREFIX = "PITBOSS_"
HOME_VARIABLE = f"{ENVIRONMENT_PREFIX}HOME"

Port = Annotated[int, Field(ge=0, le=65_535)]
Share = Annotated[float, Field(ge=0, le=1)]

BUCKET_SCHEME = "s3"


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A place in a store that speaks S3, written `s3://bucket/prefix`."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{BUCKET_SCHEME}://{self.bucket}/{self.prefix}".rstrip("/")


def _read_place(value: object) -> object:
    """Return a place in a bucket if that is what is written, and leave a path to pydantic."""
    if not isinstance(value, str) or "://" not in value:
        return value
    url = urlsplit(value)
    if url.scheme != BUCKET_SCHEME or not url.hostname or url.netloc != url.hostname:
        raise ValueError(f"{value!r} is neither a path nor {BUCKET_SCHEME}://BUCKET/PREFIX")
    if url.query or url.fragment:
        raise ValueError(f"{value!r} has more than a bucket and a prefix")
    return BucketPlace(url.netloc, url.path.strip("/"))


Place = Annotated[BucketPlace | Path, NoDecode, BeforeValidator(_read_place)]


class LocationSettings(BaseModel):
    """How players are located: files that the operator supplies, each read again when it changes.

    `keys` are JWK sets by the name of the provider, `areas` and `zones` GeoJSON by ISO 3166 code
    (`US-NJ`), `cities` and `anonymous` MaxMind's databases: without both nobody is permitted.
    `sandbox` trusts the sandbox provider, which anybody may ask for a token: never where money is
    real.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: dict[str, Path] = {}
    areas: dict[str, Path] = {}
    zones: dict[str, Path] = {}
    cities: Path | None = None
    anonymous: Path | None = None
    sandbox: bool = False


class RegisterAccount(BaseModel):
    """Where one national register is asked, and as whom; `batch_url` and `actor` where it has them.

    `certificate` and `certificate_key` are files in PEM, for a register that wants to see one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    key: str = Field(repr=False)
    batch_url: str | None = None
    actor: str | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None


class RegisterSettings(BaseModel):
    """Which national registers are asked where, by their names in the licences' files.

    A register without an account does not answer, and what then holds is the licence's rule.
    `central` is where the central files over all operators are, for licences that have them.
    `sandbox` asks the sandbox for those that have none: never where money is real.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: dict[str, RegisterAccount] = {}
    central: RegisterAccount | None = None
    sandbox: bool = False


class CashOutSettings(BaseModel):
    """What the house keeps of a bet that it buys back, and for how many seconds a quote is good."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: Annotated[Decimal, Field(ge=0, lt=1, max_digits=6)] = Decimal("0.05")
    quote_seconds: Annotated[int, Field(ge=1, le=300)] = 10


class FeedProducerSettings(BaseModel):
    """A producer of a feed: its name in the supplier's addresses, what it does, our patience."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    phase: Literal["prematch", "live"]
    silence_seconds: Annotated[float, Field(ge=10, le=180)] = 20.0
    lag_seconds: Annotated[float, Field(gt=0, le=180)] = 20.0


class FeedSettings(BaseModel):
    """A supplier whose messages are like Sportradar's Unified Odds Feed.

    `url` is `amqps://user:password@host:port/vhost`, or `file:///folder` for messages that lie in
    one.  Without a `queue` there is one of our own, which ends with us.  `producers` are by the
    supplier's numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^(amqps?://|file:///)")] = Field(repr=False)
    api_url: str
    token: str = Field(repr=False)
    exchange: str = "unifiedfeed"
    keys: Annotated[tuple[str, ...], Field(min_length=1)] = ("#",)
    queue: str | None = None
    producers: Annotated[dict[int, FeedProducerSettings], Field(min_length=1)]


def _read_address(value: str) -> str:
    """Return an address that can be asked over HTTP, or say that it is none."""
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
        raise ValueError(f"{value!r} is no address: https://HOST/PATH is needed")
    return value


Address = Annotated[str, AfterValidator(_read_address)]


class GameProviderSettings(BaseModel):
    """A provider of games, and how it speaks to our wallet.

    `keys` are its secrets (`softswiss`), its public keys in PEM (`hub88`) or API keys
    (`valkyrie`), the newest first; while there are two, both count.  `networks` say from where it
    may call; without any its signature is what it is known by.  `launch_url` is where its games are
    opened, as `operator` and with `launch_key` (a secret, our private key in PEM, or nothing).
    `list_url` is where a `softswiss` studio tells which games it has; `hub88` is asked beside
    its `launch_url`.
    `free_play`: the house has agreed to pay for free stakes.  `recon_key` is a token that pays and
    undoes for any player, and never stakes (`valkyrie`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: Literal["softswiss", "hub88", "valkyrie"]
    keys: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = Field(
        repr=False
    )
    networks: tuple[IPvAnyNetwork, ...] = ()
    calls_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    free_play: bool = False
    launch_url: Address | None = None
    list_url: Address | None = None
    operator: str = ""
    launch_key: str | None = Field(default=None, repr=False)
    recon_key: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _as_the_protocol_has_it(self) -> GameProviderSettings:
        """Refuse what the protocol would pass over in silence, and what it cannot do without."""
        if self.recon_key is not None and self.protocol != "valkyrie":
            raise ValueError(f"recon_key: {self.protocol} has none, only valkyrie does")
        if self.list_url is not None and self.protocol != "softswiss":
            raise ValueError(f"list_url: {self.protocol} has none, only softswiss does")
        if self.protocol == "hub88" and self.launch_url is not None and not self.launch_key:
            raise ValueError("launch_key: hub88 wants what is asked at its launch_url signed")
        return self


# As `games.dealing` names the house where providers are named.
HOUSE = "house"

FeedLabel = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")]


class RngSettings(BaseModel):
    """The generator of the games' random numbers, which is a process of its own.

    `manifest` is the signed manifest of its certificate and `key` the verifier key that must have
    signed it; with neither it draws uncertified, which only a licence without a regulator permits.
    `socket` is where it listens, if not in the home.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: Path | None = None
    key: str | None = None
    socket: Path | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> RngSettings:
        """See to it that a manifest has somebody who must have signed it."""
        if (self.manifest is None) != (self.key is None):
            raise ValueError("a signed manifest and the key that signed it: both or neither")
        return self


class SandboxSettings(BaseModel):
    """How the sandbox payment provider behaves; see `sandbox.fates.Temper`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    delay_ms_max: Annotated[int, Field(ge=0, le=3_600_000)] = 2_000
    failure_share: Share = 0.02
    repeat_share: Share = 0.2
    disorder_share: Share = 0.1
    late_share: Share = 0.05


class Settings(BaseSettings):
    """Everything that may differ between two instances.

    Each field is also an environment variable: `home` is `PITBOSS_HOME`; an empty one counts for
    nothing.  Whatever pitboss keeps lies under `home`.  A port of 0 is any that is free.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        # Otherwise `PITBOSS_HOME=` would be the folder that somebody happens to stand in.
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
    )

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("pitboss")))
    # None is the embedded server in `home`.
    database_url: str | None = None
    # Who may migrate that database, if it is another role than the one that processes are.
    owner_url: str | None = None
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 8000
    sandbox_port: Port = 0
    # A simulation's clock, shared by all processes; None is the machine's.
    clock_file: Path | None = None
    bet_workers: Annotated[int, Field(ge=1, le=4)] = 2
    # How many commands may wait in one partition of the log.
    backlog_max: Annotated[int, Field(gt=0)] = 200_000
    # A correction of a market that moves more units of a currency than these, of all bets or of
    # one, takes two of staff.
    correction_total: Annotated[int, Field(ge=0)] = 1_000
    correction_single: Annotated[int, Field(ge=0)] = 100
    reward_worth_max: Annotated[int, Field(ge=0)] = 500
    # How long a bet waits at most that only a trader may take.
    referral_seconds: Annotated[int, Field(ge=5, le=120)] = 30
    # A round of a game that its provider leaves open for so many hours is ended: as it stands, or
    # with its stakes given back unless a win was told, be it nothing.
    rounds_open_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 48
    rounds_rule: Literal["close", "void"] = "close"
    # How far a pushed price may move without being confirmed, in percent of the smaller price.
    price_move_percent_max: Annotated[int, Field(gt=0, le=100_000)] = 50
    sandbox: SandboxSettings = SandboxSettings()
    location: LocationSettings = LocationSettings()
    # The domain of the players' pages, for which security keys are made, and the origins on which
    # they are believed (`https://play.example`); none is the domain's own, or on a laptop our port.
    site: Annotated[str, Field(min_length=1)] = "localhost"
    origins: tuple[str, ...] = ()
    registers: RegisterSettings = RegisterSettings()
    cash_out: CashOutSettings = CashOutSettings()
    # Suppliers of prices and results, by what we call them.
    feeds: dict[FeedLabel, FeedSettings] = {}
    # The generator of the games; None is none.
    rng: RngSettings | None = None
    # Providers of games, by what we call them.
    games: dict[FeedLabel, GameProviderSettings] = {}
    # How many proxies of our own stand before the API, each adding to `X-Forwarded-For`.
    proxies_trusted: Annotated[int, Field(ge=0, le=8)] = 0
    # Where a loop shows its figures to Prometheus; 0 is nowhere.  (The API does on its own port.)
    metrics_port: Port = 0
    # An OpenTelemetry collector (`http://host:4318`), and the share of requests that is followed.
    otlp_url: str | None = None
    trace_share: Share = 0.01
    # The name of the log, a URL without scheme; None is one that is drawn with the first key.
    log_origin: str | None = None
    # Where tiles and the last checkpoint lie: a path, or `s3://bucket/prefix`; None is in the home.
    # The last checkpoint helps as far as it lies on another device than the database, and is
    # restored from no backup.
    tiles: Place | None = None
    last_checkpoint: Place | None = None
    # Who cosigns checkpoints: `VERIFIER-KEY URL` each.
    witnesses: tuple[str, ...] = ()
    # A file that says who of them is a quorum (C2SP tlog-policy); who has a URL there is asked too.
    policy: Path | None = None
    # An RFC 3161 authority that is asked, this often, to date the newest checkpoint.
    timestamp_url: str | None = None
    timestamp_seconds: Annotated[float, Field(gt=0, le=86_400)] = 3_600.0
    # Set by the supervisor: whose process this is, so that it stops when its parent has gone.
    supervised: bool = False
    # Where the log goes; None is standard error.
    log_file: Path | None = None

    @field_validator("games")
    @classmethod
    def _keep_our_name(
        cls, games: dict[str, GameProviderSettings]
    ) -> dict[str, GameProviderSettings]:
        """Refuse a provider that is called as the house's own games are."""
        if HOUSE in games:
            raise ValueError(f"{HOUSE!r} is what our own games are called")
        return games

    @field_validator("home")
    @classmethod
    def _from_anywhere(cls, home: Path) -> Path:
        """Name the same folder wherever the process that reads it stands."""
        return home.expanduser().absolute()

    def environment(self, around: Mapping[str, str]) -> dict[str, str]:
        """Return the variables from which another process reads these same settings.

        Args:
            around: the variables of this process; what they say of settings is left out.
        """
        kept = {
            name: value
            for name, value in around.items()
            if not name.upper().startswith(ENVIRONMENT_PREFIX)
        }
        own = {
            f"{ENVIRONMENT_PREFIX}{name.upper()}": _written(value)
            for name, value in self
            if value is not None
        }
        return kept | own

    def with_changes(self, **changes: Any) -> Settings:
        """Return these settings with some of them changed."""
        return self.model_copy(update=changes)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps(value)
    if isinstance(value, dict):
        return json.dumps({name: item.model_dump(mode="json") for name, item in value.items()})
    return value.model_dump_json() if isinstance(value, BaseModel) else str(value)
