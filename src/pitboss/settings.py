"""How an instance is configured: by options, by the environment, by what is said here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
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
    `sandbox` asks the sandbox for those that have none: never where money is real.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: dict[str, RegisterAccount] = {}
    sandbox: bool = False


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
    sandbox: SandboxSettings = SandboxSettings()
    location: LocationSettings = LocationSettings()
    # The domain of the players' pages, for which security keys are made, and the origins on which
    # they are believed (`https://play.example`); none is the domain's own, or on a laptop our port.
    site: Annotated[str, Field(min_length=1)] = "localhost"
    origins: tuple[str, ...] = ()
    registers: RegisterSettings = RegisterSettings()
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
    return value.model_dump_json() if isinstance(value, BaseModel) else str(value)
