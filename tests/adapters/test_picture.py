"""The dashboard's panels, read from their file and drawn."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.adapters.dashboard import Panel, load_panels
from ledger.adapters.picture import PanelData, _broken, _marks, draw, source_line
from ledger.domain.facts import Series
from ledger.errors import Unreachable

SHIPPED = Path(__file__).parents[2] / "deploy" / "grafana" / "stage4_multi_strategy.json"
START = datetime(2026, 11, 23, 5, 20, tzinfo=UTC)
END = START + timedelta(minutes=15)
PANEL = Panel("Loop latency", ("max_over_time(bot_core_multi_strategy_latency_ms[5m])",), "ms", (("red", 320.0),))
MARKS = [(START + timedelta(minutes=5), "override written"), (START + timedelta(minutes=5, seconds=2), "silence")]


@pytest.fixture(autouse=True)
def fonts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp() / "matplotlib"))


def _series(*holes: int, **labels: str) -> Series:
    times = (START.timestamp() + 15 * index for index in range(61) if index not in holes)
    return Series(tuple(labels.items()), tuple((at, 200 + at % 97) for at in times))


def _draw(
    *panels: PanelData, start: datetime = START, end: datetime = END, marks: object = MARKS, **more: str
) -> bytes:
    source = source_line("http://u:hunter2@127.0.0.1:9090", END)
    return draw(panels, start, end, marks, source, "Stage4 – INC-2042", **more)  # type: ignore[arg-type]


def test_the_shipped_dashboard_has_its_eight_panels() -> None:
    panels = load_panels(SHIPPED)
    assert len(panels) == 8
    assert [len(panel.queries) for panel in panels] == [1, 1, 1, 2, 1, 1, 1, 1]
    spread = next(panel for panel in panels if panel.title == "Arbitrage spread capture")
    assert spread.thresholds == (("red", 0.0), ("orange", 3.0), ("green", 6.0))


def test_panels_in_rows_and_grafanas_variables_are_understood(tmp_path: Path) -> None:
    inner = {"title": "b", "targets": [{"expr": 'rate(x{s=~"$schedule",t=~"[[t]]"}[$__rate_interval])'}]}
    page = {"panels": [{"title": "text only"}, {"type": "row", "title": "row", "panels": [inner]}]}
    (tmp_path / "d.json").write_text(json.dumps(page))
    [panel] = load_panels(tmp_path / "d.json")
    assert panel == Panel("b", ('rate(x{s=~".*",t=~".*"}[5m])',), "", ())


@pytest.mark.parametrize("content", ["", "[]", '{"panels": 7}', '{"panels": [{"title": 7, "targets": []}]}'])
def test_a_file_that_is_no_dashboard_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(Unreachable, match=r"d\.json"):
        load_panels(tmp_path / "d.json")
    with pytest.raises(Unreachable, match="gone"):
        load_panels(tmp_path / "gone")


def test_a_picture_is_a_png_of_a_legible_size_that_names_its_source() -> None:
    drawn = _draw(
        *[PanelData(panel, ((_series(schedule="a"), _series(schedule="b")),)) for panel in load_panels(SHIPPED)]
    )
    assert drawn.startswith(b"\x89PNG\r\n")
    assert b"drawn by stage4-ledger from Prometheus http://127.0.0.1:9090 at 2026-11-23 05:35:00 UTC" in drawn
    assert b"hunter2" not in drawn
    width, height = int.from_bytes(drawn[16:20], "big"), int.from_bytes(drawn[20:24], "big")
    assert (width, height > 1000) == (1400, True)


def test_the_same_samples_give_the_same_bytes() -> None:
    assert _draw(PanelData(PANEL, ((_series(),),))) == _draw(PanelData(PANEL, ((_series(),),)))


def test_words_stand_where_there_are_no_samples(tmp_path: Path) -> None:
    import matplotlib.image

    stopped = _draw(PanelData(PANEL, ((),)), empty="no samples: the scheduler is stopped")
    silent = _draw(PanelData(PANEL, ((),)), empty=" ")
    (tmp_path / "a.png").write_bytes(stopped)
    (tmp_path / "b.png").write_bytes(silent)
    pixels = [matplotlib.image.imread(str(tmp_path / name)) for name in ("a.png", "b.png")]
    assert (pixels[0] != pixels[1]).any()


def test_a_hole_is_not_bridged_by_a_line() -> None:
    times, values = _broken(_series(20, 21, 22).points)
    assert len(times) == len(values) == 61 - 3 + 1
    assert sum(value != value for value in values) == 1


@pytest.mark.parametrize(
    "words", ["$x^{$", "$5 and $6 lost", r"\frac", "line\nbreak", "a" * 500, "", "zażółć <b>&amp;"]
)
def test_any_words_can_be_drawn(words: str) -> None:
    panel = Panel(words, (words,), words[:9], (("no-colour", 1.0), ("#123456", 2.0)))
    marks = [(START + timedelta(seconds=1), words)]
    for data in (PanelData(panel, ((_series(x=words), _series(y=words)),)), PanelData(panel, (), words)):
        assert _draw(data, marks=marks)


@pytest.mark.parametrize("length", [timedelta(seconds=20), timedelta(minutes=15), timedelta(days=3)])
def test_numbers_of_marks_do_not_stand_over_each_other_and_none_is_lost(length: timedelta) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)[0]
    marks = [(START + timedelta(seconds=one), "x") for one in (0, 2, 4, 5, 9, 18, 19)]
    axes.set_xlim(START, START + length)
    _marks(axes, START, START + length, marks)
    canvas.draw()
    boxes = [(one.get_text(), one.get_window_extent()) for one in axes.texts]
    assert not any(a.overlaps(b) for (_, a), (_, b) in pairwise(boxes))
    ends = [number for words, _ in boxes for number in words.split("–")]
    assert (ends[0], ends[-1]) == ("1", "7")


def test_odd_windows_can_be_drawn() -> None:
    one = Series((), ((START.timestamp(), 0.0),))
    for end in (START, START + timedelta(seconds=30), START + timedelta(days=9)):
        assert _draw(PanelData(PANEL, ((one,),)), end=end)
    assert _draw(marks=[])
    assert _draw(PanelData(PANEL, (tuple(_series(schedule=str(index)) for index in range(12)),)))
