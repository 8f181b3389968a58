// SPDX-License-Identifier: Apache-2.0
//! Callbacks: when they are called, and that their panics come back to Rust and never pass through C.
use std::ops::ControlFlow;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use unitensor::{Array, Context, ErrorKind, LoadOptions, LogLevel, Memory, Tensor};

/// What a panic was raised with.
fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => panic!("no panic"),
        Err(payload) => payload.downcast_ref::<&str>().expect("a panic with a text").to_string(),
    }
}

fn saved(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("unitensor-rust-{name}-{}.npy", std::process::id()));
    let context = Context::new().unwrap();
    Tensor::zeros(&context, unitensor::Dtype::Int64, &[1000, 8], Memory::Host).unwrap().save(&path).unwrap();
    path
}

#[test]
fn progress_is_reported_and_may_stop() {
    let context = Context::new().unwrap();
    let path = saved("progress");
    let mut last = (0, 0);
    let mut progress = |done, total| {
        last = (done, total);
        ControlFlow::Continue(())
    };
    let options = LoadOptions::new().row_alignment(128).progress(&mut progress);
    let tensor = Tensor::load_with(&context, &path, Memory::Host, options).unwrap();
    assert_eq!((tensor.row_pitch(), last), (128, (64000, 64000)));
    let mut stop = |_, _| ControlFlow::Break(());
    let error = Tensor::load_with(&context, &path, Memory::Host, LoadOptions::new().progress(&mut stop)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Callback);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_panic_in_progress_comes_back() {
    let context = Context::new().unwrap();
    let path = saved("panic");
    let mut calls = 0;
    let text = panic_of(|| {
        let mut progress = |_, _| {
            calls += 1;
            panic!("in progress")
        };
        Tensor::load_with(&context, &path, Memory::Host, LoadOptions::new().progress(&mut progress))
    });
    assert_eq!((text.as_str(), calls), ("in progress", 1));
    // The context is as good as before, and nothing is left of the panic.
    assert_eq!(Tensor::load(&context, &path, Memory::Host).unwrap().num_rows(), 1000);
    std::fs::remove_file(path).unwrap();
}

fn wrap(context: &Context, release: impl FnOnce() + Send + 'static) -> Tensor<'static> {
    static MEMORY: [i64; 4] = [1, 2, 3, 4];
    let raw = *Array::from(&MEMORY).as_raw();
    unsafe { Tensor::wrap_raw(context, &raw, release) }.unwrap()
}

#[test]
fn an_owner_is_released_once_with_the_last_reference() {
    let released = Arc::new(AtomicUsize::new(0));
    let count = released.clone();
    let view = wrap(&Context::new().unwrap(), move || {
        count.fetch_add(1, Ordering::SeqCst);
    })
    .into_view();
    let other = view.clone();
    drop(view);
    assert_eq!(released.load(Ordering::SeqCst), 0);
    assert_eq!(other.as_slice::<i64>().unwrap(), [1, 2, 3, 4]);
    drop(other);
    assert_eq!(released.load(Ordering::SeqCst), 1);
}

#[test]
fn an_owner_is_released_also_where_wrapping_fails() {
    let released = Arc::new(AtomicUsize::new(0));
    let count = released.clone();
    let raw = unitensor::ffi::uni_array { dtype: 99, ..*Array::from(&[1i64]).as_raw() };
    let result = unsafe {
        Tensor::wrap_raw(&Context::new().unwrap(), &raw, move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
    };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::DtypeMismatch);
    assert_eq!(released.load(Ordering::SeqCst), 1);
    let text = panic_of(|| unsafe { Tensor::wrap_raw(&Context::new().unwrap(), &raw, || panic!("owner")) });
    assert_eq!(text, "owner");
}

#[test]
fn a_panic_of_an_owner_is_raised_by_the_drop() {
    let context = Context::new().unwrap();
    let tensor = wrap(&context, || panic!("owner"));
    assert_eq!(panic_of(|| drop(tensor)), "owner");
    context.synchronize().unwrap();
}

/// The library logs that there is no device, and nothing where there is one.
fn nothing_is_logged() -> bool {
    let has_device = Context::new().unwrap().memory_info(Memory::Pinned).unwrap().is_supported;
    if has_device {
        println!("this machine has a device: not run");
    }
    has_device
}

#[test]
fn log_messages_arrive_while_the_context_lives() {
    if nothing_is_logged() {
        return;
    }
    type Messages = Arc<Mutex<Vec<(LogLevel, String)>>>;
    let messages = Messages::default();
    let kept = messages.clone();
    let context = Context::builder()
        .log(move |level, message| kept.lock().unwrap().push((level, message.to_owned())))
        .build()
        .unwrap();
    // Said once.
    assert!(!context.memory_info(Memory::Pinned).unwrap().is_supported);
    let found = messages.lock().unwrap().clone();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == LogLevel::Info && found[0].1.contains("CUDA"), "{found:?}");
    // What is made from it does not keep the callback.
    let tensor = wrap(&context, || {});
    let other = context.clone();
    drop(context);
    assert_eq!(Arc::strong_count(&messages), 2);
    drop(other);
    assert_eq!(Arc::strong_count(&messages), 1);
    assert_eq!(tensor.context().num_threads(), tensor.context().num_threads());
}

#[test]
fn a_log_message_after_the_callback_has_gone_is_lost() {
    if nothing_is_logged() {
        return;
    }
    let context = Context::builder().log(|_, _| panic!("called")).build().unwrap();
    let tensor = wrap(&context, || {});
    drop(context);
    assert!(!tensor.context().memory_info(Memory::Pinned).unwrap().is_supported);
}

#[test]
fn a_panic_in_log_comes_back() {
    if nothing_is_logged() {
        return;
    }
    let context = Context::builder().log(|_, _| panic!("in log")).build().unwrap();
    assert_eq!(panic_of(|| context.memory_info(Memory::Pinned)), "in log");
    assert!(!context.memory_info(Memory::Pinned).unwrap().is_supported);
}
