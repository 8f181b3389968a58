// SPDX-License-Identifier: Apache-2.0
//! Finds the C library: by `UNITENSOR_LIB_DIR`, else by asking the program pkg-config, without a crate for it.
use std::env;
use std::process::{Command, ExitCode};

const AT_LEAST: &str = "0.1.0";
/// Exclusive: before 1.0 a minor version may break the binary interface.
const BELOW: &str = "0.2.0";

/// A variable of the environment; the build is repeated when it changes.
fn variable(name: &str) -> Option<String> {
    println!("cargo:rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

struct PkgConfig {
    program: String,
}

impl PkgConfig {
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let command = format!("{} {}", self.program, arguments.join(" "));
        let output = Command::new(&self.program)
            .args(arguments)
            .output()
            .map_err(|error| format!("`{command}` cannot be run: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{command}` failed ({}):\n{}", output.status, said.trim()));
        }
        String::from_utf8(output.stdout)
            .map(|text| text.trim().to_owned())
            .map_err(|_| format!("`{command}` wrote what is not UTF-8"))
    }

    /// Tells cargo what to link, and dependents where the headers are.
    fn emit(&self) -> Result<(), String> {
        let at_least = format!("unitensor >= {AT_LEAST}");
        let below = format!("unitensor < {BELOW}");
        self.run(&["--print-errors", "--exists", &at_least, &below])?;
        // -L also for folders that the linker knows: a cross linker may not.
        let libraries = self.run(&["--libs", "--keep-system-libs", "unitensor"])?;
        for word in split(&libraries) {
            if let Some(folder) = word.strip_prefix("-L") {
                println!("cargo:rustc-link-search=native={folder}");
            } else if let Some(name) = word.strip_prefix("-l") {
                println!("cargo:rustc-link-lib={name}");
            }
        }
        let include = self.run(&["--variable=includedir", "unitensor"])?;
        if !include.is_empty() && env::var_os("UNITENSOR_INCLUDE_DIR").is_none() {
            println!("cargo:include={include}");
        }
        let prefix = self.run(&["--variable=prefix", "unitensor"])?;
        if !prefix.is_empty() {
            println!("cargo:root={prefix}");
        }
        Ok(())
    }
}

/// The words of pkg-config's output, in which a backslash keeps a blank in its word.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.extend(characters.next()),
            blank if blank.is_whitespace() => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn find_library() -> Result<(), String> {
    for name in ["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"] {
        variable(name);
    }
    let program = variable("PKG_CONFIG");
    let library = variable("UNITENSOR_LIB_DIR");
    if let Some(include) = variable("UNITENSOR_INCLUDE_DIR") {
        println!("cargo:include={include}");
    }
    if variable("DOCS_RS").is_some() {
        return Ok(());
    }
    if let Some(folder) = library {
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:rustc-link-lib=unitensor");
        return Ok(());
    }
    if program.is_none() && env::var_os("HOST") != env::var_os("TARGET") {
        return Err("pkg-config is not asked when building for another machine, since it would tell of this one; set \
                    PKG_CONFIG to that machine's"
            .to_owned());
    }
    PkgConfig { program: program.unwrap_or_else(|| "pkg-config".to_owned()) }.emit()
}

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build.rs");
    let why = match find_library() {
        Ok(()) => return ExitCode::SUCCESS,
        Err(why) => why,
    };
    eprintln!(
        "The C library unitensor ({AT_LEAST} or later, below {BELOW}) was not found: {why}\n\n\
         Install it (Debian: libunitensor-dev), or set PKG_CONFIG_PATH to the folder of unitensor.pc, or \
         UNITENSOR_LIB_DIR to the folder of libunitensor.so."
    );
    ExitCode::FAILURE
}
