"""Questions that need several runs: ablations, comparisons, parity with a reference."""

from jumpscore.studies.compare import compare_runs, compared_metrics, rank_runs

__all__ = ["compare_runs", "compared_metrics", "rank_runs"]
