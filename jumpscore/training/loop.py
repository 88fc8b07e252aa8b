"""The training loop: three stages, checkpoints to resume from, a log."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from jumpscore.errors import DataError
from jumpscore.jsonio import sync_file, write_text
from jumpscore.training.batches import Batch, collate
from jumpscore.training.cache import StoredClip
from jumpscore.training.curriculum import Curriculum, Progress, faded, learning_rate, step_rng
from jumpscore.training.examples import Cut, ExampleMaker
from jumpscore.training.held_out import held_out_times, pooled_f1, tower_scores
from jumpscore.training.learner import Learner
from jumpscore.training.optimisers import Group, Optimisers
from jumpscore.training.settings import Growth, LookStage, Optimiser, TrainSettings
from model_wrappers.transformers.wrapper import torch_device

Stage = Literal["read", "look", "join"]
STAGES: tuple[Stage, ...] = get_args(Stage)
STATE, LOG = "state.pt", "log.jsonl"
LOGGED = 50
"""Number of steps that a line of the log averages."""
LONG = 0.1
"""Weight of the loss on the length of visual tokens."""

OnStep = Callable[[Stage, int, int, Mapping[str, float]], None]
"""Called with (stage, steps done, steps, values of the last line of the log)."""


@dataclass(slots=True)
class _Place:
    """The current position of a run.

    Attributes:
        stage: Index in ``STAGES``.
        step: Finished steps of the stage.
        progress: Progress of the stage's curriculum.
        seconds: Training time so far, over all sessions.
    """

    stage: int
    step: int
    progress: Progress
    seconds: float = 0.0


class Trainer:
    """Trains one model in one folder, and resumes if the folder has a checkpoint.

    Args:
        settings: Settings of the run.
        model: The untrained model.
        tokenizer: Tokenizer of the model.
        clips: Training clips.
        held_out: Clips for evaluation during training.
        folder: Folder of checkpoints and log.
    """

    def __init__(
        self,
        settings: TrainSettings,
        model: Any,
        tokenizer: Any,
        *,
        clips: Sequence[StoredClip],
        held_out: Sequence[StoredClip],
        folder: Path,
    ) -> None:
        self.settings, self.model, self.tokenizer = settings, model, tokenizer
        self.folder, self.held_out = folder, held_out
        self.maker = ExampleMaker(tokenizer, snap=settings.data.snap)
        self.curriculum = Curriculum(clips, self.maker)
        self.device = torch.device(torch_device(settings.device, key="device"))
        learner = Learner(model, seed=settings.seed, layer=settings.model.layer)
        self.learner = learner.to(self.device)
        self._place = self._start_of(0)
        self._optimiser: Optimisers | None = None
        self._unlogged: list[dict[str, float]] = []  # losses since the last line of the log

    def run(self, on_step: OnStep | None = None, *, stop_after: int | None = None) -> float:
        """Train to the end and return the training time in seconds, over all sessions.

        Args:
            on_step: Called after every logged step.
            stop_after: Number of steps after which to save a checkpoint and stop.

        Raises:
            DataError: The checkpoint or the log in the folder is damaged.
        """
        if (self.folder / STATE).is_file():
            self._load(self.folder / STATE)
        self._drop_later_rows()
        begun, before, budget = time.perf_counter(), self._place.seconds, stop_after
        while self._place.stage < len(STAGES):
            place, stage = self._place, STAGES[self._place.stage]
            options: Optimiser = getattr(self.settings, stage)
            if self._optimiser is None:
                self._optimiser = self._new_optimiser(stage)
            while place.step < options.steps:
                if budget == 0:
                    self._save()
                    return place.seconds
                budget = None if budget is None else budget - 1
                self._unlogged.append(self._step(stage, options))
                place.step += 1
                place.seconds = before + time.perf_counter() - begun
                if place.step % LOGGED == 0 or place.step == options.steps:
                    row = self._log(stage)
                    if on_step:
                        on_step(stage, place.step, options.steps, row)
                if place.step % self.settings.save_every == 0:
                    self._save()
            self._place = self._start_of(place.stage + 1, seconds=place.seconds)
            self._optimiser = None
            self._save()
        return self._place.seconds

    def log(self) -> list[dict[str, Any]]:
        """Return the complete lines of the log; a torn last line is ignored.

        Raises:
            DataError: Another line is damaged.
        """
        path = self.folder / LOG
        if not path.is_file():
            return []
        try:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            return [json.loads(line) for line in lines if line.endswith("\n")]
        except ValueError as error:
            raise DataError(
                f"{path}: is damaged ({error}); delete it to go on without the earlier lines"
            ) from error

    def _step(self, stage: Stage, options: Any) -> dict[str, float]:
        """Take one step and return its losses."""
        self.learner.train()
        place, optimiser = self._place, self._optimiser
        assert optimiser is not None  # of this stage
        optimiser.set_rate(learning_rate(options, place.step))
        rng = step_rng(self.settings.seed, stage, place.step)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        if stage == "look":
            losses, weights = self._look(options, rng)
        elif stage == "read":
            losses, weights = self._read(options, rng, generator)
        else:
            losses, weights = self._join(options, rng)
        total: Any = sum(weights[name] * losses[name] for name in weights)
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(optimiser.parameters, options.clip)
        optimiser.step()
        values = {name: float(value.detach()) for name, value in losses.items()}
        growth: Growth | None = getattr(options, "growth", None)
        if growth is not None:
            place.progress.after(values["right"], growth, self.curriculum.most_frames)
        return values | {"longest": place.progress.longest}

    def _batch(self, examples: Sequence[Any]) -> Batch:
        return collate(examples, self.tokenizer.pad_token_id).to(self.device)

    def _read(
        self, options: Any, rng: Any, generator: torch.Generator
    ) -> tuple[dict[str, Tensor], dict[str, float]]:
        batch = self._batch(self.curriculum.blind(options, self._place.progress, rng))
        tokens = self.learner.noise(batch, spread=options.noise, generator=generator)
        # Marks of all strengths, because a tower is not always certain.
        marks = options.faintest + (1 - options.faintest) * torch.rand(
            len(batch.phases), generator=generator
        )
        marks = marks.to(self.device)
        losses = self.learner.text_losses(self.learner.marked(tokens, batch, marks), batch)
        return losses, {"answer": 1.0, "order": options.told, "latest": options.told}

    def _look(self, options: LookStage, rng: Any) -> tuple[dict[str, Tensor], dict[str, float]]:
        batch = self._batch(self.curriculum.views(options, rng))
        losses = self.learner.tower_losses(self.learner.see(batch), batch)
        weights = {"event": 1.0, "angle": 2.0, "rope": options.rope, "length": LONG}
        if options.height:
            weights["height"] = options.height
        return losses, weights

    def _join(self, options: Any, rng: Any) -> tuple[dict[str, Tensor], dict[str, float]]:
        step = self._place.step
        batch = self._batch(self.curriculum.joint(options, self._place.progress, rng))
        with torch.set_grad_enabled(options.tower > 0):
            tokens = self.learner.see(batch)
            losses = self.learner.tower_losses(tokens, batch)
        share = faded(1.0, 0.0, step, options.marks * options.steps)
        # Full marks on fewer and fewer examples, so that each clearly has marks or none.
        marks = torch.from_numpy(rng.random(len(batch.ids)) < share).float().to(self.device)
        tokens = self.learner.marked(tokens, batch, marks[batch.owners])
        losses |= self.learner.text_losses(tokens, batch)
        seen = faded(options.seen, options.seen_last, step, options.steps)
        head = faded(options.told, options.told_last, step, options.steps)
        weights = {"answer": 1.0, "order": head, "turn": head, "latest": head}
        if options.tower > 0:
            weights |= {"event": seen, "angle": seen, "rope": seen, "length": seen * LONG}
        return losses, weights

    def _new_optimiser(self, stage: Stage) -> Optimisers:
        tower, text = self.learner.parts()
        groups = {
            "read": [Group(text)],
            "look": [Group(tower)],
            "join": [Group(text), Group(tower, share=self.settings.join.tower)],
        }
        return Optimisers(groups[stage], getattr(self.settings, stage))

    def _start_of(self, stage: int, *, seconds: float = 0.0) -> _Place:
        options = getattr(self.settings, STAGES[stage]) if stage < len(STAGES) else None
        growth = getattr(options, "growth", None)
        longest = growth.first if growth else self.curriculum.most_frames
        return _Place(stage, 0, Progress(float(longest)), seconds)

    def _log(self, stage: Stage) -> dict[str, float]:
        """Log the means of the last steps, and the held-out F1 when it is due."""
        place, steps = self._place, self._unlogged
        row = {name: sum(r[name] for r in steps) / len(steps) for name in steps[0]}
        last = place.step == getattr(self.settings, stage).steps
        if last or place.step % self.settings.check_every == 0:
            row |= {"look": self._checked_tower, "join": self._checked}.get(stage, dict)()
        line = {"stage": stage, "step": place.step, "seconds": round(place.seconds, 1)}
        rounded = {name: round(value, 5) for name, value in row.items()}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | rounded) + "\n")
        self._unlogged = []
        return row

    def _checked(self) -> dict[str, float]:
        """Return the held-out F1 of frames and of canvases.

        That of canvases is the mean over sources with events, each of which is returned too. The
        measure of a source without events is the share of its clips that are answered so.
        """
        checked, cut = self._checked_clips(), self._checked_cut
        scores = {}
        if self.settings.data.frames:
            clips = list(chain(*checked.values()))
            scores["f1_frames"] = pooled_f1(self._times(clips, Cut("frames")), clips)
        by_source = {}
        for name, clips in checked.items():
            times = self._times(clips, cut)
            if has_events(clips):
                by_source[name] = pooled_f1(times, clips)
            else:
                scores[f"quiet_{name}"] = times.count([]) / len(times)
        scores["f1_codec"] = sum(by_source.values()) / max(1, len(by_source))
        if len(checked) > 1:
            scores |= {f"f1_codec_{name}": f1 for name, f1 in by_source.items()}
        return scores

    def _checked_tower(self) -> dict[str, float]:
        """Return what the tower sees of canvases of held-out clips, by source with events."""
        values: dict[str, float] = {}
        for name, clips in self._checked_clips().items():
            if not has_events(clips):
                continue
            scores = tower_scores(self.learner, self.maker, clips, self._checked_cut)
            values[f"marks_{name}"] = scores.marks
            if self.settings.look.height:  # otherwise that head is not trained
                values[f"height_{name}"] = scores.height
        return values

    @property
    def _checked_cut(self) -> Cut:
        return Cut("codec", count=self.settings.checked_canvases)

    def _checked_clips(self) -> dict[str, list[StoredClip]]:
        """Return the first held-out clips of every source."""
        most = self.settings.checked
        return {
            source.profile: [one for one in self.held_out if one.source == source.profile][:most]
            for source in self.settings.data.sources
        }

    def _times(self, clips: Sequence[StoredClip], cut: Cut) -> list[list[float]]:
        return held_out_times(self.model, self.tokenizer, self.maker, clips, cut)

    def _save(self) -> None:
        state = {
            "settings": self.settings.model_dump(mode="json"),
            "place": asdict(self._place),
            "learner": self.learner.state_dict(),
            "optimiser": self._optimiser.state() if self._optimiser else None,
            "unlogged": self._unlogged,
        }
        scratch = self.folder / f"{STATE}.part"
        try:
            with unwritten(self.folder / STATE):
                torch.save(state, scratch)
                sync_file(scratch)
                scratch.replace(self.folder / STATE)
        finally:
            scratch.unlink(missing_ok=True)

    def _load(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:  # of torch, zip files and pickle, whatever is damaged
            reason = str(error).partition("\n")[0]
            raise DataError(
                f"{path}: is damaged ({reason:.200}); delete it to train from the beginning"
            ) from error
        place = state["place"]
        self._place = _Place(**(place | {"progress": Progress(**place["progress"])}))
        self._unlogged = state["unlogged"]
        self.learner.load_state_dict(state["learner"])
        if state["optimiser"] is not None:
            self._optimiser = self._new_optimiser(STAGES[self._place.stage])
            self._optimiser.load(state["optimiser"])

    def _drop_later_rows(self) -> None:
        """Drop lines of the log that were written after the checkpoint."""
        now = (self._place.stage, self._place.step)
        rows = [r for r in self.log() if (STAGES.index(r["stage"]), r["step"]) <= now]
        write_text(self.folder / LOG, "".join(json.dumps(row) + "\n" for row in rows))


def has_events(clips: Sequence[StoredClip]) -> bool:
    """Return whether any clip has an event."""
    return any(len(clip.events) for clip in clips)


@contextmanager
def unwritten(path: Path) -> Iterator[None]:
    """Convert errors of torch and safetensors on a full disk to ``OSError``.

    Raises:
        OSError: A file could not be written.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        words = ("PytorchStreamWriter", "unexpected pos", "enforce fail", "IoError", "I/O error")
        if not any(word in str(error) for word in words):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
