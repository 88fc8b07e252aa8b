"""``jumpscore data``: a table of its commands."""

from __future__ import annotations

from jumpscore.cli.commands import group

app = group(
    {
        "synthesize": (
            "jumpscore.cli.data.synthesize:synthesize_set",
            "Render jump-rope videos with known event times.",
        ),
        "import": (
            "jumpscore.cli.data.import_:import_files",
            "Write a data set from annotation files of ELAN, BORIS, CVAT and other tools.",
        ),
        "ingest": (
            "jumpscore.cli.data.ingest:ingest_files",
            "Create a project from videos of your own: check them, recognise copies, store them.",
        ),
        "propose": (
            "jumpscore.cli.data.propose:propose_times",
            "Ask a model for candidate times in the videos of a project.",
        ),
        "annotate": (
            "jumpscore.cli.data.annotate:annotate_project",
            "Mark events in the videos of a project on a local page.",
        ),
        "verify": (
            "jumpscore.cli.data.verify:verify_marks",
            "Compare annotators, check marks and list what is left to decide.",
        ),
        "freeze": (
            "jumpscore.cli.data.freeze:freeze_set",
            "Freeze a project as a version with splits, checksums and a data card.",
        ),
        "export": (
            "jumpscore.cli.data.export:export_files",
            "Write a data set or a version as files of ELAN, BORIS, WebVTT and other formats.",
        ),
        "list": (
            "jumpscore.cli.data.list:list_sets",
            "List the named data sets and which of them are on this machine.",
        ),
        "info": (
            "jumpscore.cli.data.info:describe_set",
            "Describe a data set; with --check, verify its files.",
        ),
        "ids": (
            "jumpscore.cli.data.ids:list_ids",
            "List the sample ids of a data set, which an answers file needs.",
        ),
        "template": (
            "jumpscore.cli.data.template:write_template",
            "Write an answers file with the ids of a data set and empty answers.",
        ),
        "fetch": (
            "jumpscore.cli.data.fetch:fetch_named",
            "Download a data set (needs a network), verify it, resume if interrupted.",
        ),
        "lmms": (
            "jumpscore.cli.data.lmms:export_set",
            "Export a data set to lmms-eval as an external task.",
        ),
    },
    help="Create, inspect and fetch data sets.",
)
