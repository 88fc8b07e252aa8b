"""Long videos asked in windows: one response per video, resumed, counted and never mixed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.cli.plan import show_plan
from jumpscore.data.layout import Manifest, Row, write_set
from jumpscore.errors import NoAnswerError, UsageError
from jumpscore.harness import RunInterrupted, run_config, score_run
from jumpscore.harness.compose import compose
from jumpscore.harness.config import InputConfig
from jumpscore.harness.controls import Control
from jumpscore.harness.factory import make_task
from jumpscore.harness.input import InputPlan
from jumpscore.harness.single import OpenModel, read_times
from jumpscore.harness.windows import merged_response, window_questions
from jumpscore.records import Media, Question, Response, Usage
from jumpscore.runs.reader import read_run
from jumpscore.runs.windows import WindowStore
from jumpscore.studies.compare import compare_runs
from model_wrappers.base import ModelWrapper
from tests.support import read_number, write_video

EVENTS = [0.52, 1.48, 1.96, 2.04, 3.5, 5.16, 6.4, 7.96]
WINDOWS = {"kind": "frames", "count": 4, "window": 2.0, "overlap": 0.5}


class Watcher(ModelWrapper):
    """Reads the number of the first frame, and answers the true events that the window shows."""

    name = "watcher"
    inputs = ("frames", "codec")

    def __init__(self, *, answers=None, stop_after=None, batch_size=1, tag=""):
        super().__init__()
        self.answers, self.stop_after, self.tag = answers or {}, stop_after, tag
        self.batch_size = batch_size
        self.asked: list[str] = []
        self.stamps: list[tuple[str, ...]] = []

    def identity(self):
        return {"model": self.name, "tag": self.tag}

    def generate(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        question, visual = request.question, request.visual
        self.asked.append(question.id)
        self.stamps.append(visual.stamp_texts)
        start, end = question.media[0].span or (0.0, float("inf"))
        answer = self.answers.get(round(start, 2))
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            assert read_number(visual.pixels[0]) / 25 == pytest.approx(start, abs=0.02)
            answer = json.dumps([round(t - start, 3) for t in EVENTS if start <= t < end])
        usage = Usage(visual.visual_tokens, "measured", visual.total_tokens + 20, 9)
        return Response(question.id, answer, usage=usage)


@pytest.fixture(scope="session")
def long_set(tmp_path_factory):
    """Two videos of 8 s; all events of both are those of ``EVENTS``."""
    root = tmp_path_factory.mktemp("long_set")
    rows = []
    for number in range(2):
        write_video(root / f"{number}.mp4", frames=200, gop=25 + number)
        rows.append(Row(f"clip{number}", f"{number}.mp4", "When?", json.dumps(EVENTS)))
    write_set(root, rows, Manifest("long", synthetic=True))
    return root


@pytest.fixture
def ask(start, long_set):
    def ask(model, *, input=WINDOWS, **run):
        return start(model, data=long_set, input=input, **run)

    return ask


def question_about(path, prompt="When?"):
    return Question("clip", (Media(path),), prompt)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_run_in_windows_finds_every_event_once(ask, batch_size):
    model = Watcher(batch_size=batch_size)
    run = ask(model)
    assert run.result.metrics["f1"].mean == 1.0
    assert [json.loads(run.responses[f"clip{n}"].text) for n in range(2)] == [EVENTS, EVENTS]
    assert len(model.asked) == 10  # five windows of each video
    assert all(stamps[0] == "<0.0 seconds>" for stamps in model.stamps)


def test_run_in_windows_stores_raw_answers_and_sums(ask):
    run = ask(Watcher())
    response = read_run(run.folder).responses["clip0"]
    assert [(one.start, one.end) for one in response.windows] == [
        (0.0, 2.0), (1.52, 3.52), (3.0, 5.0), (4.52, 6.52), (6.0, 8.0),
    ]  # fmt: skip
    assert response.windows[1].text == "[0.44, 0.52, 1.98]"
    [one, *_] = WindowStore(run.folder).answers().values()
    assert response.usage.visual == 5 * one.usage.visual
    assert response.usage.output == 45
    assert response.usage.visual_source == "measured"


def test_run_of_canvases_in_windows(ask):
    run = ask(Watcher(), input=WINDOWS | {"kind": "codec"})
    assert run.result.metrics["f1"].mean == 1.0


def test_run_in_windows_is_a_protocol_of_its_own(ask):
    assert ask(Watcher()).folder.name.endswith("-frames-windows2")
    run = ask(Watcher(), name="windows")
    assert run.record.identity.task.protocol == "v2, windows of 2 s with 0.5 s of overlap"
    assert any("not comparable with scores of whole videos" in c for c in run.result.caveats)
    whole = ask(Watcher(), input={"kind": "frames", "count": 4}, name="whole")
    with pytest.raises(UsageError, match="the prompt protocols differ"):
        compare_runs(run, whole)
    with pytest.raises(UsageError, match=r"input\.window: 2\.0 -> unset"):
        ask(Watcher(), input={"kind": "frames", "count": 4}, name="windows")


@pytest.mark.parametrize("stop_after", [3, 5, 8])
def test_run_killed_between_windows_asks_only_the_rest(ask, stop_after):
    first = Watcher(stop_after=stop_after)
    with pytest.raises(RunInterrupted) as stopped:
        ask(first)
    assert (stopped.value.answered, stopped.value.total) == (stop_after // 5, 2)
    second = Watcher()
    run = ask(second)
    assert first.asked + second.asked == list(dict.fromkeys(first.asked + second.asked))
    assert len(first.asked + second.asked) == 10
    assert run.result.metrics["f1"].mean == 1.0


def test_run_killed_before_the_last_merge_asks_nothing(ask):
    folder = ask(Watcher()).folder
    (folder / "responses.jsonl").write_bytes(b"")
    torn = folder / "windows.jsonl"
    torn.write_bytes(torn.read_bytes()[:-20])
    model = Watcher()
    assert ask(model).result.metrics["f1"].mean == 1.0
    assert model.asked == ["clip1@6.000-8.000"]


def test_window_that_we_fail_leaves_the_video_unscored_and_is_retried(ask):
    run = ask(Watcher(answers={4.52: RuntimeError("out of memory")}))
    assert run.result.unscored == 2
    assert "window 4 of 5 (4.52 to 6.52 s): RuntimeError: out of memory" in run.scores[0].message
    model = Watcher()
    run = ask(model)
    assert model.asked == ["clip0@4.520-6.520", "clip1@4.520-6.520"]
    assert run.result.metrics["f1"].mean == 1.0


@pytest.mark.parametrize(
    ("answer", "status"),
    [("I cannot watch videos", "refused"), ("Twice or so", "unparseable"), ("", "unparseable")],
)
def test_window_that_the_model_fails_is_a_failure_about_the_video(ask, answer, status):
    run = ask(Watcher(answers={4.52: answer}))
    assert [score.status for score in run.scores] == [status, status]
    assert run.result.metrics["f1"].mean == run.result.metrics["map_reference"].mean == 0.0
    assert run.scores[0].message == (f"the answer about window 4 of 5 (4.52 to 6.52 s) is {status}")
    assert run.responses["clip0"].windows[3].text == answer
    assert score_run(run.folder).result == run.result


def test_windows_without_events_are_an_empty_answer(ask):
    starts = (0.0, 1.52, 3.0, 4.52, 6.0)
    run = ask(Watcher(answers=dict.fromkeys(starts, "[]")))
    assert run.responses["clip0"].text == "[]"
    assert run.scores[0].status == "empty"


def test_times_outside_their_window_are_counted(ask):
    run = ask(Watcher(answers={3.0: "[0.5, 40.0]"}))
    assert run.result.notes["answered times outside their window"] == 2
    assert 43.0 in json.loads(run.responses["clip0"].text)


def test_short_video_in_windows_equals_the_whole(ask):
    answers = {0.0: "At 0.5 s, then at 1.5 s."}
    run = ask(Watcher(answers=answers), input=WINDOWS | {"window": 10})
    assert run.responses["clip0"].text == answers[0.0]
    assert len(run.responses["clip0"].windows) == 1


@pytest.mark.parametrize(
    ("task", "message"),
    [("jumpscore_count", "task=jumpscore asks for times"), ("timelens", "only lists of times")],
)
def test_windows_refuse_other_tasks(start, long_set, task, message):
    with pytest.raises(UsageError, match=message):
        start(Watcher(), task=task, data=long_set, input=WINDOWS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"overlap": 1}, "overlap=1 needs window"),
        ({"window": 4, "overlap": 2.5}, "more than half"),
        ({"window": 0.1}, "greater than or equal to 0.5"),
        ({"window": 4, "folder": "x", "kind": "codec"}, "cannot be combined with folder"),
        ({"window": 4, "kind": "video"}, "window needs kind=frames or codec, not video"),
    ],
)
def test_windows_refuse_options(values, message):
    with pytest.raises(ValueError, match=message):
        InputConfig(**values)


def test_windows_of_a_model_that_reads_files_itself(start, long_set):
    with pytest.raises(UsageError, match=r"takes input=video, and input\.window needs"):
        start("motion", data=long_set, input={"window": 4})


def test_predict_merges_windows(long_set):
    model = Watcher()
    opened = OpenModel(model, InputPlan.resolve(model, InputConfig(**WINDOWS)))
    prediction = opened.predict(long_set / "0.mp4")
    assert prediction.parsed.times == tuple(EVENTS)
    assert len(prediction.response.windows) == 5


def test_predict_names_the_window_that_failed(long_set):
    model = Watcher(answers={4.52: "I cannot watch videos"})
    opened = OpenModel(model, InputPlan.resolve(model, InputConfig(**WINDOWS)))
    with pytest.raises(NoAnswerError, match=r"window 4 of 5 \(4\.52 to 6\.52 s\) is refused"):
        opened.predict(long_set / "0.mp4")


@pytest.mark.parametrize("kind", ["pixels", "selection"])
def test_control_shows_the_window_of_the_same_number(long_set, kind):
    own, other = long_set / "0.mp4", long_set / "1.mp4"
    config = InputConfig(**WINDOWS)
    control = Control(kind, {own: other})
    windows = window_questions(InputPlan("frames", config), question_about(own))
    visual = InputPlan("frames", config, control=control).prepare(windows[2])
    assert [read_number(pixels) for pixels in visual.pixels] == [75, 91, 108, 124]
    assert (visual if visual.donor is None else visual.donor).path == other


def test_unreadable_video_is_an_error_of_its_sample(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    model = Watcher()
    plan = InputPlan.resolve(model, InputConfig(**WINDOWS))
    [question] = window_questions(plan, question_about(broken))
    answers = {question.id: Response(question.id, error="damaged")}
    response = merged_response("clip", [question], answers)
    assert (response.id, response.error) == ("clip", "damaged")


@given(st.lists(st.text(max_size=30), min_size=2, max_size=4))
def test_merged_response_accepts_any_text(texts):
    spans = [(2.0 * n, 2.0 * n + 3.0) for n in range(len(texts))]
    windows = [
        Question(f"clip@{n}", (Media(path=None, span=span),), "When?")
        for n, span in enumerate(spans)
    ]
    answers = {q.id: Response(q.id, text) for q, text in zip(windows, texts, strict=True)}
    response = merged_response("clip", windows, answers)
    assert [window.text for window in response.windows] == texts
    try:
        parsed = read_times(Watcher(), response)
    except NoAnswerError:
        return
    assert parsed.status in ("ok", "empty", "partial")


def test_plan_prints_the_sum_of_all_windows(long_set, capsys):
    words = ["model=openai", "model.served_model=any", "model.base_url=http://127.0.0.1:9/v1"]
    words += ["input=frames", "input.count=4", f"task.data={long_set}"]
    task = make_task("jumpscore", {"data": str(long_set)})
    plans = []
    for more in ([], ["input.window=2", "input.overlap=0.5"]):
        show_plan(run_config(compose([*words, *more])), task, as_json=True)
        plans.append(json.loads(capsys.readouterr().out))
    whole, windows = plans
    assert (windows["samples"], windows["windows"]) == (2, 10)
    # Four frames of each of the two videos, and of each of their five windows.
    assert windows["planned_visual_tokens"] == 5 * whole["planned_visual_tokens"]
    assert windows["protocol"] == "v2, windows of 2 s with 0.5 s of overlap"
