from __future__ import annotations

import json
from dataclasses import replace

import pytest

import jumpscore
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import score_run
from jumpscore.records import Response, Usage
from jumpscore.runs import read_run
from jumpscore.studies.compare import compare_runs, unshared
from model_wrappers.base import ModelWrapper
from tests.jumpscore.harness.stub import Stub


def test_evaluate_metrics_by_hand(start):
    run = start(Stub())
    metrics = run.result.metrics
    # clip0 perfect; clip1 finds 1 of 2 at 0.1 s with 3 answers: F1 0.4; clip2 has no jumps: 0
    assert metrics["f1@0.1"].mean == pytest.approx((1 + 0.4 + 0) / 3)
    assert metrics["count_error"].mean == pytest.approx((0 + 1 + 3) / 3)
    assert metrics["hallucination_rate"].mean == pytest.approx((0 + 2 + 3) / 9)
    assert metrics["miss_rate"].mean == pytest.approx((0 + 1 + 0) / 5)
    assert run.result.counts["ok"] == 3
    assert run.result.caveats == ("the data are synthetic",)


def test_evaluate_writes_a_readable_run(start):
    run = start(Stub(), name="mine")
    names = {file.name for file in run.folder.iterdir()}
    assert names == {"run.json", "responses.jsonl", "scores.jsonl", "result.json", "timing.json"}
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts["identity"]["data"]["name"] == "tiny"
    assert facts["identity"]["task"] == {"name": "jumpscore", "version": "2", "protocol": "v2"}
    assert read_run(run.folder) == run


def test_evaluate_twice_gives_equal_bytes(start):
    one, other = start(Stub(), name="one"), start(Stub(), name="other")
    for name in ("result.json", "scores.jsonl"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_evaluate_hides_the_truth_from_wrappers(start, tiny_set, tmp_path):
    import shutil

    from jumpscore.data.layout import read_manifest, read_rows, write_set

    copy = tmp_path / "copy"
    shutil.copytree(tiny_set, copy)
    rows = [replace(row, answer="[3.9]") for row in read_rows(copy)]
    write_set(copy, rows, read_manifest(copy))

    class Sees(Stub):
        seen = ""

        def generate(self, requests):
            self.seen += repr(requests) + repr(vars(self))
            return super().generate(requests)

    one, other = Sees(), Sees()
    start(one, name="one")
    start(other, name="other", data=copy)
    assert one.seen
    assert one.seen == other.seen.replace(str(copy), str(tiny_set))


def test_evaluate_resumes_missing_and_failed_samples(start):
    start(Stub(fail=["clip1"]))
    again = Stub()
    run = start(again)
    assert again.asked == ["clip1"]
    assert run.result.unscored == 0
    assert run.result == start(Stub(), name="fresh").result


def test_evaluate_asks_a_torn_last_line_again(start):
    run = start(Stub(), name="mine")
    file = run.folder / "responses.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    again = Stub()
    start(again, name="mine")
    assert again.asked == ["clip2"]
    last, before = (json.loads(content.splitlines()[-1]) for content in (file.read_bytes(), whole))
    assert {**last, "seconds": 0} == {**before, "seconds": 0}


def test_evaluate_refuses_a_changed_configuration(start, tiny_set):
    start(Stub(tag="a"), name="mine")
    with pytest.raises(UsageError, match=r"another configuration:\n  model\.tag: a -> b"):
        start(Stub(tag="b"), name="mine")
    with pytest.raises(UsageError, match=r"task\.name: jumpscore -> jumpscore_count"):
        start(Stub(tag="a"), name="mine", task="jumpscore_count")


def test_evaluate_refuses_a_run_in_use(start, tmp_path):
    from jumpscore.runs.writer import RunStore

    run = start(Stub(), name="mine")
    with RunStore(run.folder) as store:
        store.open(run.record)
        with pytest.raises(UsageError, match="another process is writing this run"):
            start(Stub(), name="mine")


def test_evaluate_scores_model_failures_zero(start):
    run = start(Stub("I cannot see videos."))
    assert run.result.counts["refused"] == 3
    assert run.result.unscored == 0
    assert run.result.metrics["f1"].mean == 0.0
    assert run.result.metrics["f1"].n == 3


def test_evaluate_prepares_frames(start):
    seen = []

    class Sees(Stub):
        inputs = ("frames",)

        def generate(self, requests):
            seen.extend(request.visual.pixels.shape for request in requests)
            tokens = requests[0].visual.visual_tokens
            usage = Usage(visual=tokens, visual_source="measured")
            return [Response(r.question.id, "[]", usage=usage) for r in requests]

    run = start(Sees(), input={"count": 4, "max_pixels": 56 * 56})
    assert seen == [(4, 56, 56, 3)] * 3
    assert run.responses["clip0"].usage.visual == 16


def test_evaluate_refuses_unsupported_input(start):
    with pytest.raises(UsageError, match="input=frames: model 'stub' takes only input=none"):
        start(Stub(), input={"kind": "frames"})
    with pytest.raises(UsageError, match=r"takes input=none, and input\.count needs kind="):
        start(Stub(), input={"count": 4})


def test_evaluate_refuses_a_class(tiny_set):
    with pytest.raises(UsageError, match=r"Stub is a class; pass an object, such as Stub\(\)"):
        jumpscore.evaluate(Stub, "jumpscore")


def test_evaluate_refuses_a_model_in_place_of_options(start):
    class Mine(ModelWrapper):
        name = "mine"

        def generate(self, requests):
            raise NotImplementedError

    with pytest.raises(UsageError, match="the options of Mine are function; they must be Model"):
        start(Mine(lambda prompt: "[1.0]"))


def test_evaluate_refuses_a_data_set_of_another_task():
    with pytest.raises(UsageError, match=r"for task=jumpscore; .*task\.data=mini_timelens"):
        jumpscore.evaluate("content_free", "timelens", task_options={"data": "mini"})


def test_evaluate_refuses_options_of_an_existing_wrapper(tiny_set):
    with pytest.raises(UsageError, match="is an object; pass the options period"):
        jumpscore.evaluate(Stub(), "jumpscore", model_options={"period": 1})


@pytest.mark.parametrize("name", ["model_options", "task_options", "input", "run"])
def test_evaluate_refuses_text_instead_of_a_mapping(name):
    with pytest.raises(UsageError, match=f"{name} must be a mapping, such as {name}={{"):
        jumpscore.evaluate("content_free", "jumpscore", **{name: "frames"})


def test_evaluate_truncated_video_is_unscored(tmp_path, start):
    from jumpscore.data.layout import Manifest, Row, write_set
    from tests.support import write_video

    video = write_video(tmp_path / "set" / "videos" / "a.mkv", frames=200)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    rows = [Row("a", "videos/a.mkv", "?", "[1.0]")]
    write_set(tmp_path / "set", rows, Manifest("half", videos={"a": {"duration": 8.0}}))
    for model in ("content_free", "motion"):
        run = start(model, data=tmp_path / "set")
        assert "the file is cut off" in str(run.responses["a"].error)


def test_evaluate_selects_samples(start):
    assert start(Stub(), name="a", limit=2).result.total == 2
    single = start(Stub(), name="b", ids=["clip2"]).result
    assert single.total == 1
    assert single.summary().endswith(", 1 sample")
    parts = [start(Stub(), name=f"s{i}", shard=f"{i}/2").result.total for i in range(2)]
    assert parts == [2, 1]
    assert (
        "only a part of the data set was asked" in start(Stub(), name="a", limit=2).result.caveats
    )
    with pytest.raises(UsageError, match=r"run\.ids: no sample 'clip9'; 'jumpscore data ids"):
        start(Stub(), name="c", ids=["clip9"])


def test_evaluate_exposes_truth_only_with_the_flag(start):
    with pytest.raises(UsageError, match=r"run\.expose_truth=true"):
        start("oracle")
    run = start("oracle", expose_truth=True)
    assert "the model was shown the truth" in run.result.caveats


def test_score_run_without_the_model(start):
    run = start(Stub())
    (run.folder / "result.json").unlink()
    (run.folder / "scores.jsonl").unlink()
    assert score_run(run.folder).result == run.result


def test_score_run_refuses_changed_data(start, tiny_set, tmp_path):
    import shutil

    from jumpscore.data.layout import Manifest, read_rows, write_set

    copy = tmp_path / "copy"
    shutil.copytree(tiny_set, copy)
    run = start(Stub(), data=copy, name="mine")
    write_set(copy, read_rows(copy)[:2], Manifest("tiny"))
    with pytest.raises(UsageError, match="has changed since the run"):
        score_run(run.folder)


def test_evaluate_finished_run_keeps_its_timing(start):
    first = start(Stub(), name="mine")
    again = start(Stub(), name="mine")
    assert first.timing["samples"] == again.timing["samples"] == 3
    assert first.timing["wall_seconds"] == again.timing["wall_seconds"]


def test_evaluate_unwritable_folder(start, tmp_path):
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(UsageError, match=r"cannot be written.*choose another place"):
        start(Stub())


def test_read_run_of_another_folder(tmp_path):
    with pytest.raises(DataError, match="is not a run folder"):
        read_run(tmp_path)


def test_read_run_names_a_damaged_line(start):
    run = start(Stub())
    file = run.folder / "responses.jsonl"
    file.write_text("garbage\n" + file.read_text())
    with pytest.raises(DataError, match=r"responses\.jsonl, line 1: is not a valid response"):
        read_run(run.folder)


class TestCompareRuns:
    def test_compare_runs_pairs_by_video(self, start):
        good, bad = start(Stub(), name="good"), start(Stub("[]"), name="bad")
        comparison = compare_runs(good, bad)["count_mae"]
        # errors 0, 1, 3 against 3, 2, 0
        assert (comparison.mean_a, comparison.mean_b, comparison.n) == (4 / 3, 5 / 3, 3)
        assert (comparison.verdict, comparison.differ) == ("too_few", 3)

    def test_compare_runs_leaves_out_unscored_samples(self, start):
        whole, part = start(Stub(), name="whole"), start(Stub(fail=["clip2"]), name="part")
        comparison = compare_runs(whole, part)["f1"]
        assert comparison.n == 2
        assert comparison.difference == 0.0

    def test_unshared_counts_samples_of_one_run(self, start):
        one, other = start(Stub(), name="a", limit=2), start(Stub(), name="b")
        assert unshared(one, other) == (0, 1)
        assert unshared(other, one) == (1, 0)

    def test_compare_runs_refuses_other_data(self, start, tmp_path):
        from jumpscore.data.layout import Manifest, Row, write_set

        write_set(tmp_path / "o", [Row("x", "videos/x.mp4", "?", "[1.0]")], Manifest("other"))
        one, other = start(Stub(), name="one"), start(Stub(), name="two", data=tmp_path / "o")
        with pytest.raises(
            UsageError, match=r"cannot be compared: the (data sets|annotations of .*) differ"
        ):
            compare_runs(one, other)
