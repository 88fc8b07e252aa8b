"""Pure functions on answers: parsing, matching, metrics and confidence intervals."""

from jumpscore.scoring.controls import grid_times, half_period
from jumpscore.scoring.events import EventScores, event_scores, ranked_ap
from jumpscore.scoring.intervals import Ratio, bootstrap
from jumpscore.scoring.matching import Pair, count_pairs, match_events
from jumpscore.scoring.paired import TOO_FEW, Comparison, compare
from jumpscore.scoring.parsing import parse_count, parse_times
from jumpscore.scoring.ranking import RankedModel, Ranking, rank
from jumpscore.scoring.readers import ReferenceCrashError
from jumpscore.scoring.reference import TOLERANCES, reference_ap, reference_map
from jumpscore.scoring.reference_times import parse_reference

__all__ = [
    "TOLERANCES",
    "TOO_FEW",
    "Comparison",
    "EventScores",
    "Pair",
    "RankedModel",
    "Ranking",
    "Ratio",
    "ReferenceCrashError",
    "bootstrap",
    "compare",
    "count_pairs",
    "event_scores",
    "grid_times",
    "half_period",
    "match_events",
    "parse_count",
    "parse_reference",
    "parse_times",
    "rank",
    "ranked_ap",
    "reference_ap",
    "reference_map",
]
