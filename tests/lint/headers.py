# SPDX-License-Identifier: Apache-2.0
"""What every public header has to have: a guard, C linkage, and a comment on each thing it declares."""
import pathlib
import re

# Parameters of these names mean the same in every function, as the top of unitensor.h says.
CONVENTIONAL = {"error", "context", "stream", "user_data"}
# Sets of constants whose names say everything.
SELF_EXPLAINING = {"UNI_LOG_ERROR", "UNI_ARRAY_READ_ONLY", "UNI_MAX_NDIM", "UNI_MAX_HOPS", "UNI_ERROR_MESSAGE_SIZE",
                   "UNI_BACKEND_ABI_VERSION"}
SELF_EXPLAINING_STRUCTS = {"uni_scatter_plan"}
FUNCTION = re.compile(r"(?P<comment>/\*\*(?:(?!\*/).)*\*/\s*)?^UNI_API (?P<result>[^;]*?)\b(?P<name>uni_\w+)\("
                      r"(?P<parameters>[^;]*)\);", re.MULTILINE | re.DOTALL)
STRUCT = re.compile(r"(?P<comment>\*/\n)?^typedef struct (?P<name>uni_\w+) \{(?P<body>.*?)^\} (?P=name);",
                    re.MULTILINE | re.DOTALL)
ENUM = re.compile(r"(?P<comment>\*/\n)?^enum \{(?P<body>.*?)\};", re.MULTILINE | re.DOTALL)


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment.group().count("\n"), text, flags=re.DOTALL)


def function_names(text: str) -> list[str]:
    return [found["name"] for found in FUNCTION.finditer(text)]


def parameter_names(parameters: str) -> list[str]:
    return [] if parameters.strip() == "void" else [re.findall(r"\w+", part)[-1] for part in parameters.split(",")]


def check_function(found: re.Match[str]) -> list[str]:
    comment, result, name = found["comment"] or "", found["result"].strip(), found["name"]
    if not comment:
        return [f"{name}: no comment"]
    problems = [f"{name}: no {part}" for part in ("@threads", "@since") if part not in comment]
    # "As uni_x" passes on to another function's comment.
    refers = re.search(r"\b[Aa]s uni_\w+", comment) is not None
    if result == "uni_status":
        if "@return" not in comment and not refers:
            problems.append(f"{name}: no @return")
        if re.search(r"\buni_\w+ \*\*", found["parameters"]) and "@on_error" not in comment:
            problems.append(f"{name}: no @on_error")
        if "error" not in parameter_names(found["parameters"]):
            problems.append(f"{name}: no uni_error")
        if "context" not in name and "version" not in name and not refers:
            text = re.sub(r"@(?:param(?:\[[\w,]+\])?|p)\s+", "@", comment)
            for parameter in parameter_names(found["parameters"]):
                mentioned = re.search(rf"@(?:\w+,)*{parameter}\b|\*{parameter} is NULL|{parameter} tensor", text)
                if parameter not in CONVENTIONAL and not mentioned and f"_{parameter}_" not in name:
                    problems.append(f"{name}: nothing about {parameter}")
    return problems


def check_header(path: pathlib.Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    code = without_comments(text)
    problems = []
    guard = f"UNITENSOR_{path.stem.upper()}_H"
    if not re.search(rf"#ifndef {guard}\n#define {guard}\n.*#endif\s*$", code, re.DOTALL):
        problems.append(f"no include guard {guard}")
    if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n/** @file " + path.name + " "):
        problems.append("does not begin with the licence and @file")
    for name in re.findall(r"#include <(.*)>", code):
        if name not in ("stdint.h", "stddef.h"):
            problems.append(f"includes <{name}>")

    # A declaration of a function, with or without the marker, has to stand inside of extern "C".
    linkage = re.search(r'#ifdef __cplusplus\nextern "C" \{\n#endif\n(.*)#ifdef __cplusplus\n\}\n#endif\n', code,
                        re.DOTALL)
    marked = set(function_names(text))
    for statement in re.split(r"[;{}]", re.sub(r"^#.*(?:\\\n.*)*", "", code, flags=re.MULTILINE)):
        declared = re.search(r"\b(uni_\w+)\(", statement)
        if declared and "typedef" not in statement and declared.group(1) not in marked:
            problems.append(f"{declared.group(1)} has no UNI_API")
    outside = code.replace(linkage.group(1), "") if linkage else code
    problems += [f'{name} is outside of extern "C"'
                 for name in re.findall(r"^UNI_API .*?\b(uni_\w+)\(", outside, re.MULTILINE)]

    for found in FUNCTION.finditer(text):
        problems += check_function(found)
    for found in STRUCT.finditer(text):
        if not found["comment"] and "/**<" not in found["body"] and found["name"] not in SELF_EXPLAINING_STRUCTS:
            problems.append(f"{found['name']}: no comment")
    for found in ENUM.finditer(text):
        body = without_comments(found["body"])
        names = re.findall(r"\b(UNI_\w+)", body)
        after = text[found.end():].split("\n", 1)[0]
        if not (found["comment"] or "/**<" in found["body"] + after or names[0] in SELF_EXPLAINING):
            problems.append(f"{names[0]}: no comment")
        for entry in filter(str.strip, body.split(",")):
            if not re.fullmatch(r"\s*UNI_\w+\s*=\s*-?\d+\s*", entry):
                problems.append(f"{entry.strip()}: not written as NAME = value")
    return [f"include/unitensor/{path.name}: {problem}" for problem in problems]


def check(root: pathlib.Path) -> list[str]:
    headers = sorted((root / "include" / "unitensor").glob("*.h"))
    if not headers:
        return ["no headers"]
    problems = [problem for header in headers for problem in check_header(header)]
    listed = set(re.findall(r"'unitensor/(\w+\.h)'", (root / "include" / "meson.build").read_text(encoding="utf-8")))
    problems += [f"include/unitensor/{header.name}: is not installed" for header in headers
                 if header.name not in listed]
    return problems
