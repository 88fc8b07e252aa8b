from __future__ import annotations

import json

import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Media, Question
from model_wrappers.base import Request
from model_wrappers.content_free import ContentFree, ContentFreeOptions
from model_wrappers.oracle import Oracle, OracleOptions, with_errors
from model_wrappers.replay import Replay, ReplayOptions
from tests.support import write_video


def answer(wrapper, question) -> str:
    [response] = wrapper.generate([wrapper.prepare(question, None)])
    assert response.id == question.id
    return response.text


class TestContentFree:
    @pytest.fixture
    def question(self, tmp_path):
        video = write_video(tmp_path / "a.mp4", frames=50, fps=25)
        return Question("a", (Media(video),), "List the start timestamps")

    def test_generate_grid(self, question):
        assert json.loads(answer(ContentFree(), question)) == [0.25, 0.75, 1.25, 1.75]
        slow = ContentFree(ContentFreeOptions(period=1.0))
        assert json.loads(answer(slow, question)) == [0.5, 1.5]

    def test_generate_count(self, question):
        count_question = Question("a", question.media, "How many jump rope did the person do?")
        assert answer(ContentFree(), count_question) == "4"


class TestReplay:
    def test_generate_by_id(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0], "b": "at 2 s"}')
        replay = Replay(ReplayOptions(answers=path))
        assert answer(replay, Question("b", (), "?")) == "at 2 s"
        assert replay.answered_ids == {"a", "b"}

    def test_prepare_missing_answer(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0]}')
        with pytest.raises(DataError, match=r"a\.json: no answer for id 'c'; add one"):
            Replay(ReplayOptions(answers=path)).prepare(Question("c", (), "?"), None)

    def test_receive_questions_other_spelling(self, tmp_path):
        path = tmp_path / "a.jsonl"
        lines = ({"id": f"videos/{name}.mp4", "text": name} for name in "abx")
        path.write_text("\n".join(map(json.dumps, [*lines, {"id": "c", "text": "c"}])))
        replay = Replay(ReplayOptions(answers=path))
        questions = [Question(name, (), "?") for name in "abcd"]
        replay.receive_questions(questions)
        assert [answer(replay, question) for question in questions[:3]] == ["a", "b", "c"]
        assert replay.answer_notes == {"answers matched by another spelling of their id": 2}
        assert replay.answered_ids == {"a", "b", "c", "videos/x.mp4"}
        [hint] = replay.answer_hints
        assert (
            "under unknown ids: 1; the answers file has ids such as 'videos/x.mp4', but the" in hint
        )
        replay.receive_questions(questions[2:])  # another data set
        assert replay.answer_notes == {}
        assert len(replay.answered_ids - {"c"}) == 3

    def test_receive_questions_no_known_id(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"x": [1.0], "y": [2.0]}')
        replay = Replay(ReplayOptions(answers=path))
        with pytest.raises(DataError) as refused:
            replay.receive_questions([Question("c", (), "?"), Question("d", (), "?")])
        message = str(refused.value)
        assert "has ids such as 'x', but the data set has ids such as 'c'" in message
        assert "'jumpscore data ids DATA' lists them" in message

    def test_receive_questions_row_numbers(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"1": [1.0], "2": [2.0]}')
        replay = Replay(ReplayOptions(answers=path))
        questions = [Question("c", (), "?"), Question("d", (), "?")]
        replay.receive_questions(questions)
        assert [answer(replay, question) for question in questions] == ["[1.0]", "[2.0]"]
        assert replay.answer_notes == {"answers matched by row number, since no id fits": 2}

    def test_prepare_unreadable_record(self, tmp_path):
        path = tmp_path / "a.jsonl"
        broken = '{"id": "b", "times": [' + "1" * 5_000 + "]}\n"
        path.write_text('{"id": "a", "times": [1.0]}\n' + broken + "{\n" * 5)
        replay = Replay(ReplayOptions(answers=path))
        with pytest.raises(
            DataError, match=r"line 2 \(id 'b'\): contains an integer of 5000 digits"
        ):
            replay.prepare(Question("b", (), "?"), None)
        assert replay.answer_notes == {"records of the answers file that cannot be read": 6}
        assert len(replay.answer_hints) == 4
        assert replay.answer_hints[-1] == "and 3 more records that cannot be read"

    def test_identity_of_an_edited_file(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0]}')
        before = Replay(ReplayOptions(answers=path)).identity()
        path.write_text('{"a": [1.1]}')
        assert Replay(ReplayOptions(answers=path)).identity() != before


class TestOracle:
    truth = np.arange(1, 2001) * 0.5

    def test_with_errors_none(self):
        perfect = OracleOptions(jitter=0, misses=0, insertions=0)
        assert with_errors(self.truth, perfect, salt="a") == self.truth.tolist()

    def test_with_errors_rates(self):
        missing = with_errors(
            self.truth, OracleOptions(jitter=0, misses=0.2, insertions=0), salt="a"
        )
        assert len(missing) == pytest.approx(1600, abs=80)
        assert set(missing) <= set(self.truth)
        extra = with_errors(self.truth, OracleOptions(jitter=0, misses=0, insertions=0.3), salt="a")
        assert len(extra) == pytest.approx(2600, abs=100)
        moved = with_errors(
            self.truth, OracleOptions(jitter=0.05, misses=0, insertions=0), salt="a"
        )
        assert np.std(np.array(moved) - self.truth) == pytest.approx(0.05, rel=0.1)

    def test_with_errors_seeds(self):
        options = OracleOptions()
        again = with_errors(self.truth, options, salt="a")
        assert with_errors(self.truth, options, salt="a") == again
        assert with_errors(self.truth, options, salt="b") != again
        assert with_errors(self.truth, OracleOptions(seed=1), salt="a") != again

    def test_generate_without_truth(self):
        with pytest.raises(UsageError, match=r"run\.expose_truth=true"):
            Oracle().generate([Request(Question("a", (), "?"))])
