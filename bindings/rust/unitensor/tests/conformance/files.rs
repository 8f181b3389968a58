// SPDX-License-Identifier: Apache-2.0
//! .npy files and DLPack tensors.
use std::cell::Cell;
use std::fs;
use std::os::raw::c_void;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use unitensor::{Memory, Tensor};

use crate::arrays::check_tensor;
use crate::ensure;
use crate::operations::{expect, Setup};
use crate::vectors::{Case, Checked};

/// A new file, removed at the end.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(contents: &[u8]) -> TemporaryFile {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("unitensor-rust-{}-{number}.npy", std::process::id()));
        fs::write(&path, contents).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        TemporaryFile(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub fn npy_load(setup: &Setup, case: &Case) -> Checked {
    let file = TemporaryFile::new(&case.bytes("file")?);
    match expect(case, Tensor::load(&setup.context, &file.0, setup.memory))? {
        Some(tensor) => check_tensor(case, "expect.tensor", &tensor),
        None => Ok(()),
    }
}

pub fn npy_save(setup: &Setup, case: &Case) -> Checked {
    let tensor = setup.tensor(case, "tensor", 0)?;
    let file = TemporaryFile::new(b"before");
    let succeeds = expect(case, tensor.save(&file.0))?.is_some();
    let written = fs::read(&file.0).unwrap_or_default();
    let expected = if succeeds { case.bytes("expect.file")? } else { b"before".to_vec() };
    ensure!(written == expected, "the file has {} bytes, expected these {}", written.len(), expected.len());
    Ok(())
}

/// `DLManagedTensorVersioned` as DLPack 1 lays it out.
#[repr(C)]
struct Managed {
    major: u32,
    minor: u32,
    manager_context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Managed)>,
    flags: u64,
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

/// DLPack asks for memory that begins at a multiple of 256 bytes.
#[repr(C, align(256))]
#[derive(Clone, Copy)]
struct Block([u8; 256]);

unsafe extern "C" fn count_delete(managed: *mut Managed) {
    // SAFETY: the context is a counter that outlives the tensor.
    let deleted = unsafe { &*(*managed).manager_context.cast::<Cell<i32>>() };
    deleted.set(deleted.get() + 1);
}

pub fn dlpack_import(setup: &Setup, case: &Case) -> Checked {
    let bytes = case.bytes("data")?;
    let mut blocks = vec![Block([0; 256]); bytes.len() / 256 + 1];
    // SAFETY: the blocks have room for so many bytes.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), blocks.as_mut_ptr().cast(), bytes.len()) };
    let version: Vec<u32> = case.numbers("version")?;
    ensure!(version.len() == 2, "the version is not two numbers");
    let shape: Vec<i64> = case.numbers("shape")?;
    let strides: Option<Vec<i64>> =
        if case.optional("strides")?.is_some() { Some(case.numbers("strides")?) } else { None };
    let deleted = Cell::new(0);
    let mut managed = Managed {
        major: version[0],
        minor: version[1],
        manager_context: &deleted as *const Cell<i32> as *mut c_void,
        deleter: Some(count_delete),
        flags: 0,
        data: blocks.as_mut_ptr().cast(),
        device_type: case.number("device_type")?,
        device_id: 0,
        ndim: shape.len() as i32,
        code: case.number("code")?,
        bits: case.number("bits")?,
        lanes: case.number("lanes")?,
        shape: shape.as_ptr(),
        strides: strides.as_ref().map_or(ptr::null(), |strides| strides.as_ptr()),
        byte_offset: case.number("byte_offset")?,
    };
    let pointer: *mut Managed = &mut managed;
    // SAFETY: a tensor, right or wrong in ways that the library has to find, which lives until the end of this function.
    let result = unsafe { Tensor::from_dlpack(&setup.context, pointer.cast()) };
    let status = case.text("expect.status")?;
    match expect(case, result)? {
        Some(tensor) => {
            ensure!(tensor.memory() == Memory::Host, "the tensor is {} memory", tensor.memory());
            check_tensor(case, "expect.tensor", &tensor)?;
            ensure!(deleted.get() == 0, "the deleter ran {} times too early", deleted.get());
            drop(tensor);
            setup.context.synchronize()?;
            ensure!(deleted.get() == 1, "the deleter ran {} times, expected once", deleted.get());
        }
        // One of another major version is deleted; any other still belongs to the caller.
        None => {
            let times = (status == "VERSION_MISMATCH").into();
            ensure!(deleted.get() == times, "the deleter ran {} times, expected {times}", deleted.get());
        }
    }
    Ok(())
}
