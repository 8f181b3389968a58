// SPDX-License-Identifier: Apache-2.0
//! That the runner fails where it has to: at every expectation that is changed, and at what it does not know.
use crate::arrays::{crc32, splitmix64};
use crate::vectors::{self, parse, Case};
use crate::{run, setup};

/// Another value of the same form.
fn changed(path: &str, value: &str) -> String {
    let first_changed = |value: &str| {
        let mut numbers = vectors::numbers::<i128>(value).ok()?;
        match numbers.first_mut() {
            Some(first) => *first += 1,
            None => numbers.push(1),
        }
        Some(numbers.iter().map(i128::to_string).collect::<Vec<_>>().join(" "))
    };
    if path.ends_with(".dtype") {
        return if value == "int8" { "int16" } else { "int8" }.to_owned();
    }
    if path.ends_with(".hex") || path == "expect.file" {
        let mut text = value.to_owned();
        let last = text.pop().and_then(|digit| digit.to_digit(16));
        return last.map_or("00".to_owned(), |last| format!("{text}{:x}", last ^ 1));
    }
    // A number in a message may stand elsewhere in it with another digit.
    let number = if path == "expect.message" { None } else { first_changed(value) };
    number.unwrap_or_else(|| format!("{value}X"))
}

#[test]
fn every_changed_expectation_is_noticed() {
    let setup = setup(1);
    let mut count = 0;
    let mut unnoticed = Vec::new();
    for case in vectors::load() {
        for line in 0..case.lines.len() {
            let (path, value) = &case.lines[line];
            if !path.starts_with("expect.") {
                continue;
            }
            let mut lines = case.lines.clone();
            lines[line].1 = changed(path, value);
            count += 1;
            if run(&setup, &Case::new(&case.name, lines)).is_ok() {
                unnoticed.push(format!("{}: {path} {value}", case.name));
            }
        }
    }
    assert!(count > 2000, "{count} expectations only");
    assert!(unnoticed.is_empty(), "{} of {count} changes are not noticed:\n{}", unnoticed.len(), unnoticed.join("\n"));
}

const GOOD: &str = "case file/name\noperation graph\nindptr.dtype int64\nindptr.values 0\nindices.dtype int64\n\
                    indices.values\nexpect.status OK\nexpect.num_nodes 0\nexpect.num_edges 0\nend\n";

#[test]
fn what_is_not_known_is_refused() {
    let setup = setup(1);
    let fails = |text: &str| parse(text).map_or(true, |cases| cases.iter().any(|case| run(&setup, case).is_err()));
    assert!(!fails(GOOD), "a good case fails");
    for (what, text) in [
        ("an unknown operation", GOOD.replace("operation graph", "operation scramble")),
        ("no operation", GOOD.replace("operation graph\n", "")),
        ("no expectation", GOOD.replace("expect.status OK\n", "")),
        ("an unknown member", GOOD.replace("end\n", "extra 1\nend\n")),
        ("an unknown member of an array", GOOD.replace("end\n", "indptr.extra 1\nend\n")),
        ("an unknown expectation", GOOD.replace("end\n", "expect.extra 1\nend\n")),
        ("an unknown dtype", GOOD.replace("indptr.dtype int64", "indptr.dtype int128")),
        ("a member that stands twice", GOOD.replace("end\n", "expect.num_nodes 0\nend\n")),
        ("a bad case after a good one", format!("{GOOD}{}", GOOD.replace("num_edges 0", "num_edges 1"))),
        ("a case without an end", GOOD.replace("end\n", "")),
        ("a line outside of a case", format!("{GOOD}indptr.values 0\n")),
        ("no cases", String::new()),
    ] {
        assert!(fails(&text), "succeeds with {what}");
    }
}

#[test]
fn arrays_are_made_as_the_vectors_say() {
    // The check value of zlib's CRC-32; and the first numbers of SplitMix64 from 0, as its authors' program prints them.
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    let mut state = 0;
    assert_eq!(splitmix64(&mut state), 0xe220_a839_7b1d_cdaf);
    assert_eq!(splitmix64(&mut state), 0x6e78_9e6a_a1b9_65f4);
}
