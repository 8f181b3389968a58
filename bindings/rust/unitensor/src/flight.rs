// SPDX-License-Identifier: Apache-2.0
//! What keeps asynchronous devices from breaking Rust's rules about memory. Operations of a device are enqueued and
//! return, and go on reading and writing their operands when the borrows of the call have ended. So:
//!
//! - Memory of the library's, or that it was given to own, is released by the library only when the operations that use it
//!   have finished, also those of other contexts. Nothing waits.
//! - Memory that is lent (slices, and tensors that wrap them), and tensors of another context: the call waits for the
//!   operation before it returns.
//! - Each tensor remembers whether a device may still read or write it. Before the CPU reads what a device may still write,
//!   or writes what one may still use, the tensor's context is synchronized.
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

use unitensor_sys as ffi;

use crate::call::{call_holding_panics, Handle};
use crate::error::{ErrorKind, Result};
use crate::panics;

const READ: u8 = 1;
const WRITTEN: u8 = 2;

/// Whether a device may still use some memory.
#[derive(Debug, Default)]
pub(crate) struct Flight(AtomicU8);

impl Flight {
    /// Of memory that a device is writing.
    pub(crate) fn written() -> Flight {
        Flight(AtomicU8::new(WRITTEN))
    }

    fn mark(&self, access: Access) {
        let bit = if access == Access::Read { READ } else { WRITTEN };
        self.0.fetch_or(bit, Ordering::AcqRel);
    }

    /// Waits until the CPU may access the memory so.
    pub(crate) fn settle(&self, access: Access, context: *mut ffi::uni_context) -> Result<()> {
        let conflicts = if access == Access::Read { WRITTEN } else { READ | WRITTEN };
        if self.0.load(Ordering::Acquire) & conflicts == 0 {
            return Ok(());
        }
        let result = wait_holding_panics(context);
        // Only after the wait, since others may read at the same time; and a read that others start meanwhile stays.
        if matches!(&result, Ok(())) || matches!(&result, Err(error) if error.kind() == ErrorKind::OutOfBounds) {
            self.0.fetch_and(!conflicts, Ordering::AcqRel);
        }
        panics::resume();
        result
    }
}

/// What an operation does with an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Whose memory an operand is.
#[derive(Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// The caller's, who may free it after the call.
    Lent,
    /// The library's, made from a context; the flight is missing where the CPU never looks at it.
    Library(*mut ffi::uni_context, &'a Flight),
    /// Somebody's who promised to keep it until the device has done.
    Promised,
}

/// An operand as it matters here.
pub(crate) struct Operand<'a> {
    pub(crate) access: Access,
    pub(crate) on_device: bool,
    pub(crate) owner: Owner<'a>,
}

fn wait_holding_panics(context: *mut ffi::uni_context) -> Result<()> {
    // SAFETY: tensors keep their context alive, and a context locks itself.
    call_holding_panics(|error| unsafe { ffi::uni_context_synchronize(context, error) })
}

/// Does `function`, an operation of `context` on `operands`, and what the rules ask for before and after it.
fn operate_with<R>(
    context: *mut ffi::uni_context,
    operands: &[Operand<'_>],
    function: impl FnOnce() -> Result<R>,
) -> Result<R> {
    // An operation has a device compute as soon as one operand is memory of a device; the library refuses mixtures.
    let on_device = operands.iter().any(|operand| operand.on_device);
    let mut has_to_wait = false;
    for operand in operands {
        match operand.owner {
            Owner::Library(of, flight) if !on_device => flight.settle(operand.access, of)?,
            Owner::Library(of, flight) if ptr::eq(of, context) => flight.mark(operand.access),
            Owner::Library(of, flight) => {
                flight.settle(operand.access, of)?;
                has_to_wait = true;
            }
            Owner::Lent => has_to_wait |= on_device,
            Owner::Promised => {}
        }
    }
    let result = function();
    // Also after a failure, which may have come when something was enqueued already.
    let waited = if has_to_wait { wait_holding_panics(context) } else { Ok(()) };
    panics::resume();
    let result = result?;
    waited.map(|()| result)
}

/// Does an operation. `function` calls C and returns its status.
pub(crate) fn operate(
    context: *mut ffi::uni_context,
    operands: &[Operand<'_>],
    function: impl FnOnce(*mut ffi::uni_error) -> ffi::uni_status,
) -> Result<()> {
    operate_with(context, operands, || call_holding_panics(function))
}

/// Does an operation that makes an object.
pub(crate) fn operate_and_make<T: crate::call::Object>(
    context: *mut ffi::uni_context,
    operands: &[Operand<'_>],
    function: impl FnOnce(*mut *mut T, *mut ffi::uni_error) -> ffi::uni_status,
) -> Result<Handle<T>> {
    operate_with(context, operands, || Handle::make_holding_panics(function))
}
