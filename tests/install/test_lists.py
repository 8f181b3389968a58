# SPDX-License-Identifier: Apache-2.0
"""What the packaging repeats of the sources, compared with them."""
from __future__ import annotations

import re
import unittest

from installation import SOURCE


def found(pattern: str, *path: str) -> list[str]:
    return re.findall(pattern, SOURCE.joinpath(*path).read_text(encoding="utf-8"), re.MULTILINE)


class ListsTest(unittest.TestCase):
    def test_debian_symbols_are_those_of_the_version_script(self) -> None:
        exported = found(r"^    (uni_\w+);$", "src", "unitensor.map")
        self.assertTrue(exported)
        self.assertEqual(found(r"^ (uni_\w+)@UNI_0 \d+\.\d+\.\d+$", "debian", "libunitensor0.symbols"), exported)

    def test_the_version_is_the_same_everywhere(self) -> None:
        version, = found(r"^  version: '(.*)',$", "meson.build")
        self.assertEqual(found(r'^#define UNI_VERSION_STRING "(.*)"$', "include", "unitensor", "version.h"), [version])
        self.assertEqual(found(r"^unitensor \((.*)-\d+\)", "debian", "changelog")[0], version)
        self.assertEqual(found(r"^\.Os unitensor (.*)$", "tools", "unitensor.1"), [version])
        major, minor, _ = map(int, version.split("."))
        self.assertEqual(found(r"version: \['(.*)', '(.*)'\]", "meson.build"),
                         [(f">={major}.{minor}", f"<{major}.{minor + 1}")])
