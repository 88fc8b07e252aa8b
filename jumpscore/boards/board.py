"""A board: a folder with ``board.yaml`` and one folder per submission.

A board has one data set, identified by the checksum of its annotations, and one version of one
task. Submissions about anything else are refused, so versions of a data set never mix, and rendered
data never mix with filmed ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluators import TASKS
from evaluators.base import Task
from jumpscore.boards.flat_yaml import parse_flat_yaml
from jumpscore.boards.scored import Checked, score_files
from jumpscore.boards.submission import (
    Label,
    Line,
    Submission,
    SubmittedFiles,
    lookalike,
    read_files,
)
from jumpscore.builder.bundled import bundled_folder
from jumpscore.data.catalogue import BUNDLED, PUBLISHED, data_root, data_sets
from jumpscore.data.published import origin_of
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.factory import make_task
from jumpscore.jsonio import is_scratch, replacing_folder, write_text
from jumpscore.runs.lines import reason_of

BOARD = "board.yaml"
SUBMISSIONS = "submissions"


class Board(BaseModel):
    """The content of ``board.yaml``.

    Attributes:
        title: Title of the page.
        task: Name of the task.
        version: Version of the task's scores.
        data: Name of the data set.
        checksum: SHA-256 of its annotations.
        published: Whether the page lists numbers that others published about this data set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    task: Label
    version: Label
    data: Label
    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    published: bool = False

    def difference(self, submission: Submission) -> str | None:
        """Return why a submission does not belong to the board, or ``None``."""
        if submission.task != self.task:
            return f"is about the task {submission.task}, the board about {self.task}; use another"
        if submission.checksum != self.checksum:
            return (
                f"is about {submission.data} (checksum {submission.checksum[:12]}), the board "
                f"about {self.data} (checksum {self.checksum[:12]}); a board never mixes data sets "
                "or their versions: use another board"
            )
        return None


@dataclass(frozen=True)
class OpenBoard:
    """A board that was read, with the task that scores its submissions.

    Attributes:
        folder: Folder of the board.
        board: Content of ``board.yaml``.
        task: Task with the board's data set.
    """

    folder: Path
    board: Board
    task: Task[Any]

    def submissions(self) -> list[Path]:
        """Return the folders of all submissions, by name.

        Raises:
            DataError: A folder is a link, or two names look alike.
        """
        root = self.folder / SUBMISSIONS
        folders = sorted(root.iterdir()) if root.is_dir() else []
        folders = [folder for folder in folders if not is_scratch(folder.name)]
        names: dict[str, Path] = {}
        for folder in folders:
            if folder.is_symlink() or not folder.is_dir():
                raise DataError(f"{folder}: is not a folder; remove it")
            other = names.setdefault(lookalike(folder.name), folder)
            if other != folder:
                raise DataError(f"{folder}: its name looks like {other.name}; remove one of them")
        return folders

    def read(self, folder: Path) -> SubmittedFiles:
        """Read the files of a submission without scoring them.

        Raises:
            DataError: They are invalid, or about another task or data set.
        """
        files = read_files(folder)
        if problem := self.board.difference(files.submission()):
            raise DataError(f"{folder}: {problem}")
        return files


def open_board(folder: Path, data: Path | None = None) -> OpenBoard:
    """Read a board and its data set.

    Args:
        folder: Folder of the board.
        data: Folder of the data set; by default one on this machine with the board's checksum.

    Raises:
        DataError: The folder is not a board, or its data set is not on this machine.
        UsageError: The task has another version now.
    """
    file = folder / BOARD
    try:
        board = Board.model_validate(parse_flat_yaml(file.read_bytes()))
    except OSError as error:
        raise DataError(
            f"{file}: cannot be read ({error.strerror}); 'jumpscore leaderboard add' creates a "
            "board with its first submission"
        ) from None
    except ValidationError as error:
        raise DataError(f"{file}: {reason_of(error)}; correct it") from None
    except ValueError as error:
        raise DataError(f"{file}: {error}; correct it") from None
    task = task_for(board.task, board.checksum, data)
    if task.version != board.version:
        raise UsageError(
            f"{file}: has version {board.version} of task {board.task}, this package scores "
            f"version {task.version}; write 'version: \"{task.version}\"' to score everything again"
        )
    if board.published and task.data().synthetic:
        raise UsageError(f"{file}: published numbers do not belong to rendered data; remove "
                         "'published'")  # fmt: skip
    return OpenBoard(folder, board, task)


def add_submission(folder: Path, board: Path, data: Path | None = None) -> tuple[Path, Checked]:
    """Check a submission and copy it to a board; the first one creates the board.

    Returns:
        The folder on the board, and the checked submission.

    Raises:
        DataError: The submission is invalid or does not belong to the board.
        UsageError: The board has a submission of that name.
    """
    if (board / BOARD).exists():
        opened = open_board(board, data)
        checked = score_files(opened.read(folder), opened.task)
    else:
        checked = check_alone(folder, data)
        opened = OpenBoard(board, _new_board(checked), checked.task)
    slug = checked.submission.slug
    place = board / SUBMISSIONS / slug
    for other in opened.submissions():
        if lookalike(other.name) == lookalike(slug):
            raise UsageError(
                f"{other}: the board has a submission of this name"
                + ("" if other.name == slug else f" (it looks like {slug})")
                + "; change the model's name, or delete that folder to replace it"
            )
    if not (board / BOARD).exists():
        values = opened.board.model_dump(mode="json", exclude_defaults=True)
        board.mkdir(parents=True, exist_ok=True)
        write_text(board / BOARD, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    # Complete or absent, also if this process is killed.
    with replacing_folder(place) as scratch:
        for name, content in checked.files.items():
            (scratch / name).write_bytes(content)
    return place, checked


def check_alone(folder: Path, data: Path | None = None) -> Checked:
    """Check and score a submission without a board.

    Args:
        folder: Folder of the submission.
        data: Folder of its data set; by default one on this machine with the stated checksum.

    Raises:
        DataError: It is invalid, or its data set is not on this machine.
    """
    files = read_files(folder)
    submission = files.submission()
    return score_files(files, task_for(submission.task, submission.checksum, data))


def task_for(name: str, checksum: str, data: Path | None = None) -> Task[Any]:
    """Return a task with the data set of a checksum.

    Args:
        name: Name of the task.
        checksum: SHA-256 of the annotations.
        data: Folder of the data set; by default every set on this machine is tried.

    Raises:
        DataError: No data set here has that checksum, or the task cannot have a leaderboard.
    """
    if name not in TASKS.names() or "data" not in TASKS.get(name).Options.model_fields:
        raise DataError(f"task {name!r:.60}: cannot have a leaderboard; use task: jumpscore")
    checksums = []
    for folder in [data] if data is not None else _folders(name):
        task = make_task(name, {"data": str(folder)})
        if task.data().checksum == checksum:
            if task.derivation() is not None:
                raise DataError(
                    f"task {name}: needs more than answers to be scored: no leaderboard"
                )
            return task
        checksums.append(f"{folder} ({task.data().checksum[:12]})")
    fix = "fetch or render it ('jumpscore data list'), or name its folder with --data"
    raise DataError(
        f"no data set with checksum {checksum[:12]} for task {name}; compared with "
        f"{', '.join(checksums) or 'none'}: {fix}"
    )


def _folders(task: str) -> Iterator[Path]:
    """Yield the data sets of a task on this machine; bundled ones need no videos to be scored."""
    if task.startswith(BUNDLED[0].task):
        yield from (Path(str(bundled_folder(row.name))) for row in BUNDLED)
    root = data_root()
    for row in data_sets().values():
        if row.kind != "bundled" and task.startswith(row.task) and row.is_here(root):
            yield row.ensure(root)


def _new_board(checked: Checked) -> Board:
    submission, facts = checked.submission, checked.task.data()
    origin = origin_of(Path(facts.source)).get("repository")
    return Board(
        title=f"{submission.task} on {facts.name}",
        task=submission.task,
        version=checked.task.version,
        data=submission.data,
        checksum=submission.checksum,
        published=submission.task == PUBLISHED.task and origin == PUBLISHED.repository,
    )
