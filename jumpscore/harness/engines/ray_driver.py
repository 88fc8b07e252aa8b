"""The driver of a run on a Ray cluster, a process of its own: ``python -m ... SOCKET``.

Questions are prepared by tasks on any machine, in the order of the run and never more than fit,
and answered in batches by replicas of the model. Whatever is lost with a process or a machine is
done again: a batch first as a whole, then question by question, so that a question that kills its
replica fails alone.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

# How long Ray tries to reach a lost head before it ends this process.
os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "30")

import ray
from ray.exceptions import AuthenticationError, RayActorError, RayError

from jumpscore.harness.engines import ray_media
from jumpscore.harness.engines.child import connection_to_parent
from jumpscore.harness.engines.ray_media import MediaFile, media_of
from jumpscore.harness.engines.ray_messages import Ask, Job, More, Notice, Placement, Stop
from jumpscore.harness.engines.ray_replicas import (
    Replica,
    Replicas,
    Unable,
    alive_nodes,
    first_line,
    placement,
    resources_text,
)
from jumpscore.harness.engines.ray_workers import remote_prepare
from jumpscore.harness.engines.schedule import Batch, Schedule
from jumpscore.harness.engines.steps import Answered, Prepared, error_response
from jumpscore.records import Question

RECOUNT = 10.0
"""Seconds after which the machines of the cluster are counted again."""
TICK = 0.5
"""Seconds between two looks at the clock and at the connection."""


class Driver:
    """One job on a connected cluster."""

    def __init__(self, connection: Connection, job: Job) -> None:
        self._connection, self._job = connection, job
        self._digest = hashlib.sha256(job.blueprint).hexdigest()
        self._blueprint = ray.put(job.blueprint)
        self._replicas = Replicas(job, self._digest, self._blueprint, self._notice)
        self._contents: dict[Path, tuple[MediaFile, ray.ObjectRef]] = {}
        self._has_sent = False
        self._schedule = Schedule(job)
        self._preparing: dict[ray.ObjectRef, tuple[Batch, int, ray.ObjectRef]] = {}
        self._answering: dict[ray.ObjectRef, tuple[Batch, Replica]] = {}
        self._cpus, self._counted_at = 1, -RECOUNT

    def run(self) -> None:
        """Answer all questions.

        Raises:
            Unable: The run cannot go on.
            EOFError: The run has ended.
        """
        while not self._schedule.is_finished:
            self._receive()
            self._start_preparing()
            self._start_answering()
            self._wait()
            self._check_time()
        self._replicas.close()
        if self._has_sent:
            for node in alive_nodes():
                self._clean(node["NodeID"])

    def _receive(self) -> None:
        """Ask for questions if there is room, and take those that have come."""
        schedule, now = self._schedule, time.monotonic()
        if now - self._counted_at > RECOUNT:  # machines join and leave
            self._counted_at = now
            self._cpus = int(ray.cluster_resources().get("CPU", 1))
        if room := schedule.request(len(self._replicas), self._cpus):
            self._connection.send(More(room))
        idle = schedule.is_idle
        while schedule.is_waiting and self._connection.poll(TICK if idle else 0):
            ask: Ask = self._connection.recv()
            schedule.receive(ask.questions, last=ask.last)

    def _start_preparing(self) -> None:
        for batch in self._schedule.to_prepare():
            if batch.is_hopeless:
                self._fail(batch, f"its process or machine was lost {batch.losses} times")
                continue
            batch.since = time.monotonic()
            for place in range(len(batch.questions)):
                self._prepare(batch, place)

    def _prepare(self, batch: Batch, place: int) -> None:
        question = batch.questions[place]
        files = media_of(question)
        sent = [self._contents[file.path] for file in files if file.path in self._contents]
        if sent and len(sent) == len(files):
            files = tuple(file for file, _ in sent)
        contents = [content for _, content in sent] if len(sent) == len(files) else []
        status, prepared = remote_prepare().remote(
            self._digest, [self._blueprint], question, files, contents
        )
        self._preparing[status] = batch, place, prepared

    def _start_answering(self) -> None:
        ready = self._schedule.ready
        while ready and (replica := self._replicas.free()) is not None:
            batch = ready.popleft()
            batch.since = time.monotonic()
            replica.running += 1
            self._answering[replica.actor.answer.remote(*batch.prepared)] = batch, replica

    def _wait(self) -> None:
        """Wait until something has ended, and take the next step of it."""
        opening = {r.opening: r for r in self._replicas if not r.is_open}
        refs = [*self._answering, *self._preparing, *opening]
        if not refs:
            return
        ready, rest = ray.wait(refs, num_returns=1, timeout=TICK, fetch_local=False)
        if ready and rest:
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=0, fetch_local=False)
            ready += more
        for ref in ready:
            if ref in self._preparing:
                self._take_prepared(ref)
            elif ref in self._answering:
                self._take_answers(ref)
            elif ref in opening:
                self._replicas.opened(opening[ref])

    def _take_prepared(self, ref: ray.ObjectRef) -> None:
        batch, place, prepared = self._preparing.pop(ref)
        question = batch.questions[place]
        try:
            absent: list[MediaFile] = ray.get(ref)
        except RayError as error:
            problem = f"preparing failed on the cluster ({first_line(error)})"
            prepared = ray.put(Prepared(question, None, problem))
        else:
            if absent:
                self._send(question)
                self._prepare(batch, place)
                return
        self._schedule.prepared(batch, place, prepared)

    def _send(self, question: Question) -> None:
        """Put the files of a question into the object store: the folder is not shared."""
        self._has_sent = True
        for file in media_of(question):
            if file.path not in self._contents:
                content = file.path.read_bytes()
                known = replace(file, sha256=ray_media.digest_of(content))
                self._contents[file.path] = known, ray.put(content)

    def _forget(self, batch: Batch) -> None:
        """Release the files of an answered batch that no other one needs."""
        schedule = self._schedule
        pending = [
            *schedule.new,
            *schedule.ready,
            *(batch for batch, _, _ in self._preparing.values()),
        ]
        pending += [other for other, _ in self._answering.values()]
        needed = {m.path for other in pending for q in other.questions for m in q.media}
        for question in batch.questions:
            for media in question.media:
                if media.path not in needed:
                    self._contents.pop(media.path, None)

    def _take_answers(self, ref: ray.ObjectRef) -> None:
        batch, replica = self._answering.pop(ref)
        replica.running -= 1
        try:
            answered: Answered = ray.get(ref)
        except RayActorError as error:
            self._replicas.lose(replica, f"while it answered ({first_line(error)})")
            self._schedule.lost(batch)
        except RayError:  # what was prepared is lost with its machine
            self._schedule.lost(batch)
        else:
            self._replicas.answered()
            self._finish(batch, answered)

    def _check_time(self) -> None:
        """Give up what takes too long."""
        limit, now = self._job.timeout, time.monotonic()
        for ref, (batch, replica) in list(self._answering.items()):
            if now - batch.since > limit and ref in self._answering:
                self._replicas.lose(replica, f"because it was silent for {limit:.0f} s")
                # Its other batches end with an error of Ray, and are tried again.
                del self._answering[ref]
                self._schedule.lost(batch)
        for ref, (batch, place, _) in list(self._preparing.items()):
            if now - batch.since > limit:
                ray.cancel(ref, force=True)
                del self._preparing[ref]
                problem = f"preparing took longer than {limit:.0f} s (run.timeout)"
                failed = ray.put(Prepared(batch.questions[place], None, problem))
                self._schedule.prepared(batch, place, failed)
        self._replicas.check_time()

    def _fail(self, batch: Batch, problem: str) -> None:
        responses = [error_response(question.id, problem) for question in batch.questions]
        self._finish(batch, Answered(responses, 0.0, 0.0))

    def _finish(self, batch: Batch, answered: Answered) -> None:
        """Send the answers of a batch, and release what it needed."""
        self._connection.send(answered)
        self._schedule.answered(batch)
        if self._contents:
            self._forget(batch)

    def _notice(self, text: str) -> None:
        self._connection.send(Notice(text))

    def _clean(self, node: str) -> None:
        """Remove received files from a machine."""
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        clean = ray.remote(num_cpus=0, scheduling_strategy=here)(ray_media.remove)
        ray.wait([clean.remote(self._digest)], timeout=5)


def planned(job: Job) -> Placement:
    """Return what the connected cluster would do.

    Raises:
        Unable: The model does not fit on it.
    """
    resources, nodes = ray.cluster_resources(), alive_nodes()
    gpus, replicas = placement(job, resources, len(nodes))
    machines = tuple(
        f"{node['NodeManagerHostname']}: {resources_text(node['Resources'])}" for node in nodes
    )
    return Placement(machines, replicas, gpus, int(resources.get("CPU", 0)))


def check_address(address: str | None) -> None:
    """Check that something answers at an address: Ray itself would try for minutes.

    Raises:
        Unable: Nothing does.
    """
    host, colon, port = (address or "").rpartition(":")
    if not colon or "/" in host or not port.isdigit():
        return  # auto, or an address of another kind, which Ray reads
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise Unable(
            f"no cluster answers at run.address={address} ({error}); start one with "
            "'ray start --head', or leave out run.address to start one for the run"
        ) from error


def reason_of(problem: BaseException) -> str:
    """Return why the run cannot go on.

    >>> reason_of(ConnectionError("no answer")).split("; ")
    ['ConnectionError: no answer', 'set RAY_AUTH_MODE=token if it requires a token']
    """
    if isinstance(problem, Unable):
        return str(problem)
    hint = "; set RAY_AUTH_MODE=token if it requires a token"
    refused = isinstance(problem, ConnectionError | AuthenticationError)
    return first_line(problem) + (hint if refused else "")


def main() -> None:
    """Connect to the cluster and carry out the job that comes through the socket."""
    connection = connection_to_parent()
    job: Job = connection.recv()
    try:
        check_address(job.address)
        ray.init(
            address=job.address or "local",
            log_to_driver=False,
            logging_level="error",
            include_dashboard=None if job.address else False,
        )
        if job.blueprint:
            Driver(connection, job).run()
        else:
            connection.send(planned(job))
    except (Unable, RayError, ConnectionError) as problem:
        connection.send(Stop(reason_of(problem)))
    except EOFError:
        pass  # the run has ended: Ray releases what it used
    finally:
        ray.shutdown()
        connection.close()


if __name__ == "__main__":
    main()
