from __future__ import annotations

import pytest

from jumpscore.builder.ingest.provenance import Provenance, state_provenance
from jumpscore.errors import DataError, UsageError

DEFAULT = Provenance("CC-BY-4.0", "club")


def write(tmp_path, text, encoding="utf-8"):
    table = tmp_path / "videos.csv"
    table.write_text(text, encoding=encoding)
    return table


def test_provenance_without_table():
    statements = state_provenance({"a.mp4": DEFAULT}, None)
    assert (statements.stated, statements.corrections) == ({"a.mp4": DEFAULT}, {"a.mp4": {}})


def test_cells_replace_the_default(tmp_path):
    table = write(
        tmp_path, "file,licence,source,label,group\nsub/a.mp4,CC0-1.0,,squat,g\nb.mp4,,home,,\n"
    )
    statements = state_provenance(dict.fromkeys(["sub/a.mp4", "x/b.mp4", "c.mp4"], DEFAULT), table)
    stated = statements.stated
    assert stated["sub/a.mp4"] == Provenance("CC0-1.0", "club", "squat", "g")
    assert stated["x/b.mp4"] == Provenance("CC-BY-4.0", "home")
    assert stated["c.mp4"] == DEFAULT
    assert statements.corrections["x/b.mp4"] == {"source": "home"}


def test_table_of_a_spreadsheet(tmp_path):
    table = write(tmp_path, "File;Licence;Source\r\nsub\\a.mp4;MIT;x\r\n", encoding="utf-8-sig")
    statements = state_provenance({"sub/a.mp4": Provenance()}, table)
    assert statements.stated == {"sub/a.mp4": Provenance("MIT", "x")}


@pytest.mark.parametrize("column", ["licence", "source"])
def test_missing_statement_is_an_error(column):
    partial = Provenance(**{"licence": "a", "source": "b", column: ""})
    with pytest.raises(
        UsageError, match=rf"the {column} is missing for 1 of \d videos \(a\.mp4\); add --{column}"
    ):
        state_provenance({"a.mp4": partial, "b.mp4": DEFAULT}, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,license\na.mp4,MIT\n", "has the columns file, license; allowed are"),
        ("licence\nMIT\n", "'file' is required"),
        ("file,licence\na.mp4,MIT\na.mp4,CC0\n", "'a.mp4' has two rows"),
        ("", "has no header"),
    ],
)
def test_malformed_table_is_an_error(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        state_provenance({"a.mp4": DEFAULT}, write(tmp_path, text))


def test_row_without_a_file_is_an_error(tmp_path):
    table = write(tmp_path, "file,licence\nb.mp4,MIT\n")
    with pytest.raises(UsageError, match=r"the row of 'b\.mp4' belongs to 0 files"):
        state_provenance({"a.mp4": DEFAULT}, table)


def test_row_of_two_files_is_an_error(tmp_path):
    table = write(tmp_path, "file,licence\na.mp4,MIT\n")
    with pytest.raises(UsageError, match="belongs to 2 files"):
        state_provenance({"x/a.mp4": DEFAULT, "y/a.mp4": DEFAULT}, table)


def test_long_text_is_an_error():
    with pytest.raises(UsageError, match="licence has more than 500 characters"):
        state_provenance({"a.mp4": Provenance("x" * 501, "y")}, None)


def test_unreadable_table_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        state_provenance({"a.mp4": DEFAULT}, tmp_path / "gone.csv")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        state_provenance({"a.mp4": DEFAULT}, write(tmp_path, "file\n\xe9.mp4\n", "latin-1"))
