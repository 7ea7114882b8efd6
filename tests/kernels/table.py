# SPDX-License-Identifier: BSD-2-Clause
"""table.py COLUMN=LOG...: what the guard did on emulated machines (guest), as a Markdown table, kernel by feature.

Lines of a log: TAP; "# row NAME" names the row of the tests that follow; "# cell TEXT" says more than yes in it;
"# lack NAME" is what status says that the kernel has not; "# figure NAME | NUMBER". No such log: the kernel was not tried.
"""
import os
import re
import sys


class Column:
    def __init__(self, path):
        self.tried = os.path.exists(path)
        self.rows, self.lacks, self.figures = {}, {}, {}
        if self.tried:
            with open(path, encoding="utf-8", errors="replace") as file:
                self.read(file)

    def read(self, lines):
        row = None
        for line in lines:
            mark, _, text = line.strip().removeprefix("# ").partition(" ")
            if mark == "row":
                row = text
            elif mark == "cell":
                self.rows[row] = text
            elif mark == "lack":
                self.lacks[f"the kernel has `{text}`"] = "no, `status` says so"
            elif mark == "figure":
                name, _, number = text.partition(" | ")
                self.figures[name] = f"{int(number):,}"
            elif row and line.startswith("ok "):
                self.rows.setdefault(row, "yes")
            elif row and line.startswith("not ok "):
                self.rows[row] = "**no**"


def rows_of(columns):
    """Names and cells; what a column has nothing about did not come to pass there, and is no lack."""
    for part, absent in (("rows", "**no**"), ("lacks", "yes"), ("figures", "-")):
        for name in dict.fromkeys(name for column in columns for name in getattr(column, part)):
            yield name, *(getattr(column, part).get(name, absent) if column.tried else "-" for column in columns)


def main(arguments):
    columns = {name: Column(log) for name, log in (argument.split("=", 1) for argument in arguments)}
    print(f"| Linux | {' | '.join(columns)} |")
    print("| --- " * (1 + len(columns)) + "|")
    for cells in rows_of(columns.values()):
        print(f"| {' | '.join(cells)} |")


main(sys.argv[1:])
