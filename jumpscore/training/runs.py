"""A training run in a folder: model, trainer, checkpoint and metadata."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jumpscore.data.layout import QUESTION
from jumpscore.errors import UsageError
from jumpscore.jsonio import (
    disk_problem,
    is_scratch,
    lock_file,
    read_object,
    replacing_folder,
    write_text,
)
from jumpscore.runs.identity import document_differences
from jumpscore.training.settings import TrainSettings
from model_wrappers.base import InputKind
from model_wrappers.checkpoints import BUNDLED, USE, CheckpointUse, local_folder, read_settings
from model_wrappers.llava_onevision2.familiarity import (
    Familiarity,
    Floats,
    features_of,
    fit_familiarity,
    write_familiarity,
)
from model_wrappers.llava_onevision2.prompts import SYSTEM

if TYPE_CHECKING:
    from jumpscore.training.cache import StoredClip

SETTINGS, FACTS, CHECKPOINT, CACHE = "settings.json", "training.json", "checkpoint", "clips"
WEIGHTS = "model.safetensors"

logger = logging.getLogger(__name__)


@contextmanager
def claimed_folder(folder: Path, settings: TrainSettings) -> Iterator[None]:
    """Create the folder of a run, or check that it belongs to this run, and lock it.

    Raises:
        UsageError: The folder contains another run or other files, another process is training in
            it, or it cannot be written, now or later.
    """
    try:
        _claim(folder, settings)
        with (folder / SETTINGS).open("r+b") as file:
            if not lock_file(file):
                raise UsageError(f"{folder}: another process is training here; wait for it")
            yield
    except OSError as error:
        if (reason := disk_problem(error)) is None:
            raise
        raise UsageError(
            f"{error.filename or folder}: cannot be written ({reason}); prepared clips and "
            "the last checkpoint are saved; free space or choose another folder, then rerun the "
            "same command"
        ) from error


def _claim(folder: Path, settings: TrainSettings) -> None:
    path, values = folder / SETTINGS, settings.model_dump(mode="json")
    if path.is_file():
        before = read_object(path, fix="delete it if the settings are those of this run")
        changed = sorted(change.key for change in document_differences(before, values))
        if changed:
            raise UsageError(
                f"{folder}: contains a run with other settings ({', '.join(changed)}); choose "
                "another folder, or use the same settings to resume it"
            )
        return
    # A process that was killed while writing the settings leaves a scratch file.
    if folder.exists() and (
        not folder.is_dir() or not all(is_scratch(entry.name) for entry in folder.iterdir())
    ):
        raise UsageError(f"{folder}: not empty and not a training run; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(values, indent=1) + "\n")


def new_model(settings: TrainSettings) -> tuple[Any, Any]:
    """Return a random model and its tokenizer, with the words of the question as tokens."""
    from model_wrappers.llava_onevision2.tiny import TinyOptions, random_model, small_tokenizer

    tokenizer = small_tokenizer((f"user\n{SYSTEM}", "system\n", QUESTION))
    options = TinyOptions(
        seed=settings.seed,
        spread=settings.model.spread,
        vision=settings.model.vision,
        text=settings.model.text,
    )
    return random_model(tokenizer, options), tokenizer


def start_from(checkpoint: str, model: Any) -> None:
    """Copy the weights of a checkpoint: the whole text model, and the tower's that fit.

    Blocks that the checkpoint's tower lacks start as identities, so that the tower first does what
    it did there.

    Args:
        checkpoint: A bundled name or a folder.
        model: The new model, changed in place.

    Raises:
        UsageError: The checkpoint is missing, or its text model has another shape.
    """
    from safetensors.torch import load_file

    folder = local_folder(checkpoint)
    if folder is None or not (folder / WEIGHTS).is_file():
        raise UsageError(
            f"start={checkpoint}: not a folder with {WEIGHTS}; give one, or a bundled name "
            f"({', '.join(BUNDLED)})"
        )
    old, new = load_file(folder / WEIGHTS), model.state_dict()
    fits = {name for name in new if name in old and old[name].shape == new[name].shape}
    wrong = [
        f"{name} {list(new[name].shape)}" for name in new.keys() - fits if ".visual." not in name
    ]
    if wrong:
        raise UsageError(
            f"start={checkpoint}: its text model differs from model.text ({wrong[0]} is missing or "
            "has another shape); set model.text to the sizes of the checkpoint"
        )
    added = {
        name: one.new_zeros(one.shape)
        for name, one in new.items()
        if name not in old and (".self_attn.proj." in name or ".mlp.fc2." in name)
    }
    model.load_state_dict({name: old[name] for name in fits} | added, strict=False)
    logger.info(
        "start=%s: %d of %d weights are taken, %d begin as 0 and %d at random",
        checkpoint, len(fits), len(new), len(added), len(new) - len(fits) - len(added),
    )  # fmt: skip


def train(
    settings: TrainSettings,
    folder: Path,
    *,
    learned: Path,
    held_out: Path,
    on_step: Any = None,
) -> dict[str, Any]:
    """Train in a folder, or resume there, and write the checkpoint.

    Args:
        settings: Settings of the run.
        folder: Folder of the run, locked.
        learned: Prepared training clips.
        held_out: Prepared held-out clips.
        on_step: See ``Trainer.run``.

    Returns:
        Metadata of the run: parameters, seconds, held-out F1, versions.
    """
    import torch

    from jumpscore.training.cache import stored_clips
    from jumpscore.training.loop import STATE, Trainer, unwritten
    from jumpscore.training.plots import write_plot
    from model_wrappers.llava_onevision2.checkpoint import save_checkpoint

    if settings.threads:
        torch.set_num_threads(settings.threads)
    model, tokenizer = new_model(settings)
    if settings.start is not None and not (folder / STATE).exists():
        start_from(settings.start, model)
    clips = stored_clips(learned)
    trainer = Trainer(
        settings, model, tokenizer,
        clips=clips, held_out=stored_clips(held_out), folder=folder,
    )  # fmt: skip
    seconds = trainer.run(on_step)
    rows = trainer.log()
    write_plot(rows, folder / "training.svg")
    checked = [row for row in rows if "f1_codec" in row]
    facts = {
        "name": settings.name,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "clips": len(clips),
        "seconds": round(seconds, 1),
        "device": str(trainer.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "held_out": {
            name: value
            for row in checked[-1:]
            for name, value in row.items()
            if name.startswith(("f1_", "quiet_"))
        },
    }
    with replacing_folder(folder / CHECKPOINT) as checkpoint:
        with unwritten(folder / CHECKPOINT):
            save_checkpoint(model.cpu().eval(), tokenizer, checkpoint)
        write_use(checkpoint, settings, clips)
        write_familiarity(checkpoint, _familiarity(model, settings, clips, trainer.held_out))
        write_text(checkpoint / FACTS, json.dumps(facts, indent=1) + "\n")
    write_text(folder / FACTS, json.dumps(facts, indent=1) + "\n")
    return facts


def _familiarity(
    model: Any,
    settings: TrainSettings,
    learned: Sequence[StoredClip],
    held_out: Sequence[StoredClip],
) -> Familiarity:
    """Return the distribution of the clips, each as about as many canvases as are recommended."""
    from jumpscore.training.examples import Cut, cut_pictures

    def features(clip: StoredClip) -> Floats:
        count = min(clip.budgets, key=lambda budget: abs(budget - settings.checked_canvases))
        pictures, _ = cut_pictures(clip, Cut("codec", count=count))
        assert pictures is not None  # the cut is not blind
        return features_of(model, pictures)

    training, others = (np.array([features(one) for one in clips]) for clips in (learned, held_out))
    return fit_familiarity(training, others)


def write_use(folder: Path, settings: TrainSettings, clips: Sequence[StoredClip]) -> None:
    """Write the training data and the recommended input into a checkpoint.

    Args:
        folder: Folder of the checkpoint.
        settings: Settings of the run.
        clips: Training clips.
    """
    from jumpscore.training.examples import DECIMALS

    lengths = [len(clip.seconds) * _step(clip) for clip in clips]
    rates = sorted({1 / _step(clip) for clip in clips})
    low, high = rates[0], rates[-1]
    span = f"{low:.4g}" if f"{low:.4g}" == f"{high:.4g}" else f"{low:.4g} to {high:.4g}"
    profiles = [source.profile for source in settings.data.sources]
    trained = (
        f"trained on {len(clips)} rendered clips of {min(lengths):.0f} to {max(lengths):.0f} s at "
        f"{span} frames/s (profile{'s' * (len(profiles) > 1)} {', '.join(profiles)}) only, not on "
        f"real or longer videos{'' if settings.data.frames else ', frames'} or other questions; "
        f"ask about longer videos with input.window={max(lengths):.0f}"
    )
    sizes = {"max_pixels": settings.data.max_pixels, "decimals": DECIMALS}
    canvases = settings.checked_canvases
    kinds: dict[InputKind, dict[str, Any]] = {"codec": {"count": canvases, **sizes}}
    if settings.data.frames:
        fps = 1 / float(np.median([_step(clip) for clip in clips]))
        kinds["frames"] = {"fps": round(fps, 3), **sizes}
    use = CheckpointUse(notes=(trained,), input=kinds)
    (folder / USE).write_text(use.model_dump_json(indent=1) + "\n", encoding="utf-8")
    path = folder / "preprocessor_config.json"  # the same, for processors
    preprocessing = read_settings(path) | {"codec": {"canvases": canvases, **sizes}}
    path.write_text(json.dumps(preprocessing, indent=2) + "\n", encoding="utf-8")


def _step(clip: StoredClip) -> float:
    """Return the median frame interval in seconds."""
    return float(np.median(np.diff(clip.seconds)))
