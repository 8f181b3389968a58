// SPDX-License-Identifier: Apache-2.0
//! The file of cases: lines from `case FILE/NAME` to `end`, between them a member's path and its value. It is written by
//! tests/conformance/flatten.py of the source tree; the README there says what the members mean.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// Why a case has failed.
#[derive(Debug)]
pub struct Failure(pub String);

pub type Checked<T = ()> = Result<T, Failure>;

impl From<unitensor::Error> for Failure {
    fn from(error: unitensor::Error) -> Failure {
        Failure(format!("{}: {error}", error.status_name()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Fails the case unless something holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::vectors::Failure(format!($($message)+)));
        }
    };
}

/// A case, and which of its members have been looked at.
pub struct Case {
    pub name: String,
    pub lines: Vec<(String, String)>,
    seen: RefCell<BTreeSet<String>>,
}

impl Case {
    pub fn new(name: &str, lines: Vec<(String, String)>) -> Case {
        Case { name: name.to_owned(), lines, seen: RefCell::default() }
    }

    /// The values of a member that may stand on several lines.
    pub fn texts(&self, path: &str) -> Vec<&str> {
        self.seen.borrow_mut().insert(path.to_owned());
        self.lines.iter().filter(|(name, _)| name == path).map(|(_, value)| value.as_str()).collect()
    }

    pub fn optional(&self, path: &str) -> Checked<Option<&str>> {
        let values = self.texts(path);
        ensure!(values.len() < 2, "{path} stands on {} lines", values.len());
        Ok(values.first().copied())
    }

    pub fn text(&self, path: &str) -> Checked<&str> {
        self.optional(path)?.ok_or_else(|| Failure(format!("{path} is missing")))
    }

    pub fn has(&self, prefix: &str) -> bool {
        self.lines.iter().any(|(name, _)| name.strip_prefix(prefix).map_or(false, |rest| rest.starts_with('.')))
    }

    pub fn numbers<T: std::str::FromStr>(&self, path: &str) -> Checked<Vec<T>> {
        numbers(self.text(path)?)
    }

    pub fn number<T: std::str::FromStr>(&self, path: &str) -> Checked<T> {
        let mut all = self.numbers(path)?;
        ensure!(all.len() == 1, "{path} is not one number");
        Ok(all.remove(0))
    }

    pub fn bytes(&self, path: &str) -> Checked<Vec<u8>> {
        let text = self.text(path)?;
        let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()),
            _ => Err(Failure(format!("{path} is not in hexadecimal digits"))),
        }
    }

    /// A reader fails at members that it does not know.
    pub fn require_all_seen(&self) -> Checked {
        let seen = self.seen.borrow();
        let unknown: Vec<_> = self.lines.iter().map(|(path, _)| path).filter(|path| !seen.contains(*path)).collect();
        ensure!(unknown.is_empty(), "the members {unknown:?} are not known");
        Ok(())
    }
}

pub fn numbers<T: std::str::FromStr>(text: &str) -> Checked<Vec<T>> {
    text.split_whitespace()
        .map(|number| number.parse().map_err(|_| Failure(format!("\"{number}\" is no number of its type"))))
        .collect()
}

/// Every case of a file.
pub fn parse(text: &str) -> Checked<Vec<Case>> {
    let mut cases = Vec::new();
    let mut open: Option<(String, Vec<(String, String)>)> = None;
    for line in text.lines() {
        let (path, value) = line.split_once(' ').unwrap_or((line, ""));
        open = match (path, open) {
            ("case", None) => Some((value.to_owned(), Vec::new())),
            ("end", Some((name, lines))) => {
                cases.push(Case::new(&name, lines));
                None
            }
            (_, Some((name, mut lines))) => {
                lines.push((path.to_owned(), value.to_owned()));
                Some((name, lines))
            }
            (_, None) => return Err(Failure(format!("\"{line}\" stands outside of a case"))),
        };
    }
    ensure!(open.is_none(), "the last case has no end");
    ensure!(!cases.is_empty(), "there are no cases");
    Ok(cases)
}

/// The cases of the file that the environment names.
pub fn load() -> Vec<Case> {
    let path = std::env::var_os("UNITENSOR_CONFORMANCE").unwrap_or_else(|| {
        panic!(
            "UNITENSOR_CONFORMANCE is not set; it names the conformance cases as lines, which are made by \
             tests/conformance/flatten.py OUTPUT tests/conformance/vectors/*.json"
        )
    });
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("UNITENSOR_CONFORMANCE: {path:?}: {error}"));
    let cases = parse(&text).unwrap_or_else(|failure| panic!("UNITENSOR_CONFORMANCE: {path:?}: {failure}"));
    assert!(cases.len() > 500, "{path:?} has {} cases, expected more than 500", cases.len());
    cases
}
