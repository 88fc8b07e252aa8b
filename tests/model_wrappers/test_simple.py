from __future__ import annotations

import json

import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Media, Question
from model_wrappers.base import Request
from model_wrappers.content_free import ContentFree, ContentFreeOptions
from model_wrappers.oracle import Oracle, OracleOptions, spoil
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

    def test_a_grid_over_the_video(self, question):
        assert json.loads(answer(ContentFree(), question)) == [0.25, 0.75, 1.25, 1.75]
        slow = ContentFree(ContentFreeOptions(period=1.0))
        assert json.loads(answer(slow, question)) == [0.5, 1.5]

    def test_a_count(self, question):
        asked = Question("a", question.media, "How many jump rope did the person do?")
        assert answer(ContentFree(), asked) == "4"


class TestReplay:
    def test_hands_out_answers_by_id(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0], "b": "at 2 s"}')
        replay = Replay(ReplayOptions(answers=path))
        assert answer(replay, Question("b", (), "?")) == "at 2 s"
        assert replay.answered_ids == {"a", "b"}

    def test_an_id_without_an_answer_names_file_and_id(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0]}')
        with pytest.raises(DataError, match=r"a\.json: no answer for id 'c'; add one"):
            Replay(ReplayOptions(answers=path)).prepare(Question("c", (), "?"), None)

    def test_an_edited_file_is_another_model(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a": [1.0]}')
        before = Replay(ReplayOptions(answers=path)).identity()
        path.write_text('{"a": [1.1]}')
        assert Replay(ReplayOptions(answers=path)).identity() != before


class TestOracle:
    truth = np.arange(1, 2001) * 0.5

    def test_no_faults_is_the_truth(self):
        perfect = OracleOptions(jitter=0, misses=0, insertions=0)
        assert spoil(self.truth, perfect, salt="a") == self.truth.tolist()

    def test_faults_are_as_frequent_as_asked_for(self):
        missing = spoil(self.truth, OracleOptions(jitter=0, misses=0.2, insertions=0), salt="a")
        assert len(missing) == pytest.approx(1600, abs=80)
        assert set(missing) <= set(self.truth)
        extra = spoil(self.truth, OracleOptions(jitter=0, misses=0, insertions=0.3), salt="a")
        assert len(extra) == pytest.approx(2600, abs=100)
        moved = spoil(self.truth, OracleOptions(jitter=0.05, misses=0, insertions=0), salt="a")
        assert np.std(np.array(moved) - self.truth) == pytest.approx(0.05, rel=0.1)

    def test_seeded_per_question(self):
        options = OracleOptions()
        again = spoil(self.truth, options, salt="a")
        assert spoil(self.truth, options, salt="a") == again
        assert spoil(self.truth, options, salt="b") != again
        assert spoil(self.truth, OracleOptions(seed=1), salt="a") != again

    def test_no_truth_no_answer(self):
        with pytest.raises(UsageError, match=r"run\.expose_truth=true"):
            Oracle().generate([Request(Question("a", (), "?"))])
