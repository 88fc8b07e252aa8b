"""The data card of a version: what is in it, how it was made, and what it is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jumpscore import __version__
from jumpscore.builder.project.marks import Origin
from jumpscore.builder.release.contents import FinishedVideo, VersionRecord
from jumpscore.builder.release.statistics import SetStatistics, Spread, figures, gaps_of
from jumpscore.builder.verify.agreement import TOLERANCES, PairAgreement
from jumpscore.builder.verify.final import How
from jumpscore.data.events import EVENTS, EventDefinition
from jumpscore.records import Estimate
from jumpscore.report.exports.documents import Table, markdown, markdown_text
from jumpscore.report.text import plural, seconds

HUB_LICENCES = (
    *("apache-2.0", "mit", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *("cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "odbl", "pddl"),
)
"""Identifiers of licences that the Hugging Face hub accepts as they are."""
LARGEST_CATEGORIES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
PLOTS = "plots"
ORIGIN_WORDS: Mapping[Origin, str] = {
    "hand": "set on a still frame",
    "live": "set during playback, less the reaction time of the person",
    "proposal": "accepted from the proposals of a model",
    "import": "imported from another tool",
    "consensus": "at the frame nearest to the median of several people",
    "adjudicated": "taken from one of several people by the person who decided between them",
}


@dataclass(frozen=True, slots=True)
class Card:
    """What a data card reports.

    Attributes:
        record: The version.
        event: What is marked.
        splits: Name of a split -> its videos.
        statistics: Name of a split -> its numbers.
        agreement: Agreement of every two annotators, under their public names.
        changes: What changed since the last version, in words.
    """

    record: VersionRecord
    event: EventDefinition
    splits: Mapping[str, Sequence[FinishedVideo]]
    statistics: Mapping[str, SetStatistics]
    agreement: Sequence[PairAgreement]
    changes: str

    @property
    def videos(self) -> list[FinishedVideo]:
        """All videos."""
        return [video for videos in self.splits.values() for video in videos]


def card(content: Card) -> str:
    """Return the data card as Markdown with the hub's header."""
    record = content.record
    sections = [
        _header(content),
        f"# {markdown_text(record.name)}, version {record.number}",
        _opening(content),
        "## Use",
        _use(content),
        "## Splits",
        markdown([_splits_table(content)]).partition("\n\n")[2].strip(),
        *(f"- {markdown_text(note)}." for note in record.notes),
        "## How it was made",
        _making(content),
        "## Agreement of annotators",
        _agreement(content.agreement),
        "## Statistics",
        _statistics(content),
        "## Licences and sources",
        _licences(content.videos),
        "## Limitations",
        _limitations(content),
        "## Changes",
        f"Version {record.number} ({record.date}): {content.changes}. `CHANGELOG.md` lists all "
        "versions, and `audit.jsonl` every mark that changed since the last one.",
        "## Citation",
        _citation(content),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _header(content: Card) -> str:
    """Return the front matter; JSON strings are valid YAML."""
    licences = sorted({video.video.licence for video in content.videos})
    known = licences[0].lower() if len(licences) == 1 else "other"
    number = len(content.videos)
    size = next((name for most, name in LARGEST_CATEGORIES if number < most), "100K<n<1M")
    lines = ["---", f"pretty_name: {json.dumps(content.record.name)}"]
    if known in HUB_LICENCES:
        lines.append(f"license: {known}")
    else:
        lines += ["license: other", f"license_name: {json.dumps(', '.join(licences)[:200])}"]
    lines += [
        "task_categories:",
        "- video-text-to-text",
        "tags:",
        "- jumpscore",
        "- temporal-grounding",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
    ]
    for name in content.splits:
        lines += [f"  - split: {name}", f"    path: {name}/data/*.parquet"]
    return "\n".join([*lines, "---"])


def _opening(content: Card) -> str:
    videos = content.videos
    events = sum(len(video.marks) for video in videos)
    minutes = sum(video.video.duration for video in videos) / 60
    event = content.event
    return (
        f"{plural(events, 'event')} in {plural(len(videos), 'video')} ({minutes:.1f} minutes). The "
        f"event is *{markdown_text(event.name)}*, marked at {markdown_text(event.definition)}. "
        "Models are asked to list the time of every event."
    )


def _use(content: Card) -> str:
    task = "jumpscore" if content.event == EVENTS["jump_rope"] else "repetitions"
    names = list(content.splits)
    first = "test" if "test" in names else names[0]
    return (
        f"```console\n$ jumpscore run model=motion task={task} task.data=./{first}\n"
        "$ sha256sum --quiet -c SHA256SUMS\n```\n\n"
        "Rows are in `<split>/data/*.parquet` with the columns `id`, `video_path`, `question` and "
        "`answer`; an answer is a JSON list of seconds. `<split>/manifest.json` has the facts "
        "about every video."
    )


def _splits_table(content: Card) -> Table:
    rows = []
    for name, numbers in content.statistics.items():
        share = content.record.shares.get(name)
        rows.append(
            (
                name,
                f"{numbers.videos:,}",
                f"{numbers.groups:,}",
                f"{numbers.events:,}",
                f"{numbers.seconds / 60:.1f}",
                "" if share is None else f"{100 * share:g}%",
            )
        )
    header = ("split", "videos", "groups", "events", "minutes", "wanted share")
    note = "Videos of one group (by default one source) are always in the same split."
    return Table("Splits", header, tuple(rows), (note,))


def _making(content: Card) -> str:
    counts = Counter(video.how for video in content.videos)
    people = sorted({name for video in content.videos for name in video.annotators})
    words: dict[How, str] = {
        "adjudicated": "disagreements were decided by a person",
        "consensus": "two or more people agreed; the median of their times was used",
        "single": "one person marked the video",
    }
    origins = Counter(mark.origin for video in content.videos for mark in video.marks)
    lines = [
        "A mark is the presentation time of a frame in seconds from the beginning of the file. "
        f"{plural(len(people), 'annotator')}: {', '.join(people) or 'none'}; names are not "
        "published.",
        "",
        *(
            f"- {plural(counts[how], 'video')}: {text}."
            for how, text in words.items()
            if counts[how]
        ),
        *(
            f"- {plural(origins[origin], 'mark')} {text}."
            for origin, text in ORIGIN_WORDS.items()
            if origins[origin]
        ),
        "",
        f"Made with jumpscore {__version__}.",
    ]
    return "\n".join(lines)


def _agreement(pairs: Sequence[PairAgreement]) -> str:
    if not pairs:
        return "No video was finished by two people, so agreement is not known."
    header = (
        "annotators",
        "videos",
        *(f"F1 at {tolerance:g} s" for tolerance in TOLERANCES),
        "bias (s)",
        "spread (s)",
    )
    rows = tuple(
        (
            " and ".join(pair.annotators),
            f"{len(pair.videos):,}",
            *(_percent(estimate) for estimate in pair.f1),
            _seconds(pair.bias),
            _seconds(pair.spread),
        )
        for pair in pairs
    )
    notes = (
        "F1 of one person's marks against the other's, mean over videos with a 95% interval. The "
        "bias is positive if the second person marks later.",
    )
    return markdown([Table("Agreement", header, rows, notes)]).partition("\n\n")[2].strip()


def _percent(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "-"
    low, high = estimate.ci_low, estimate.ci_high
    within = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * estimate.mean:.1f}%{within}"


def _seconds(estimate: Estimate) -> str:
    return "-" if estimate.mean is None else f"{estimate.mean:.3f}"


def _statistics(content: Card) -> str:
    rows = []
    for name, numbers in content.statistics.items():
        spreads = {
            "events per video": numbers.events_per_video,
            "seconds between events": numbers.gap,
            "events per second": numbers.rate,
            "duration (s)": numbers.duration,
        }
        for what, spread in spreads.items():
            rows.append((f"{name}: {what}", *_cells(spread)))
    header = ("split", "least", "quarter", "median", "three quarters", "most")
    table = markdown([Table("Statistics", header, tuple(rows))]).partition("\n\n")[2].strip()
    pictures = [
        f"![{figure.title}]({PLOTS}/{name}.svg)" for name, figure in figures(content.videos).items()
    ]
    return "\n\n".join([table, "\n".join(pictures)])


def _cells(spread: Spread | None) -> tuple[str, ...]:
    if spread is None:
        return ("-",) * 5
    numbers = (spread.least, spread.quarter, spread.median, spread.three_quarters, spread.most)
    return tuple(f"{number:.3f}".rstrip("0").rstrip(".") for number in numbers)


def _licences(videos: Sequence[FinishedVideo]) -> str:
    counts = Counter((video.video.licence, video.video.source) for video in videos)
    rows = tuple(
        (licence, source, f"{count:,}") for (licence, source), count in sorted(counts.items())
    )
    table = Table("Licences", ("licence", "source", "videos"), rows, numbers=False)
    return markdown([table]).partition("\n\n")[2].strip()


def _limitations(content: Card) -> str:
    videos, record = content.videos, content.record
    single = sum(video.how == "single" for video in videos)
    flagged = sum(mark.flagged for video in videos for mark in video.marks)
    empty = sum(not video.marks for video in videos)
    coarsest = max((1 / video.video.fps for video in videos if video.video.fps > 0), default=0.0)
    lines = [
        "A time is no more exact than the distance between two frames, here up to "
        f"{seconds(coarsest)} s."
    ]
    if single:
        lines.append(
            f"{single:,} of {plural(len(videos), 'video')} were marked by one person only."
        )
    if flagged:
        lines.append(f"The annotators were unsure about {plural(flagged, 'mark')}.")
    if empty:
        lines.append(f"Videos without events: {empty:,}. There, an empty list is the right answer.")
    least = content.event.least_gap
    if close := sum(gap < least for gap in gaps_of(videos)):
        lines.append(
            f"Neighbouring events less than {least:g} s apart, which may be mistakes: {close:,}."
        )
    if record.left_out:
        lines.append(
            f"Videos of the project that were left out, because their marks were not final: "
            f"{record.left_out:,}."
        )
    lines.append("The videos show what their sources offered; they represent no population.")
    return "\n".join(f"- {line}" for line in lines)


def _citation(content: Card) -> str:
    record = content.record
    key = "".join(letter for letter in record.name.lower() if letter.isalnum()) or "data"
    title = record.name.replace("{", "").replace("}", "")
    return (
        "```bibtex\n"
        f"@misc{{{key}{record.number},\n"
        f"  title = {{{title}, version {record.number}}},\n"
        f"  year = {{{record.date[:4]}}},\n"
        f"  note = {{Data set with {len(content.videos)} videos, made with jumpscore}}\n"
        "}\n```"
    )
