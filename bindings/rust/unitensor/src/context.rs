// SPDX-License-Identifier: Apache-2.0
use std::ffi::CStr;
use std::fmt;
use std::mem::MaybeUninit;
use std::os::raw::c_void;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use unitensor_sys as ffi;

use crate::call::{c_path, call, struct_size, Handle};
use crate::device::until_nul;
use crate::error::Result;
use crate::kinds::Memory;
use crate::log::{self, LogLevel, Registration};
use crate::stream::Stream;

/// Threads, backends and statistics; everything else is made from one.
///
/// A clone is the same context. It locks itself, and may be used by any number of threads; what is made from it keeps it
/// alive. Making one touches no driver and starts no thread: both happen when first needed.
#[derive(Clone)]
pub struct Context {
    handle: Handle<ffi::uni_context>,
    /// Of the builder's clones only: a context that is reached through a tensor does not keep the callback.
    #[allow(dead_code)]
    log: Option<Arc<Registration>>,
}

/// Options of a context: [`Context::builder`].
#[derive(Default)]
pub struct ContextBuilder {
    num_threads: u32,
    backend_path: Option<PathBuf>,
    log: Option<Arc<log::Callback>>,
}

/// What one memory kind is on this machine: [`Context::memory_info`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryInfo {
    /// Whether tensors of this kind can be made.
    pub is_supported: bool,
    /// The kind that a request gives, which differs for [`Memory::Unified`]; `None` where the kind is not supported.
    pub resolved: Option<Memory>,
    /// Why it is supported, or is not.
    pub reason: String,
}

/// Counts since the context was made or last reset. Bytes are payload: rows times bytes in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The names say it.
pub struct Statistics {
    pub gather_calls: i64,
    pub gather_rows: i64,
    pub gather_bytes: i64,
    pub scatter_calls: i64,
    pub scatter_rows: i64,
    pub scatter_bytes: i64,
    pub sample_calls: i64,
    pub sample_nodes: i64,
    pub sample_edges: i64,
    /// Indices out of bounds that were met where they are checked or skipped.
    pub out_of_bounds: i64,
    /// Copies that [`Tensor::register_or_copy`](crate::Tensor::register_or_copy) made.
    pub registered_copies: i64,
    pub registered_copy_bytes: i64,
}

impl ContextBuilder {
    /// CPU threads, 1 to 1024. Not set, or 0: the environment's `UNITENSOR_NUM_THREADS`, else the processors allowed.
    pub fn num_threads(mut self, num_threads: u32) -> ContextBuilder {
        self.num_threads = num_threads;
        self
    }

    /// Absolute path of a backend plugin to open at once; not set: one is looked for when it is needed.
    pub fn backend_path(mut self, path: impl Into<PathBuf>) -> ContextBuilder {
        self.backend_path = Some(path.into());
        self
    }

    /// Receives log messages, on a thread that is inside a call of the library; must not use the same context.
    ///
    /// It is kept, and called, for as long as the [`Context`] that is built or a clone of it lives; messages of objects
    /// that outlive these are lost. A panic in it is raised again when the call that logged has returned from C.
    pub fn log(mut self, callback: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> ContextBuilder {
        self.log = Some(Arc::new(callback));
        self
    }

    /// Makes the context.
    ///
    /// # Errors
    /// `InvalidArgument`, `OutOfMemory`, `BackendUnavailable` (the plugin at `backend_path`).
    pub fn build(self) -> Result<Context> {
        let backend_path = self.backend_path.as_deref().map(c_path).transpose()?;
        let log = self.log.map(|callback| Arc::new(Registration::new(callback)));
        let mut options = MaybeUninit::<ffi::uni_context_options>::uninit();
        // SAFETY: the place has the size that is given, and is initialised when the call succeeds.
        let mut options = unsafe {
            call(|error| ffi::uni_context_options_init(options.as_mut_ptr(), struct_size_of(&options), error))?;
            options.assume_init()
        };
        // Of the headers that this was compiled with, and not of the library that is loaded, which compares.
        options.abi_version = ffi::UNI_ABI_VERSION;
        options.num_threads = i32::try_from(self.num_threads).unwrap_or(i32::MAX);
        options.backend_path = backend_path.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        if let Some(registration) = &log {
            options.log = Some(log::log);
            options.log_user_data = registration.user_data();
        }
        // SAFETY: the path lives until the call returns; what logs is called by a number that may go stale.
        let handle = Handle::make(|out, error| unsafe { ffi::uni_context_create(&options, out, error) })?;
        Ok(Context { handle, log })
    }
}

fn struct_size_of<T>(_: &MaybeUninit<T>) -> u32 {
    struct_size::<T>()
}

impl Context {
    /// A context with the defaults: all processors, a plugin that is looked for where the library is installed, silent.
    ///
    /// # Errors
    /// As [`ContextBuilder::build`].
    pub fn new() -> Result<Context> {
        Context::builder().build()
    }

    /// A context with options.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// A context that C lends.
    ///
    /// # Safety
    /// `context` is alive.
    pub(crate) unsafe fn share(context: *const ffi::uni_context) -> Context {
        // SAFETY: promised by the caller; an object that is alive gives a reference.
        let handle = unsafe { Handle::share(context) }.expect("a context that is alive");
        Context { handle, log: None }
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::uni_context {
        self.handle.as_ptr()
    }

    /// Number of CPU threads that operations use.
    pub fn num_threads(&self) -> usize {
        // SAFETY: the context is alive.
        unsafe { ffi::uni_context_num_threads(self.as_ptr()) as usize }
    }

    /// Name of the backend that computes on the CPU's tensors.
    pub fn backend(&self) -> &str {
        // SAFETY: "text that lives as long as the context", NUL-terminated.
        unsafe { CStr::from_ptr(ffi::uni_context_backend(self.as_ptr())) }.to_str().unwrap_or("")
    }

    /// What a memory kind is on this machine, and why. Looks for the CUDA plugin if the kind needs one.
    ///
    /// # Errors
    /// `InvalidArgument` (no memory kind), `OutOfMemory`. A kind that is not supported is none.
    pub fn memory_info(&self, memory: Memory) -> Result<MemoryInfo> {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_memory_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_memory_info>();
        // SAFETY: the context is alive, and `info` carries its size.
        call(|error| unsafe { ffi::uni_context_memory_info(self.as_ptr(), memory.as_raw(), &mut info, error) })?;
        Ok(MemoryInfo {
            is_supported: info.supported != 0,
            resolved: Some(info.resolved).filter(|kind| *kind != 0).map(Memory::from_raw),
            reason: until_nul(&info.reason),
        })
    }

    /// The statistics.
    ///
    /// # Errors
    /// None that is known.
    pub fn statistics(&self) -> Result<Statistics> {
        // SAFETY: zero is a value of every field.
        let mut raw: ffi::uni_statistics = unsafe { std::mem::zeroed() };
        raw.struct_size = struct_size::<ffi::uni_statistics>();
        // SAFETY: the context is alive, and `raw` carries its size.
        call(|error| unsafe { ffi::uni_context_statistics(self.as_ptr(), &mut raw, error) })?;
        Ok(Statistics {
            gather_calls: raw.gather_calls,
            gather_rows: raw.gather_rows,
            gather_bytes: raw.gather_bytes,
            scatter_calls: raw.scatter_calls,
            scatter_rows: raw.scatter_rows,
            scatter_bytes: raw.scatter_bytes,
            sample_calls: raw.sample_calls,
            sample_nodes: raw.sample_nodes,
            sample_edges: raw.sample_edges,
            out_of_bounds: raw.out_of_bounds,
            registered_copies: raw.registered_copies,
            registered_copy_bytes: raw.registered_copy_bytes,
        })
    }

    /// Sets the statistics to zero.
    pub fn reset_statistics(&self) {
        // SAFETY: the context is alive, and locks itself.
        unsafe { ffi::uni_context_reset_statistics(self.as_ptr()) }
    }

    /// Reports errors that operations met on a device after they had returned, and clears them. Does not block; what is
    /// still running is not covered. The CPU reports every error at once.
    ///
    /// # Errors
    /// `OutOfBounds`, `DeviceLost`, `BackendError`.
    pub fn check(&self) -> Result<()> {
        // SAFETY: the context is alive, and locks itself.
        call(|error| unsafe { ffi::uni_context_check(self.as_ptr(), error) })
    }

    /// Blocks until every operation of this context has finished, then as [`Context::check`].
    ///
    /// # Errors
    /// As [`Context::check`].
    pub fn synchronize(&self) -> Result<()> {
        // SAFETY: the context is alive, and locks itself.
        call(|error| unsafe { ffi::uni_context_synchronize(self.as_ptr(), error) })
    }

    /// Gives back to the system the memory that is kept for later and that nobody uses: host memory that this context has
    /// kept, and pinned, managed and device memory that has been kept for every context of the process. Does not wait for
    /// operations that run. In a forked child only host memory is given back.
    ///
    /// # Errors
    /// `DeviceLost`, `BackendError`; host memory has been given back all the same.
    pub fn trim(&self) -> Result<()> {
        // SAFETY: the context is alive, and locks itself.
        call(|error| unsafe { ffi::uni_context_trim(self.as_ptr(), error) })
    }

    /// Makes a stream wait for every operation that this context has enqueued so far, on whichever stream; the host does
    /// not wait. So others may use, on that stream, what the operations write.
    ///
    /// # Errors
    /// `DeviceMismatch` (no such device), `NotSupported` (a stream that is being captured), `DeviceLost`, `BackendError`,
    /// `InvalidState` (a forked child).
    pub fn hold_stream(&self, device_id: i32, stream: Stream) -> Result<()> {
        let stream: *mut c_void = stream.as_raw();
        // SAFETY: the context is alive; that the stream is was promised when it was made.
        call(|error| unsafe { ffi::uni_context_hold_stream(self.as_ptr(), device_id, stream, error) })
    }
}

impl Context {
    /// Makes every operation that this context enqueues from now on wait for what has been enqueued on a stream so far; the
    /// host does not wait, but for what the CPU computes. So the library may use what others write on that stream.
    ///
    /// # Errors
    /// `BackendUnavailable`, and as [`Context::hold_stream`].
    pub fn follow_stream(&self, device_id: i32, stream: Stream) -> Result<()> {
        let stream: *mut c_void = stream.as_raw();
        // SAFETY: the context is alive; that the stream is was promised when it was made.
        call(|error| unsafe { ffi::uni_context_follow_stream(self.as_ptr(), device_id, stream, error) })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("backend", &self.backend())
            .field("num_threads", &self.num_threads())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Context {
    /// Whether it is the same context.
    fn eq(&self, other: &Context) -> bool {
        ptr::eq(self.as_ptr(), other.as_ptr())
    }
}

impl Eq for Context {}
