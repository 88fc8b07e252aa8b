"""The strict parsers of times and counts, under the path that other packages import."""

from jumpscore.answers.counts import parse_count
from jumpscore.answers.reasoning import answer_window
from jumpscore.answers.times.parse import parse_times

__all__ = ["answer_window", "parse_count", "parse_times"]
