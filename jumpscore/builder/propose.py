"""Ask a model for candidates in every video of a project; a rerun asks what is left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.builder.proposals import (
    Proposals,
    ProposalStatus,
    read_proposals,
    snapped,
    write_proposals,
)
from jumpscore.errors import DataError, JumpScoreError, NoAnswerError
from jumpscore.harness import RunConfig
from jumpscore.harness.engines.engine import Engine
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.factory import model_of_config
from jumpscore.harness.input import InputPlan
from jumpscore.harness.single import open_model, read_times
from jumpscore.harness.windows import MemoryLog, WindowedEngine
from jumpscore.records import Media, Progress, Question, Response
from jumpscore.runs.identity import IDENTIFIED, model_identity
from jumpscore.video import probe
from model_wrappers.base import ModelWrapper


@dataclass(slots=True)
class ProposeReport:
    """What became of every video, by its id.

    Attributes:
        proposed: New candidates.
        present: Candidates of the same model that were there before.
        failed: Reason why the model gave no candidates.
    """

    proposed: dict[str, Proposals] = field(default_factory=dict)
    present: dict[str, Proposals] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def propose(
    project: Project,
    config: RunConfig,
    *,
    videos: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> ProposeReport:
    """Store a model's candidates for the videos of a project; one bad video does not stop others.

    Candidates of another model, or of other options, are replaced.

    Args:
        project: The project.
        config: The model and what it is shown.
        videos: Ids of the videos; by default all.
        on_progress: Called with (videos done, videos to ask).

    Raises:
        UsageError: An id or the model is unknown, or the candidates cannot be written.
        NoAnswerError: The model cannot be opened.
        RunInterrupted: The user pressed Ctrl-C; candidates so far are stored.
    """
    chosen = [project.video(name) for name in dict.fromkeys(videos)] or project.videos()
    wrapper = model_of_config(config)
    plan = InputPlan.resolve(wrapper, config.input)
    identities = {v.id: _identity(wrapper, plan, project.event.ask(v.label)) for v in chosen}
    report = ProposeReport()
    for video in chosen:
        stored = _stored(project, video)
        if stored is not None and stored.identity and stored.identity == identities[video.id]:
            report.present[video.id] = stored
    pending = {video.id: video for video in chosen if video.id not in report.present}
    if not pending:
        return report
    questions = [
        Question(v.id, (Media(project.file(v)),), project.event.ask(v.label))
        for v in pending.values()
    ]
    with open_model(config) as model:
        sink = _Sink(project, model.wrapper, pending, identities, report)
        engine: Engine = LocalEngine(model.wrapper, model.input, config.run)
        if model.input.config.window is not None:
            engine = WindowedEngine(engine, model.input, MemoryLog())
        engine.ask(questions, sink, on_progress=on_progress)
    return report


@dataclass(frozen=True, slots=True)
class _Sink:
    """Stores the candidates of each response as it comes.

    Attributes:
        project: The project.
        wrapper: The model.
        videos: The videos by id.
        identities: Digest of the model and the question by id of the video.
        report: Report to add to.
    """

    project: Project
    wrapper: ModelWrapper
    videos: Mapping[str, ProjectVideo]
    identities: Mapping[str, str]
    report: ProposeReport

    def append(self, responses: Sequence[Response]) -> None:
        """Store the candidates of responses."""
        for response in responses:
            video = self.videos[response.id]
            try:
                proposals = self._read(video, response)
            except JumpScoreError as error:
                self.report.failed[video.id] = str(error)
                continue
            write_proposals(self.project, video, proposals)
            self.report.proposed[video.id] = proposals

    def _read(self, video: ProjectVideo, response: Response) -> Proposals:
        if response.error is not None:
            raise NoAnswerError(response.error)
        parsed = read_times(self.wrapper, response)
        info = probe(self.project.file(video))
        candidates, outside = snapped(parsed.times, response.confidences, info)
        return Proposals(
            video.id,
            self.wrapper.display_name,
            self.identities[video.id],
            cast("ProposalStatus", parsed.status),  # the others raised an error
            candidates,
            outside,
        )


def _stored(project: Project, video: ProjectVideo) -> Proposals | None:
    try:
        return read_proposals(project, video)
    except DataError:
        return None  # damaged: it is replaced


def _identity(wrapper: ModelWrapper, plan: InputPlan, prompt: str) -> str:
    """Return a digest of everything that determines the answers; empty if that is unknown."""
    identity = model_identity(wrapper)
    if identity.get(IDENTIFIED) is False:
        return ""
    settings = plan.config.model_dump(mode="json")
    if plan.config.window is None:  # candidates of versions without windows stay valid
        del settings["window"], settings["overlap"]
    parts = [identity, plan.kind, settings, prompt]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
