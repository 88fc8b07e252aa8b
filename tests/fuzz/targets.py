"""All targets by name."""

from __future__ import annotations

from tests.fuzz import answers, records, sources
from tests.fuzz.target import Target

ALL: dict[str, Target] = {
    target.name: target for module in (answers, records, sources) for target in module.targets()
}
