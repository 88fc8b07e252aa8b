"""The Ray engine on real clusters of several nodes: same answers, whatever is lost on the way."""

from __future__ import annotations

import doctest
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness import evaluate
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines.blueprint import Received
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.engines.ray_cluster import RayEngine
from jumpscore.harness.input import InputPlan
from jumpscore.harness.windows import MemoryLog, WindowedEngine
from jumpscore.records import Media, Question
from tests import support
from tests.jumpscore.harness.engines.ray_models import Locked, Misbehaving, Secured
from tests.jumpscore.harness.watching import Second

pytest.importorskip("ray")
pytestmark = pytest.mark.ray


class Sink:
    """Collects responses; every one must come once."""

    def __init__(self) -> None:
        self.ids: Counter[str] = Counter()
        self.first = threading.Event()

    def append(self, responses) -> None:
        self.ids.update(response.id for response in responses)
        self.first.set()


STORE = 80 << 20
"""Bytes of the object store of a node, about the least that Ray allows."""


@contextmanager
def cluster(*, nodes=2, cpus=1, gpus=0):
    from ray.cluster_utils import Cluster

    resources = {"num_cpus": cpus, "num_gpus": gpus, "object_store_memory": STORE}
    running = Cluster(
        initialize_head=True, head_node_args={**resources, "include_dashboard": False}
    )
    try:
        for _ in range(nodes - 1):
            running.add_node(**resources)
        yield running
    finally:
        running.shutdown()


@pytest.fixture(scope="module")
def address():
    with cluster() as running:
        yield running.address


@pytest.fixture
def questions(tmp_path):
    media = []
    for number in range(12):
        file = tmp_path / "media" / f"clip{number}.mp4"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(number + 1))
        media.append(Media(file))
    return [Question(f"q{n}", (item,), "How many?") for n, item in enumerate(media)]


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def engine(model, address, **settings):
    plan = InputPlan.resolve(model, InputConfig())
    settings = RunSettings(engine="ray", address=address, **settings)
    return RayEngine(model, plan, settings, Received())


def received() -> set[Path]:
    """Folders of files that were sent to this machine."""
    return set(Path(tempfile.gettempdir()).glob("jumpscore-media-*"))


def asked(notes: Path, name: str) -> int:
    return len((notes / name).read_bytes().splitlines())


@pytest.mark.parametrize("name", ["cluster", "driver", "media", "messages", "replicas", "workers"])
def test_ray_examples_in_docstrings_are_true(name):
    assert doctest.testmod(import_module(f"jumpscore.harness.engines.ray_{name}")).failed == 0


@pytest.mark.parametrize("batch_size", [1, 5])
def test_ray_answers_equal_those_of_the_local_engine(address, questions, notes, batch_size):
    questions[3] = Question("q3", questions[3].media, "fail")
    model = Misbehaving(notes, batch_size=batch_size)
    sink = Sink()
    _, answers = engine(model, address).ask(questions, sink)
    local = LocalEngine(model, InputPlan.resolve(model, InputConfig()), RunSettings())
    _, expected = local.ask(questions, Sink())
    assert {name: (a.text, a.error) for name, a in answers.items()} == {
        name: (a.text, a.error) for name, a in expected.items()
    }
    assert answers["q3"].error == "RuntimeError: cannot be prepared"
    assert sink.ids == Counter(question.id for question in questions)


def test_ray_asks_about_windows(address, tmp_path):
    clip = support.write_video(tmp_path / "clip.mp4", frames=100)
    model = Second()
    plan = InputPlan.resolve(model, InputConfig(kind="frames", count=4, window=1.5, overlap=0.5))
    settings = RunSettings(engine="ray", address=address)
    ray_engine = RayEngine(model, plan, settings, Received())
    local = LocalEngine(model, plan, settings)
    answers = [
        WindowedEngine(one, plan, MemoryLog()).ask([Question("q", (Media(clip),), "When?")], Sink())
        for one in (ray_engine, local)
    ]
    (_, on_ray), (_, here) = answers
    assert on_ray["q"].text == here["q"].text == "[0.48, 1.48, 2.48, 3.32]"
    assert on_ray["q"].windows == here["q"].windows


def test_ray_result_is_the_same_file(address, tiny_set, tmp_path):
    folders = []
    for name, settings in (("a", {}), ("b", {"engine": "ray", "address": address})):
        run = evaluate(
            "motion",
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": tmp_path, "name": name, **settings},
        )
        folders.append(run.folder)
    first, second = ((folder / "result.json").read_bytes() for folder in folders)
    assert first == second


def test_ray_question_that_kills_its_process_fails_alone(address, questions, notes):
    model = Misbehaving(notes, crash=("q2",), batch_size=3)
    sink = Sink()
    _, answers = engine(model, address).ask(questions, sink)
    assert [name for name, answer in answers.items() if answer.error] == ["q2"]
    assert "was lost 3 times" in str(answers["q2"].error)
    assert sink.ids == Counter(question.id for question in questions)


def test_ray_replica_that_hangs_is_replaced(address, questions, notes):
    model = Misbehaving(notes, hang=("q4",))
    _, answers = engine(model, address, timeout=30).ask(questions, Sink())
    assert not [answer for answer in answers.values() if answer.error]
    assert asked(notes, "q4") == 2


def test_ray_object_store_smaller_than_the_requests(address, questions, notes):
    model = Misbehaving(notes, weight=20 << 20)  # 12 of them, in two stores of 80 MiB
    _, answers = engine(model, address).ask(questions, Sink())
    assert [answers[q.id].text for q in questions] == [str(n + 1) for n in range(12)]


def test_ray_two_runs_share_a_cluster(address, questions, notes):
    model = Misbehaving(notes, slow=0.2)
    results = []

    def run() -> None:
        results.append(engine(model, address).ask(questions, Sink())[1])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(answers) for answers in results] == [12, 12]
    assert not [answer for answers in results for answer in answers.values() if answer.error]


def test_ray_model_that_cannot_load_stops_the_run(address, questions, notes):
    with pytest.raises(UsageError, match="no weights on this machine"):
        engine(Misbehaving(notes, broken=True), address).ask(questions, Sink())


def test_ray_model_that_cannot_be_sent(address, questions, notes):
    with pytest.raises(UsageError, match=r"cannot be sent to other machines.*by name"):
        engine(Locked(notes), address).ask(questions, Sink())


def test_ray_cluster_of_its_own_has_a_new_token(questions, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    _, answers = engine(Secured(), None).ask(questions[:1], Sink())
    assert answers["q0"].text == "('token', 64)"
    assert not (tmp_path / ".ray").exists()  # clusters of several machines would require it


def test_ray_one_replica_per_gpu(questions, notes):
    with cluster(gpus=1) as running:  # Ray counts GPUs, it does not touch them
        model = Misbehaving(notes, slow=0.5)
        _, answers = engine(model, running.address).ask(questions, Sink())
    assert not [answer for answer in answers.values() if answer.error]
    processes = {file.read_text() for file in notes.iterdir()}
    assert len(processes) == 2


def test_ray_media_reach_a_machine_without_the_folder(questions, notes, tmp_path):
    """A node in a mount namespace of its own, in which the folder of the videos is empty."""
    hide = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*hide, f"mount -t tmpfs none {tmp_path}/media"], check=False).returncode:
        pytest.skip("mount namespaces need root")
    ray = f"{sys.executable} -m ray.scripts.scripts start --block --num-cpus=2"
    before = received()
    with cluster(nodes=1, cpus=0) as running:
        node = f"mount -t tmpfs none {tmp_path}/media && exec {ray} --address={running.address}"
        with support.running([*hide, f"{node} --object-store-memory={STORE}"]):
            _, answers = engine(Misbehaving(notes), running.address).ask(questions, Sink())
            assert received() == before
    assert {name: answer.text for name, answer in answers.items()} == {
        f"q{n}": str(n + 1) for n in range(12)
    }


def test_ray_more_gpus_than_the_cluster_has(address, questions, notes):
    with pytest.raises(UsageError, match=r"run.gpus=4 needs more GPUs.*0 GPUs"):
        engine(Misbehaving(notes), address, gpus=4).ask(questions, Sink())


def test_ray_no_cluster_at_the_address(questions, notes):
    with pytest.raises(UsageError, match=r"no cluster answers at run\.address=127\.0\.0\.1:1"):
        engine(Misbehaving(notes), "127.0.0.1:1").ask(questions, Sink())


def test_ray_lost_node_loses_nothing(questions, notes):
    with cluster() as running:
        worker = next(iter(running.worker_nodes))
        sink = Sink()

        def kill() -> None:
            sink.first.wait(120)
            running.remove_node(worker, allow_graceful=False)

        threading.Thread(target=kill, daemon=True).start()
        model = Misbehaving(notes, slow=0.5)
        _, answers = engine(model, running.address).ask(questions, sink)
    assert {name: answer.text for name, answer in answers.items()} == {
        f"q{n}": str(n + 1) for n in range(12)
    }
    assert sink.ids == Counter(question.id for question in questions)


def test_ray_lost_head_stops_the_run_which_resumes_elsewhere(
    tiny_set, tmp_path, notes, monkeypatch
):
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
    settings = {"folder": tmp_path, "name": "run", "engine": "ray"}
    data = {"data": str(tiny_set)}
    model = Misbehaving(notes, slow=2.0)
    with cluster() as running:

        def kill() -> None:
            deadline = time.monotonic() + 120
            while not any(notes.iterdir()) and time.monotonic() < deadline:
                time.sleep(0.2)
            running.head_node.kill_all_processes(check_alive=False)

        threading.Thread(target=kill, daemon=True).start()
        with pytest.raises(InterruptedRun, match=r"of 3 samples are answered.*rerun"):
            evaluate(
                model,
                "jumpscore",
                task_options=data,
                run={**settings, "address": running.address},
            )
    with cluster(nodes=1) as running:
        run = evaluate(
            model, "jumpscore", task_options=data, run={**settings, "address": running.address}
        )
    assert run.result.total == 3
    assert run.result.counts["error"] == 0
