"""``jumpscore reproduce fig5``."""

from __future__ import annotations

from pathlib import Path

from jumpscore.cli.console import notes, output, print_json
from jumpscore.studies.reproduction.token_curves import find_ablations, token_curves


def present_fig5(folder: Path, out: Path | None = None, *, as_json: bool = False) -> None:
    """Print figure 5 over visual tokens, with the ablations in a folder, and write its page.

    Args:
        folder: Folder of an ablation, or a folder that contains some; it may be missing.
        out: Path of the page; none is written without it.
        as_json: Whether to print JSON instead of tables.
    """
    curves = token_curves(find_ablations(folder))
    if out is not None:
        from jumpscore.report.token_curves import write_token_page

        notes().print(f"page: {write_token_page(curves, out)}", style="dim", soft_wrap=True)
    if as_json:
        print_json(curves.to_json())
        return
    from jumpscore.report.token_curves import token_table

    output().print(token_table(curves))
