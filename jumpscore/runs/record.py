"""The record of a run, ``run.json``: model, task, data, configuration, versions and hardware.

Older formats are read. The file may have been edited or may come from elsewhere, so all of it is
checked.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from evaluators.base import DataFacts
from model_wrappers.base import InputKind

FORMAT = 3
"""Format of the files of a run. Format 2 had untyped ``details`` for reports in ``scores.jsonl``;
its first versions had no notes, hints or digests of questions and code in ``run.json``."""
READABLE = (2, FORMAT)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TaskIdentity(_Part):
    """The task, the version of its scores and the prompt protocol."""

    name: str
    version: str
    protocol: str


class DataIdentity(_Part):
    """Name of the data set and SHA-256 of its annotations."""

    name: str
    checksum: str


class InputIdentity(_Part, extra="allow"):
    """Kind of input that the model received; fields of ``InputConfig`` are further keys."""

    kind: InputKind


class Selection(_Part):
    """Which samples were asked; see ``RunSettings``."""

    limit: int | None = None
    ids: list[str] | None = None
    shard: str | None = None


class Identity(_Part, extra="forbid"):
    """What may not change when a run is resumed.

    Attributes:
        model: What identifies the model, from its wrapper.
        task: Task and prompt protocol.
        data: Data set.
        input: What the model received.
        expose_truth: Whether the wrapper could receive the ground truth.
        control: Whether, and how, another clip's pixels were shown.
        selection: Samples that the run is about.
        seed: Seed of the bootstrap and of the control.
        questions: Digest of the questions; ``None`` in runs of earlier versions.
    """

    model: dict[str, Any]
    task: TaskIdentity
    data: DataIdentity
    input: InputIdentity
    expose_truth: bool = False
    control: str = "none"
    selection: Selection = Selection()
    seed: int = 0
    questions: str | None = None

    @property
    def model_is_known(self) -> bool:
        """Whether the model could be identified; otherwise the run is never resumed."""
        return self.model.get("identified") is not False


class Component(_Part, extra="allow"):
    """A model or a task as configured: its registry name, and its options as further keys."""

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """Options without the name."""
        return dict(self.model_extra or {})


class Configuration(_Part):
    """The resolved configuration: fields of ``RunConfig``, in JSON values."""

    model: Component
    task: Component
    input: dict[str, Any] = {}
    run: dict[str, Any] = {}


class Extras(_Part):
    """Facts about the answers as a whole that no single response contains.

    Attributes:
        unknown_ids: Ids that were answered but are not in the data set.
        needs_truth: Whether the wrapper answers from the ground truth.
        title: Display name of the model; ``None`` in runs of earlier versions.
        notes: Counted oddities of the answers.
        hints: Advice for the person who started the run.
    """

    unknown_ids: list[str]
    needs_truth: bool
    title: str | None = None
    notes: dict[str, int] = {}
    hints: list[str] = []


class RunRecord(_Part):
    """The content of ``run.json``.

    Attributes:
        format: Format of the run's files.
        identity: What may not change when the run is resumed.
        config: Resolved configuration.
        data: Data set, with its source.
        extras: Facts about the answers as a whole.
        trust_remote_code: Whether code that came with a checkpoint was run.
        versions: Package name -> version.
        environment: What the wrapper reports of its surroundings.
        hardware: Machine, system, Python and number of cores.
    """

    format: int = FORMAT
    identity: Identity
    config: Configuration
    data: DataFacts
    extras: Extras
    trust_remote_code: bool = False
    versions: dict[str, str] = {}
    environment: dict[str, Any] = {}
    hardware: dict[str, Any] = {}


def parse_record(content: dict[str, Any]) -> RunRecord:
    """Return the record in a JSON object.

    Raises:
        ValueError: The format is not supported, or a field is missing or has the wrong type.
    """
    if content.get("format") not in READABLE:
        raise ValueError(
            f"has format {content.get('format')!r:.40}, this version reads "
            f"{' and '.join(map(str, READABLE))}"
        )
    return RunRecord.model_validate(content)
