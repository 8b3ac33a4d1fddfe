"""Settings: read from the environment, handed to another process, the same there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from pitboss.settings import (
    ENVIRONMENT_PREFIX,
    BucketPlace,
    CashOutSettings,
    FeedProducerSettings,
    FeedSettings,
    GameProviderSettings,
    LocationSettings,
    RegisterAccount,
    RegisterSettings,
    RngSettings,
    SandboxSettings,
    Settings,
)

EVERYTHING = Settings(
    home=Path("/somewhere/else"),
    database_url="postgresql://me@there/pitboss?sslmode=require",
    owner_url="postgresql://owner@there/pitboss?sslmode=require",
    host="0.0.0.0",
    port=9_000,
    sandbox_port=9_001,
    clock_file=Path("/somewhere/clock"),
    bet_workers=3,
    backlog_max=17,
    correction_total=50,
    correction_single=5,
    reward_worth_max=40,
    price_move_percent_max=25,
    referral_seconds=12,
    rounds_open_hours=24,
    rounds_rule="void",
    sandbox=SandboxSettings(seed=5, delay_ms_max=1, failure_share=0.5, late_share=1.0),
    location=LocationSettings(
        keys={"vendor": Path("/keys/vendor.json")},
        areas={"US-NJ": Path("/maps/nj.geojson")},
        zones={"US-NJ": Path("/maps/nj-zones.geojson")},
        cities=Path("/geo/city.mmdb"),
        anonymous=Path("/geo/anonymous.mmdb"),
        sandbox=True,
    ),
    site="play.example",
    origins=("https://play.example", "https://m.play.example"),
    registers=RegisterSettings(
        accounts={
            "cruks": RegisterAccount(
                url="https://cruks.example",
                key="secret",
                batch_url="https://cruks.example/batch",
                actor="7",
                certificate=Path("/keys/chain.pem"),
                certificate_key=Path("/keys/key.pem"),
            )
        },
        central=RegisterAccount(url="https://lugas.example", key="secret"),
        sandbox=True,
    ),
    cash_out=CashOutSettings(margin=Decimal("0.125"), quote_seconds=20),
    games={
        "acme": GameProviderSettings(
            protocol="softswiss", keys=("newest", "older"), networks=(ip_network("10.0.0.0/8"),)
        )
    },
    feeds={
        "uof": FeedSettings(
            url="amqps://me:secret@feed.example:5671/unifiedfeed/7",
            api_url="https://api.feed.example",
            token="secret",
            exchange="prices",
            keys=("hi.#", "lo.#"),
            queue="ours",
            producers={
                1: FeedProducerSettings(
                    name="liveodds", phase="live", silence_seconds=15.0, lag_seconds=5.0
                )
            },
        )
    },
    rng=RngSettings(
        manifest=Path("/certified/rng.note"),
        key="lab.example/rng+00000000+AQ==",
        socket=Path("/run/rng.sock"),
    ),
    proxies_trusted=2,
    metrics_port=9_002,
    otlp_url="http://collector:4318",
    trace_share=0.25,
    log_origin="audit.operator.example/mt",
    tiles=BucketPlace("evidence", "mt/2026h2"),
    last_checkpoint=Path("/elsewhere/last"),
    witnesses=("a-key http://witness:8020", "another http://[::1]:8020"),
    policy=Path("/somewhere/policy"),
    timestamp_url="https://time.example/tsr",
    timestamp_seconds=60.5,
    supervised=True,
    log_file=Path("/somewhere/log"),
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what the machine's own environment says of pitboss."""
    for name in list(os.environ):
        if name.upper().startswith(ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)
    yield


def read_in(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that a process with just this environment reads."""
    with monkeypatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings()


@pytest.mark.parametrize("settings", [EVERYTHING, Settings()], ids=["everything", "nothing"])
def test_another_process_reads_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = settings.environment({"HOME": os.environ.get("HOME", "/"), "LANG": "C"})

    assert read_in(environment, monkeypatch) == settings
    assert environment["LANG"] == "C"


def test_every_setting_is_tried_with_a_value_of_its_own() -> None:
    unset = Settings()

    for name, value in EVERYTHING:
        assert value != getattr(unset, name), name


def test_what_our_own_environment_says_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    around = {
        "PITBOSS_DATABASE_URL": "postgresql://another",
        "pitboss_clock_file": "/another/clock",
        "PITBOSS_PORT": "1",
        "PATH": "/bin",
    }

    settings = Settings(home=Path("/here"), port=8_000)

    assert read_in(settings.environment(around), monkeypatch) == settings
    assert settings.environment(around)["PATH"] == "/bin"


def test_a_variable_that_is_empty_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "DATABASE_URL", "PORT", "HOST", "CLOCK_FILE"):
        monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}{name}", "")

    settings = Settings()

    assert settings.home.is_absolute()
    assert settings.home.name == "pitboss"
    assert settings.database_url is None
    assert settings.clock_file is None
    assert settings.port == 8_000


def test_a_home_is_the_same_folder_from_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")

    assert Settings(home=Path("here")).home == tmp_path / "here"
    assert Settings(home=Path("~/there")).home == Path("/home/ann/there")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("port", "x"), ("port", "-1"), ("port", "65536"), ("port", "1.5")),
        *(("bet_workers", "0"), ("bet_workers", "5"), ("backlog_max", "0")),
        *(("correction_total", "-1"), ("correction_single", "-1"), ("reward_worth_max", "-1")),
        *(
            ("bet_workers", "0"),
            ("bet_workers", "5"),
            ("backlog_max", "0"),
            ("price_move_percent_max", "0"),
            ("rounds_open_hours", "0"),
            ("rounds_rule", "keep"),
            ("referral_seconds", "4"),
            ("referral_seconds", "121"),
        ),
        *(("sandbox", "{"), ("sandbox", '{"seed":"x"}'), ("sandbox", '{"unknown":1}')),
        *(("rng", '{"manifest":"/certified/rng.note"}'), ("rng", '{"key":"lab"}')),
        *(("trace_share", "2"), ("supervised", "perhaps"), ("timestamp_seconds", "0")),
        *(("tiles", "s3://"), ("tiles", "s3:///log"), ("tiles", "https://bucket/log")),
        *(("last_checkpoint", "s3://bucket/log?x=1"), ("last_checkpoint", "s3://me@bucket/log")),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}{name.upper()}", value)

    with pytest.raises(ValueError, match=name) as caught:
        Settings()

    assert isinstance(caught.value, ValidationError) or value == "{"


@pytest.mark.parametrize(
    ("written", "place"),
    [
        *(("/tiles", Path("/tiles")), ("tiles", Path("tiles"))),
        *(("s3://bucket", BucketPlace("bucket")), ("s3://bucket/", BucketPlace("bucket"))),
        ("s3://bucket/mt/2026h2/", BucketPlace("bucket", "mt/2026h2")),
    ],
)
def test_a_place_is_a_path_or_in_a_bucket(
    monkeypatch: pytest.MonkeyPatch, written: str, place: Path | BucketPlace
) -> None:
    monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}TILES", written)

    assert Settings().tiles == place
