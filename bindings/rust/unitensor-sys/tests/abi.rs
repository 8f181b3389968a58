// SPDX-License-Identifier: Apache-2.0
//! The bindings against the table of the binary interface that a C program prints (`tests/abi/abi.txt` in the source tree,
//! or the file that `UNITENSOR_ABI_TABLE` names): sizes, alignments, offsets, types of fields, constants, signatures.
//! Both ways: what the headers gain has to be here, and what is here has to be in the headers.
use std::collections::BTreeSet;
use std::fs;
use std::mem::{align_of, size_of, size_of_val, MaybeUninit};
use std::path::PathBuf;

const BINDINGS: &str = include_str!("../src/bindings.rs");

/// The lines of the table, without those of backend.h, which is for plugins and not part of unitensor.h.
fn table() -> Vec<String> {
    let path = match std::env::var_os("UNITENSOR_ABI_TABLE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/abi/abi.txt")),
    };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; UNITENSOR_ABI_TABLE names the table that the C program print_abi writes", path.display())
    });
    let mut header = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            header = name;
        } else if header != "backend.h" {
            lines.push(line.to_owned());
        }
    }
    assert!(lines.len() > 200, "{} has {} lines only", path.display(), lines.len());
    lines
}

fn assert_same(what: &str, found: BTreeSet<String>, expected: BTreeSet<String>) {
    let missing: Vec<_> = expected.difference(&found).collect();
    let unknown: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "{what}: the headers have {missing:#?}\nand the bindings have {unknown:#?}\nRun bindings/rust/generate-bindings"
    );
}

/// A type of C as the bindings write it, without blanks.
fn rust_type(c: &str) -> String {
    let c = c.trim();
    if let Some((pointee, "")) = c.rsplit_once('*') {
        let pointee = pointee.trim();
        // Of pointers that are constant themselves the word stands behind them.
        if let Some(constant) = pointee.strip_suffix("*const") {
            return format!("*const{}", rust_type(&format!("{constant}*")));
        }
        return match pointee.strip_prefix("const ") {
            Some(constant) => format!("*const{}", rust_type(constant)),
            None => format!("*mut{}", rust_type(pointee)),
        };
    }
    match c.trim_start_matches("struct ") {
        "void" => "::std::os::raw::c_void",
        "char" => "::std::os::raw::c_char",
        "int32_t" => "i32",
        "uint32_t" => "u32",
        "int64_t" => "i64",
        "uint64_t" => "u64",
        other => other,
    }
    .to_owned()
}

/// `int64_t shape[8]` as a name and a type of Rust's.
fn declaration(c: &str) -> (String, String) {
    let (c, length) = match c.split_once('[') {
        Some((c, rest)) => (c, rest.strip_suffix(']')),
        None => (c, None),
    };
    let start = c.rfind([' ', '*']).expect("a type and a name") + 1;
    let kind = rust_type(&c[..start]);
    (c[start..].to_owned(), length.map_or(kind.clone(), |length| format!("[{kind};{length}usize]")))
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The lines that the C program would print of these structs; the declared type of a field is taken from the bindings.
macro_rules! layouts {
    ($($name:ident: $($field:ident),*;)*) => {{
        let mut lines = Vec::new();
        $({
            use unitensor_sys::$name;
            let name = stringify!($name);
            lines.push(format!("struct {name} size {} alignment {}", size_of::<$name>(), align_of::<$name>()));
            let place = MaybeUninit::<$name>::zeroed();
            // Zero is a value of every struct here: numbers, pointers, and functions that may be missing.
            let value = unsafe { place.assume_init_ref() };
            $(
                let offset = std::ptr::addr_of!(value.$field) as usize - place.as_ptr() as usize;
                let (field, bytes) = (stringify!($field), size_of_val(&value.$field));
                lines.push(format!("  {field} at {offset}, {bytes} bytes: {name}"));
            )*
        })*
        lines
    }};
}

fn layouts() -> BTreeSet<String> {
    let lines = layouts! {
        uni_array: struct_size, dtype, device_type, device_id, ndim, flags, row_pitch, data, count, shape;
        uni_error: struct_size, code, native_code, message;
        uni_context_options: struct_size, abi_version, num_threads, flags, backend_path, log, log_user_data;
        uni_memory_info: struct_size, supported, resolved, reserved, reason;
        uni_statistics: struct_size, reserved, gather_calls, gather_rows, gather_bytes, scatter_calls, scatter_rows,
            scatter_bytes, sample_calls, sample_nodes, sample_edges, out_of_bounds,
            registered_copies, registered_copy_bytes;
        uni_backend_info: struct_size, device_type, available, num_devices, toolkit_version, least_driver_version,
            driver_version, reserved, name, path, reason;
        uni_device_info: struct_size, device_type, device_id, flags, compute_major, compute_minor, num_processors,
            reserved, total_bytes, link_bytes_per_second, name, pci_address;
        uni_tensor_desc: struct_size, memory, device_id, dtype, ndim, flags, row_alignment, shape;
        uni_tensor_info: struct_size, memory, requested_memory, device_type, device_id, dtype, ndim, flags,
            num_elements, row_bytes, row_pitch, num_bytes, shape;
        uni_gather_options: struct_size, bounds, flags, memory, dtype, order, num_multiprocessors, reserved, row_scales;
        uni_scatter_options: struct_size, bounds, reduce, flags, num_multiprocessors, reserved;
        uni_graph_desc: struct_size, flags, indptr, indices, edge_ids;
        uni_graph_info: struct_size, indptr_dtype, indices_dtype, has_edge_ids, num_nodes, num_edges;
        uni_load_options: struct_size, flags, row_alignment, progress, progress_user_data;
        uni_sample_options: struct_size, flags, num_hops, reserved, fanouts, seed;
        uni_sample_info: struct_size, num_hops, num_seeds, num_nodes, num_edges, hop_nodes, hop_edges;
    };
    lines.into_iter().collect()
}

#[test]
fn layouts_are_those_of_the_headers() {
    let mut name = String::new();
    let mut expected = BTreeSet::new();
    for line in table() {
        if let Some(rest) = line.strip_prefix("struct ") {
            name = rest.split(' ').next().unwrap_or_default().to_owned();
            expected.insert(line);
        } else if line.starts_with("  ") {
            let (place, _) = line.split_once(": ").expect("a place and a declaration");
            expected.insert(format!("{place}: {name}"));
        }
    }
    assert!(expected.len() > 90, "the table has {} structs and fields only", expected.len());
    assert_same("layouts", layouts(), expected);
}

#[test]
fn types_of_fields_are_those_of_the_headers() {
    let mut expected = BTreeSet::new();
    let mut name = String::new();
    for line in table() {
        if let Some(rest) = line.strip_prefix("struct ") {
            name = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if line.starts_with("  ") {
            let (_, c) = line.split_once(": ").expect("a place and a declaration");
            let (field, kind) = declaration(c);
            expected.insert(format!("{name}.{field}: {kind}"));
        }
    }
    let mut found = BTreeSet::new();
    for part in BINDINGS.split("pub struct ").skip(1) {
        let (name, rest) = part.split_once(" {").expect("a struct has a body");
        let (body, _) = rest.split_once("\n}").expect("a body ends");
        for field in body.split("pub ").skip(1) {
            let (field, kind) = field.split_once(": ").expect("a field has a type");
            found.insert(format!("{name}.{field}: {}", without_blanks(kind).trim_end_matches(',')));
        }
    }
    assert_same("fields", found, expected);
}

#[test]
fn constants_are_those_of_the_headers() {
    let expected: BTreeSet<String> =
        table().iter().filter_map(|line| line.strip_prefix("constant ")).map(str::to_owned).collect();
    assert!(expected.len() > 60, "the table has {} constants only", expected.len());
    // Macros, which the table does not have: the versions.
    let is_enumerator = |kind: &str| kind.starts_with("_bindgen_ty_");
    let found = BINDINGS
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.strip_suffix(';')?.split_once(": "))
        .filter_map(|(name, rest)| rest.split_once(" = ").map(|(kind, value)| (name, kind, value)))
        .filter(|(_, kind, _)| is_enumerator(kind))
        .map(|(name, _, value)| format!("{name} = {value}"))
        .collect();
    assert_same("constants", found, expected);
}

#[test]
fn signatures_are_those_of_the_headers() {
    let mut expected = BTreeSet::new();
    for line in table() {
        let c = match line.strip_prefix("function ") {
            Some(c) => c,
            None => continue,
        };
        let (head, parameters) = c.split_once('(').expect("a function has parameters");
        let (name, result) = declaration(head);
        let parameters = parameters.strip_suffix(')').expect("parameters end");
        let parameters: Vec<String> = match parameters {
            "void" => Vec::new(),
            _ => parameters
                .split(", ")
                .map(|parameter| {
                    let (name, kind) = declaration(parameter);
                    format!("{name}:{kind}")
                })
                .collect(),
        };
        let result = if result == "::std::os::raw::c_void" { String::new() } else { format!("->{result}") };
        expected.insert(format!("{name}({}){result}", parameters.join(",")));
    }
    assert!(expected.len() > 50, "the table has {} functions only", expected.len());
    let found = BINDINGS
        .split("pub fn ")
        .skip(1)
        .map(|part| {
            let (signature, _) = part.split_once(';').expect("a declaration ends");
            without_blanks(signature).replace(",)", ")")
        })
        .collect();
    assert_same("functions", found, expected);
}

#[test]
fn versions_are_those_of_the_table_and_of_the_library() {
    use unitensor_sys as ffi;
    assert!(table().contains(&format!("UNI_ABI_MAJOR {}", ffi::UNI_ABI_MAJOR)));
    // A minor version only adds: a newer library serves these bindings.
    let loaded = unsafe { ffi::uni_abi_version() };
    assert_eq!(loaded >> 16, ffi::UNI_ABI_MAJOR);
    assert!(
        loaded >= ffi::UNI_ABI_VERSION,
        "the library's ABI is {loaded:#x}, the bindings' {:#x}",
        ffi::UNI_ABI_VERSION
    );
    let version = format!("{}.{}.{}", ffi::UNI_VERSION_MAJOR, ffi::UNI_VERSION_MINOR, ffi::UNI_VERSION_PATCH);
    assert_eq!(&ffi::UNI_VERSION_STRING[..], format!("{version}\0").as_bytes());
    assert!(env!("CARGO_PKG_VERSION").ends_with(&format!("+{version}")), "the crate's version carries the C version");
}
