// SPDX-License-Identifier: Apache-2.0
//! Panics of callbacks. A panic must not pass through the frames of C: it is caught, kept for the thread, and raised again
//! when the call of C has returned, which is on the same thread.
use std::any::Any;
use std::cell::Cell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::thread;

type Payload = Box<dyn Any + Send>;

thread_local! {
    static KEPT: Cell<Option<Payload>> = Cell::new(None);
}

/// Runs a callback's body; where it panics, its result is `otherwise`, and the panic is kept.
pub(crate) fn shield<R>(otherwise: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        keep(payload);
        otherwise
    })
}

/// The first panic of a call is the one that is raised again.
fn keep(payload: Payload) {
    let mut payload = Some(payload);
    // There is no place for it any more while the thread ends.
    let _ = KEPT.try_with(|kept| {
        let first = kept.take().or_else(|| payload.take());
        kept.set(first);
    });
    payload.into_iter().for_each(discard);
}

/// What was panicked with may panic when it is dropped, and that with something of the kind again.
fn discard(payload: Payload) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

fn take() -> Option<Payload> {
    KEPT.try_with(Cell::take).ok().flatten()
}

/// Raises a kept panic again. To be called after every call of C that may run a callback, once what it gave has an owner.
pub(crate) fn resume() {
    if let Some(payload) = take() {
        resume_unwind(payload);
    }
}

/// The same in `drop`: a thread that panics already would be aborted, so that the second panic is discarded there.
pub(crate) fn resume_in_drop() {
    match take() {
        Some(payload) if thread::panicking() => discard(payload),
        Some(payload) => resume_unwind(payload),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised_by(body: impl FnOnce()) -> &'static str {
        let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("a panic");
        payload.downcast_ref::<&str>().copied().expect("a panic with a text")
    }

    #[test]
    fn the_first_panic_is_raised_once() {
        assert_eq!(shield(7, || 8), 8);
        assert_eq!(shield(7, || panic!("first")), 7);
        shield((), || panic!("second"));
        assert_eq!(raised_by(resume), "first");
        resume();
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_discarded() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        shield((), || panic!("first"));
        shield((), || std::panic::panic_any(Bad));
        assert_eq!(raised_by(resume_in_drop), "first");
    }

    #[test]
    fn a_panicking_thread_goes_on_with_its_own() {
        // What was kept before: Rust of 1.63 aborts at a panic of a thread that panics, even where it would be caught.
        struct Resume;
        impl Drop for Resume {
            fn drop(&mut self) {
                resume_in_drop();
            }
        }
        shield((), || panic!("second"));
        let first = raised_by(|| {
            let _resume = Resume;
            panic!("first");
        });
        assert_eq!(first, "first");
        resume();
    }
}
