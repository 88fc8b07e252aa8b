"""How often intervals over clips and trainings contain the truth. The table is in the docs.

Values are crossed random effects of clips and trainings, either normal, or squeezed into scores
between 0 and 1 with many zeros, in steps of an eighth. With 4,000 replicates the standard error of
a share of 95% is 0.3%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtrit

from jumpscore.scoring import Ratio
from jumpscore.scoring.trainings import estimate_trainings

REPLICATES = 4_000
RESAMPLES = 500
"""Bootstrap samples of the method of Owen 2007, in a tenth of the replicates."""


@dataclass(frozen=True, slots=True)
class Design:
    """Known truth of a simulation.

    Attributes:
        clips: Number of clips.
        count: Number of trainings.
        trainings: Standard deviation between trainings; that between clips is 1.
        rest: Standard deviation of what is particular to a clip and a training.
        scores: Whether values are squeezed into scores.
    """

    clips: int
    count: int
    trainings: float = 0.0
    rest: float = 0.7
    scores: bool = False

    def observed(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return what is observed of the underlying values."""
        if not self.scores:
            return values
        return np.where(values < -2.0, 0.0, np.round(expit(1.5 * (1 + values)) * 8) / 8)

    @property
    def truth(self) -> float:
        """Mean over all clips and trainings that could have been."""
        if not self.scores:
            return 0.0
        spread = np.sqrt(1.0 + self.trainings**2 + self.rest**2)
        values = spread * np.random.default_rng(0).normal(size=1_000_000)
        return float(self.observed(values).mean())


def simulated(design: Design, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return one value per clip and training, float64 [clips, trainings]."""
    clips = generator.normal(size=(design.clips, 1))
    trainings = design.trainings * generator.normal(size=(1, design.count))
    rest = design.rest * generator.normal(size=(design.clips, design.count))
    return design.observed(clips + trainings + rest)


def coverage(design: Design, *, replicates: int) -> tuple[float, float, float | None]:
    """Return how often intervals over both, over clips alone, and of the bootstrap are right.

    The second one is Student's t of the clips' means. The third is `None` for few replicates.
    """
    generator, truth = np.random.default_rng(1), design.truth
    quantile = stdtrit(design.clips - 1, 0.975)
    both = clips = 0
    drawn = []
    for replicate in range(replicates):
        cells = simulated(design, generator)
        estimate, _ = estimate_trainings([Ratio.mean(column) for column in cells.T])
        both += estimate.ci_low <= truth <= estimate.ci_high
        stderr = cells.mean(axis=1).std(ddof=1) / np.sqrt(design.clips)
        clips += abs(cells.mean() - truth) <= quantile * stderr
        if replicates >= 1000 and replicate % 10 == 0:
            drawn.append(_bootstrap_covers(cells, truth, generator))
    owen = float(np.mean(drawn)) if drawn else None
    return both / replicates, clips / replicates, owen


def _bootstrap_covers(cells: npt.NDArray[np.float64], truth: float,
                      generator: np.random.Generator) -> bool:  # fmt: skip
    """Whether a percentile bootstrap of clips and, independently, trainings contains the truth."""
    n, m = cells.shape
    rows = generator.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    columns = generator.multinomial(m, np.full(m, 1 / m), RESAMPLES) / m
    low, high = np.quantile(((rows @ cells) * columns).sum(axis=1), (0.025, 0.975))
    return bool(low <= truth <= high)


def main(replicates: int = REPLICATES) -> None:
    """Print the coverage of 95% intervals."""
    print(f"{replicates} replicates; 95% intervals over clips and trainings contain the truth in")
    for scores in (False, True):
        for spread in (0.0, 0.1, 0.3, 1.0):
            for count in (2, 3, 5):
                design = Design(40, count, trainings=spread, scores=scores)
                both, clips, owen = coverage(design, replicates=replicates)
                print(
                    f"{'scores' if scores else 'normal'}, {design.clips} clips, {count} trainings "
                    f"that differ by {spread:g}: {both:.1%}; over clips alone {clips:.1%}"
                    + ("" if owen is None else f"; bootstrap {owen:.1%}"),
                    flush=True,
                )


if __name__ == "__main__":
    main()
