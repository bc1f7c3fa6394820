"""What the user's first ``smoke_demo_strategies.py`` and ``watch_metrics_stream.py`` take and ours refuse, and why."""

from __future__ import annotations

from typing import Final

from ledger.cli.refused_options import Elsewhere, refused_options

_CORE: Final = "is about the first script's core.yaml, which there is none of here"
_STREAM: Final = "is about the first script's gRPC stream; here Prometheus' own history is judged"

SMOKE: Final = (
    Elsewhere(
        "--config= --environment= --scheduler=",
        _CORE,
        "a home is one environment with one scheduler, whose settings are its stage4.toml: name it with --home DIR",
    ),
    Elsewhere(
        "--manifest=",
        "is about recorded data of the first script; the demo strategies here run on a random walk",
        "name its --seed and the number of --cycles",
    ),
)

WATCH: Final = (
    Elsewhere(
        "--host= --port= --timeout= --use-tls --root-cert= --client-cert= --client-key= --server-name= "
        "--server-sha256= --auth-token= --auth-token-file= --header= --headers-file= --headers-dir=",
        _STREAM,
        "its address and credentials are set in stage4.toml, section prometheus",
    ),
    Elsewhere(
        "--limit= --since= --until=",
        _STREAM,
        "the window begins now: name its length with --duration, 15m for example",
    ),
    Elsewhere(
        "--event= --severity= --severity-min= --screen-index= --screen-name=",
        _STREAM,
        "every critical alert counts, and none is filtered out",
    ),
    Elsewhere(
        "--format= --summary --summary-output= --from-jsonl=",
        _STREAM,
        "the report is printed, as JSON with --json, and put into a file with --output FILE",
    ),
    Elsewhere(
        "--decision-log= --decision-log-hmac-key= --decision-log-hmac-key-file= --decision-log-key-id=",
        "is about a log of the first script's own; here the ledger records the watch, signed, in its decision log",
        "read it with: stage4 log",
    ),
    Elsewhere(
        "--core-config= --risk-profile= --risk-profiles-file= --print-risk-profiles",
        _CORE,
        "the rules that raise alerts stand in Prometheus",
    ),
)

smoke_refused = refused_options(SMOKE)
watch_refused = refused_options(WATCH)
