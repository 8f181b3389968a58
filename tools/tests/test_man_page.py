# SPDX-License-Identifier: Apache-2.0
"""The man page against the command's own arguments, and against what formats it."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

COMMAND = pathlib.Path(os.environ["UNITENSOR_COMMAND"])
PAGE = pathlib.Path(os.environ["UNITENSOR_MAN_PAGE"])


def options_of_page():
    """By subcommand: the options that have an item in its section."""
    options = {}
    for title, body in re.findall(r"^\.S[sh] (.*)\n((?:(?!\.S[sh] ).*\n)*)", PAGE.read_text(), re.MULTILINE):
        name = title if title.startswith("unitensor ") else "unitensor"
        for item in re.findall(r"^\.It (Fl .*)$", body, re.MULTILINE):
            options.setdefault(name, set()).update("-" + option for option in re.findall(r"Fl (\S+)", item))
    return options


def options_of_parser(parser, name="unitensor"):
    options = {name: set()}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subcommand, child in action.choices.items():
                options.update(options_of_parser(child, f"{name} {subcommand}"))
        elif name == "unitensor" or not isinstance(action, argparse._HelpAction):
            options[name].update(action.option_strings)
    return {name: found for name, found in options.items() if found}


def test_every_option_is_in_the_page_and_no_other():
    sys.path[:0] = [str(COMMAND.parent), str(COMMAND.parent.parent / "bindings" / "python")]
    from unitensor_tools.cli import make_parser

    assert options_of_page() == options_of_parser(make_parser())


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_it_is_formatted_without_a_warning():
    done = subprocess.run(
        ["man", "--warnings", "-l", str(PAGE)],
        capture_output=True,
        text=True,
        env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--table-size SIZE" in done.stdout and "EXIT STATUS" in done.stdout
