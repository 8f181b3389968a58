// SPDX-License-Identifier: Apache-2.0
//! Tensors, rows, graphs and samples on the CPU, and what calls with bad input say and leave as it was.
use std::sync::Arc;

use unitensor::{
    Array, ArrayMut, BFloat16, Bool, Bounds, Context, Device, DeviceType, DlpackDevice, Dtype, ErrorKind,
    GatherOptions, Graph, Memory, Reduce, SamplePart, ScatterOptions, Stream, Tensor, View,
};

fn context() -> Context {
    Context::builder().num_threads(2).build().expect("a context")
}

/// Ten rows of four, each element its place.
fn table(context: &Context) -> Tensor<'static> {
    Tensor::wrap(context, (0..40).map(|place| place as f32).collect::<Vec<_>>(), &[10, 4]).expect("a tensor")
}

/// Five nodes; the in-neighbours of v are 0 to v - 1.
fn graph(context: &Context) -> Graph {
    let indptr = Tensor::wrap(context, vec![0i64, 0, 1, 3, 6, 10], &[6]).expect("a tensor");
    let indices = Tensor::wrap(context, vec![0i64, 0, 1, 0, 1, 2, 0, 1, 2, 3], &[10]).expect("a tensor");
    Graph::new(indptr, indices).expect("a graph")
}

/// A call that has to fail: its kind, and words that its message has to hold.
#[track_caller]
fn assert_fails<T: std::fmt::Debug>(result: unitensor::Result<T>, kind: ErrorKind, words: &[&str]) {
    let error = result.expect_err("a call that fails");
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(error.message().contains(word), "\"{error}\" lacks \"{word}\"");
    }
}

#[test]
fn versions_are_those_of_this_crate() {
    // A library of another patch level serves as well.
    let minor = |version: &str| version.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    assert_eq!(minor(unitensor::version()), minor(env!("CARGO_PKG_VERSION")));
    assert_eq!(unitensor::abi_version().0, unitensor::ffi::UNI_ABI_MAJOR);
}

#[test]
fn a_context_says_what_it_is() {
    let context = context();
    assert_eq!((context.num_threads(), context.backend()), (2, "cpu"));
    let host = context.memory_info(Memory::Host).unwrap();
    assert!(host.is_supported && host.resolved == Some(Memory::Host) && !host.reason.is_empty());
    assert!(context.memory_info(Memory::Unified).unwrap().is_supported);
    assert_fails(context.memory_info(Memory::Other(77)), ErrorKind::InvalidArgument, &["77"]);
    context.check().unwrap();
    context.synchronize().unwrap();
    context.trim().unwrap();
    context.hold_stream(0, Stream::default()).unwrap();
    assert_fails(Context::builder().num_threads(5000).build(), ErrorKind::InvalidArgument, &["num_threads is 5000"]);
    assert_fails(Context::builder().backend_path("x.so").build(), ErrorKind::InvalidArgument, &["x.so", "absolute"]);
    let missing = Context::builder().backend_path("/nowhere/x.so").build();
    assert_fails(missing, ErrorKind::BackendUnavailable, &["/nowhere/x.so"]);
    assert_fails(Context::builder().backend_path("/a\0b").build(), ErrorKind::InvalidArgument, &["zero byte"]);
}

#[test]
fn a_tensor_says_what_it_is() {
    let context = context();
    let tensor = Tensor::builder(Dtype::Int16, &[3, 5]).memory(Memory::Host).row_alignment(64).zeros(&context).unwrap();
    assert_eq!((tensor.shape(), tensor.ndim(), tensor.num_rows()), (&[3, 5][..], 2, 3));
    assert_eq!((tensor.dtype(), tensor.memory(), tensor.device()), (Dtype::Int16, Memory::Host, Device::Cpu));
    assert_eq!((tensor.num_elements(), tensor.num_bytes(), tensor.row_bytes(), tensor.row_pitch()), (15, 30, 10, 64));
    assert_eq!((tensor.requested_memory(), tensor.is_read_only()), (Memory::Host, false));
    assert_eq!(tensor.context(), context);
    assert_fails(tensor.as_slice::<i16>(), ErrorKind::InvalidArgument, &["10 bytes at 64", "`row`"]);
    assert_eq!(tensor.row::<i16>(2).unwrap(), [0; 5]);
    assert_fails(tensor.row::<i16>(3), ErrorKind::OutOfBounds, &["row is 3", "3 rows"]);
    let scalar = Tensor::from_slice(&context, &[7.5f64], &[], Memory::Unified).unwrap();
    assert_eq!((scalar.ndim(), scalar.num_rows(), scalar.as_slice::<f64>().unwrap()), (0, 1, &[7.5][..]));
    assert_eq!(scalar.requested_memory(), Memory::Unified);
    let empty = Tensor::zeros(&context, Dtype::Bool, &[0, 3], Memory::Host).unwrap();
    assert_eq!((empty.as_slice::<Bool>().unwrap(), empty.num_bytes()), (&[][..], 0));
    assert!(format!("{empty:?}").contains("[0, 3]"));
}

#[test]
fn what_cannot_be_created_is_refused() {
    let context = context();
    let kind = ErrorKind::InvalidArgument;
    assert_fails(Tensor::zeros(&context, Dtype::Int8, &[usize::MAX], Memory::Host), kind, &["63 bits"]);
    assert_fails(Tensor::zeros(&context, Dtype::Int8, &[1 << 40, 1 << 40], Memory::Host), kind, &["overflows"]);
    assert_fails(
        Tensor::zeros(&context, Dtype::Int8, &[1; 9], Memory::Host),
        ErrorKind::ShapeMismatch,
        &["9 dimensions"],
    );
    assert_fails(Tensor::zeros(&context, Dtype::Other(99), &[1], Memory::Host), ErrorKind::DtypeMismatch, &["99"]);
    let builder = Tensor::builder(Dtype::Int8, &[2, 3]);
    assert_fails(builder.clone().memory(Memory::Host).row_alignment(3).zeros(&context), kind, &["row_alignment is 3"]);
    assert_fails(builder.memory(Memory::Host).device_id(1).zeros(&context), kind, &["device_id is 1"]);
    let shape = ErrorKind::ShapeMismatch;
    assert_fails(Tensor::from_slice(&context, &[1i8, 2], &[3], Memory::Host), shape, &["[3] has 3", "the 2"]);
    assert_fails(Tensor::wrap(&context, vec![1i8], &[2, 2]), shape, &["[2, 2] has 4 elements", "the 1"]);
    assert!(Array::new(&[1i8], &[usize::MAX, 2]).is_err() && ArrayMut::new(&mut [1i8], &[2]).is_err());
}

#[test]
fn memory_of_rust_is_taken_where_it_is() {
    let context = context();
    let vector = vec![1i32, 2, 3, 4, 5, 6];
    let address = vector.as_ptr();
    let mut tensor = Tensor::wrap(&context, vector, &[3, 2]).unwrap();
    assert_eq!(tensor.as_slice::<i32>().unwrap().as_ptr(), address);
    tensor.as_mut_slice::<i32>().unwrap()[5] = 60;
    assert_eq!(tensor.row::<i32>(2).unwrap(), [5, 60]);
    tensor.row_mut::<i32>(0).unwrap().fill(9);

    let boxed: Box<[u8]> = vec![1, 2].into();
    let address = boxed.as_ptr();
    assert_eq!(Tensor::wrap(&context, boxed, &[2]).unwrap().as_slice::<u8>().unwrap().as_ptr(), address);

    let mut lent = [0u64; 4];
    let mut borrowed = Tensor::wrap(&context, &mut lent[..], &[4]).unwrap();
    borrowed.fill(8u64).unwrap();
    drop(borrowed);
    assert_eq!(lent, [8; 4]);

    let shared: Arc<[i64]> = vec![4, 5].into();
    let view = View::wrap(&context, shared.clone(), &[2]).unwrap();
    assert!(view.is_read_only() && view.as_slice::<i64>().unwrap().as_ptr() == shared.as_ptr());
    assert_eq!(Arc::strong_count(&shared), 2);
    drop(view);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert_eq!(View::wrap(&context, &lent[1..], &[3, 1]).unwrap().as_slice::<u64>().unwrap(), [8; 3]);
    assert_fails(Tensor::register(&context, vec![1i8], &[2]), ErrorKind::ShapeMismatch, &["[2]"]);
}

#[test]
fn slices_have_the_type_of_the_tensor() {
    let context = context();
    let mut tensor = table(&context);
    assert_fails(tensor.as_slice::<i32>(), ErrorKind::DtypeMismatch, &["float32", "int32"]);
    assert_fails(tensor.fill(1i32), ErrorKind::DtypeMismatch, &["value has dtype int32", "float32"]);
    assert_fails(tensor.fill(BFloat16(1)), ErrorKind::DtypeMismatch, &["bfloat16"]);
    tensor.fill(2.5f32).unwrap();
    assert!(tensor.as_slice::<f32>().unwrap().iter().all(|value| *value == 2.5));
    tensor.fill_zeros().unwrap();
    assert_eq!(tensor.as_slice::<f32>().unwrap(), [0.0; 40]);
}

#[test]
fn memory_that_is_not_aligned_is_no_slice() {
    let context = context();
    let bytes = vec![0u8; 17];
    let raw = *Array::from(&bytes).as_raw();
    let misaligned = if raw.data as usize % 4 == 1 { 2 } else { 1 };
    let raw = unitensor::ffi::uni_array {
        dtype: Dtype::Float32.as_raw(),
        data: unsafe { raw.data.cast::<u8>().add(misaligned).cast() },
        shape: [4, 0, 0, 0, 0, 0, 0, 0],
        ..raw
    };
    let tensor = unsafe { Tensor::wrap_raw(&context, &raw, move || drop(bytes)) }.unwrap();
    assert_fails(tensor.as_slice::<f32>(), ErrorKind::InvalidArgument, &["multiple of the 4 bytes"]);
    assert_fails(tensor.row::<f32>(0), ErrorKind::InvalidArgument, &["multiple of the 4 bytes"]);
}

#[test]
fn parts_share_the_memory() {
    let context = context();
    let mut tensor = table(&context);
    let part = tensor.slice(2..4).unwrap();
    assert_eq!((part.shape(), part.row::<f32>(0).unwrap()), (&[2, 4][..], &[8.0, 9.0, 10.0, 11.0][..]));
    assert_eq!(part.slice(1..2).unwrap().reshape(&[4]).unwrap().as_slice::<f32>().unwrap(), [12.0, 13.0, 14.0, 15.0]);
    assert_fails(tensor.slice(4..11), ErrorKind::OutOfBounds, &["rows 4 to 11", "10"]);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = tensor.slice(3..2);
    assert_fails(reversed, ErrorKind::OutOfBounds, &["rows 3 to 2"]);
    assert_fails(tensor.reshape(&[3, 3]), ErrorKind::ShapeMismatch, &["9 elements", "40"]);
    tensor.slice_mut(9..10).unwrap().fill(1.0f32).unwrap();
    tensor.reshape_mut(&[40]).unwrap().as_mut_slice::<f32>().unwrap()[0] = 7.0;
    assert_eq!((tensor.row::<f32>(9).unwrap(), tensor.row::<f32>(0).unwrap()[0]), (&[1.0; 4][..], 7.0));
    let view = tensor.into_view();
    let other = view.clone();
    drop(view);
    drop(context);
    assert_eq!(other.row::<f32>(9).unwrap(), [1.0; 4]);
}

#[test]
fn rows_are_gathered_and_scattered() {
    let context = context();
    let mut tensor = table(&context);
    let rows = tensor.gather(&[9i64, 0]).unwrap();
    assert_eq!(rows.as_slice::<f32>().unwrap(), [36.0, 37.0, 38.0, 39.0, 0.0, 1.0, 2.0, 3.0]);
    let mut out = vec![0f32; 8];
    tensor.gather_into(&vec![1i32, 2], ArrayMut::new(&mut out, &[2, 4]).unwrap()).unwrap();
    assert_eq!(out, [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    let skip = GatherOptions::new().bounds(Bounds::Skip).memory(Memory::Host).stream(Stream::default());
    assert_eq!(
        tensor.gather_with(&[-1i64, 1], skip).unwrap().as_slice::<f32>().unwrap()[..5],
        [0.0, 0.0, 0.0, 0.0, 4.0]
    );
    assert_eq!(context.statistics().unwrap().out_of_bounds, 1);
    let trusted = unsafe { GatherOptions::new().trust_index() };
    assert_eq!(tensor.gather_with(&[5i64], trusted).unwrap().as_slice::<f32>().unwrap(), [20.0, 21.0, 22.0, 23.0]);

    let ones = Tensor::wrap(&context, vec![1f32; 8], &[2, 4]).unwrap();
    tensor.scatter_with(&[3i64, 3], &ones, ScatterOptions::new().reduce(Reduce::Add)).unwrap();
    assert_eq!(tensor.row::<f32>(3).unwrap(), [14.0, 15.0, 16.0, 17.0]);
    tensor.scatter(&[0i32], Array::new(&[5f32; 4], &[1, 4]).unwrap()).unwrap();
    assert_eq!(tensor.row::<f32>(0).unwrap(), [5.0; 4]);
    let statistics = context.statistics().unwrap();
    assert_eq!((statistics.gather_calls, statistics.scatter_calls, statistics.scatter_bytes), (4, 2, 48));
    context.reset_statistics();
    assert_eq!(context.statistics().unwrap(), Default::default());
}

#[test]
fn bad_rows_are_refused_and_change_nothing() {
    let context = context();
    let mut tensor = table(&context);
    let before = tensor.as_slice::<f32>().unwrap().to_vec();
    let mut out = [9f32; 8];
    let result = tensor.gather_into(&[0i64, 10], ArrayMut::new(&mut out, &[2, 4]).unwrap());
    assert_fails(result, ErrorKind::OutOfBounds, &["index[1] is 10"]);
    assert_eq!(out, [9.0; 8]);
    assert_fails(tensor.gather(&[-1i32]), ErrorKind::OutOfBounds, &["index[0] is -1"]);
    assert_fails(tensor.gather(&[1.0f32]), ErrorKind::DtypeMismatch, &["index has dtype float32", "int64"]);
    assert_fails(tensor.gather(Array::new(&[1i64], &[1, 1]).unwrap()), ErrorKind::ShapeMismatch, &["2 dimensions"]);
    assert_fails(tensor.gather_into(&[1i64], &mut [0f64; 4]), ErrorKind::DtypeMismatch, &["out", "float64"]);
    assert_fails(tensor.gather_into(&[1i64], &mut [0f32; 4]), ErrorKind::ShapeMismatch, &["out", "[1, 4]"]);
    let rows = Array::new(&[5f32; 8], &[2, 4]).unwrap();
    assert_fails(tensor.scatter(&[0i64, 10], rows), ErrorKind::OutOfBounds, &["index[1] is 10"]);
    assert_fails(tensor.scatter(&[0i64], rows), ErrorKind::ShapeMismatch, &["rows", "[1, 4]"]);
    assert_fails(tensor.copy_from(rows), ErrorKind::ShapeMismatch, &["source", "[10, 4]"]);
    assert_fails(tensor.copy_to(&mut [0f32; 3]), ErrorKind::ShapeMismatch, &["[10, 4]", "[3]"]);
    assert_eq!(tensor.as_slice::<f32>().unwrap(), before);
    assert_fails(tensor.device_pointer(0), ErrorKind::DeviceMismatch, &["host memory"]);
}

#[test]
fn memory_that_is_shared_is_not_written() {
    let context = context();
    let raw = *Array::from(&[1i8, 2, 3]).as_raw();
    let mut tensor = unsafe { Tensor::wrap_raw(&context, &raw, || {}) }.unwrap();
    assert!(tensor.is_read_only());
    assert_fails(tensor.as_mut_slice::<i8>(), ErrorKind::InvalidArgument, &["read-only"]);
    assert_fails(tensor.fill(1i8), ErrorKind::InvalidArgument, &["read-only"]);
}

#[test]
fn tensors_and_graphs_are_saved_and_loaded() {
    let context = context();
    let folder = std::env::temp_dir().join(format!("unitensor-rust-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("x.npy");
    table(&context).save(&path).unwrap();
    let loaded = Tensor::load(&context, &path, Memory::Unified).unwrap();
    assert_eq!((loaded.shape(), loaded.row::<f32>(1).unwrap()), (&[10, 4][..], &[4.0, 5.0, 6.0, 7.0][..]));
    let made = graph(&context);
    made.save(&folder).unwrap();
    let again = Graph::load(&context, &folder, Memory::Host).unwrap();
    assert_eq!((again.num_nodes(), again.num_edges(), again.edge_ids().is_none()), (5, 10, true));
    assert_eq!(again.indices().as_slice::<i64>().unwrap(), made.indices().as_slice::<i64>().unwrap());
    let error = Tensor::load(&context, folder.join("none.npy"), Memory::Host).unwrap_err();
    assert_eq!((error.kind(), error.native_code(), error.status_name()), (ErrorKind::Io, 2, "UNI_STATUS_IO_ERROR"));
    std::fs::write(&path, b"\x93NUMPY").unwrap();
    assert_fails(Tensor::load(&context, &path, Memory::Host), ErrorKind::Format, &["x.npy"]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn samples_are_those_of_the_seed() {
    let context = context();
    let graph = graph(&context);
    let draw = |seed| graph.sample_neighbors(&[4i64, 4], &[2, 1]).seed(seed).with_edge_ids(true).run().unwrap();
    let mut sample = draw(7);
    let info = sample.info().unwrap();
    assert_eq!((info.num_seeds, info.hop_nodes[0], info.hop_edges[0]), (2, 2, 4));
    assert_eq!(info.num_nodes, sample.part(SamplePart::Nodes).unwrap().num_rows());
    assert_eq!(draw(7).info().unwrap(), info);
    let rows = table(&context).gather(sample.nodes()).unwrap();
    assert_eq!(rows.shape(), [info.num_nodes, 4]);
    let second = sample.share().unwrap();
    let edges = sample.take_part(SamplePart::EdgeIds).unwrap().unwrap();
    drop(sample);
    assert_eq!(second.info().unwrap(), info);
    drop((second, graph, context));
    assert_eq!(edges.num_rows(), info.num_edges);
}

#[test]
fn bad_graphs_and_seeds_are_refused() {
    let context = context();
    let tensor = |values: Vec<i64>| {
        let length = values.len();
        Tensor::wrap(&context, values, &[length]).unwrap()
    };
    let decreasing = Graph::new(tensor(vec![0, 2, 1]), tensor(vec![0]));
    assert_fails(decreasing, ErrorKind::InvalidArgument, &["indptr"]);
    assert_fails(Graph::new(tensor(vec![0, 1]), tensor(vec![5])), ErrorKind::OutOfBounds, &["indices[0] is 5"]);
    let floats = Tensor::wrap(&context, vec![0f32], &[1]).unwrap();
    assert_fails(Graph::new(floats, tensor(vec![])), ErrorKind::DtypeMismatch, &["indptr", "float32"]);
    let foreign = Tensor::wrap(&Context::new().unwrap(), vec![0i64], &[1]).unwrap();
    assert_fails(Graph::new(tensor(vec![0, 1]), foreign), ErrorKind::InvalidArgument, &["context"]);
    let short = Graph::builder(tensor(vec![0, 1]), tensor(vec![0])).edge_ids(tensor(vec![])).build();
    assert_fails(short, ErrorKind::ShapeMismatch, &["edge_ids"]);
    let trusted = unsafe { Graph::builder(tensor(vec![0, 1]), tensor(vec![0])).build_trusted() }.unwrap();
    assert_eq!(trusted.clone().num_nodes(), 1);
    let graph = graph(&context);
    assert_fails(graph.sample_neighbors(&[0i64, 5], &[1]).run(), ErrorKind::OutOfBounds, &["seeds[1] is 5"]);
    assert_fails(graph.sample_neighbors(&[0i64], &[-2]).run(), ErrorKind::InvalidArgument, &["fanouts[0] is -2"]);
    assert_fails(graph.sample_neighbors(&[0i64], &[1; 17]).run(), ErrorKind::InvalidArgument, &["num_hops is 17"]);
    assert_fails(graph.sample_neighbors(&[0u8], &[1]).run(), ErrorKind::DtypeMismatch, &["uint8"]);
}

#[test]
fn dlpack_goes_out_and_comes_back() {
    let context = context();
    let tensor = table(&context);
    let address = tensor.as_slice::<f32>().unwrap().as_ptr();
    let managed = unsafe { tensor.to_dlpack(DlpackDevice::Exact) }.unwrap();
    drop(tensor);
    let again = unsafe { Tensor::from_dlpack(&context, managed) }.unwrap();
    assert_eq!((again.shape(), again.as_slice::<f32>().unwrap().as_ptr()), (&[10, 4][..], address));
    let refused = unsafe { again.to_dlpack(DlpackDevice::Cuda(0)) };
    assert_fails(refused, ErrorKind::DeviceMismatch, &["CUDA"]);
    for device in [DlpackDevice::Default, DlpackDevice::Cpu] {
        let managed = unsafe { again.to_dlpack(device) }.unwrap();
        drop(unsafe { Tensor::from_dlpack(&context, managed) }.unwrap());
    }
}

#[test]
fn the_cpu_describes_itself() {
    let context = Context::builder().num_threads(3).build().unwrap();
    let backend = context.backend_info(DeviceType::Cpu).unwrap();
    assert!(backend.is_available && backend.num_devices == 1 && backend.name == "cpu" && backend.path.is_empty());
    let device = context.device_info(DeviceType::Cpu, 0).unwrap();
    assert_eq!((device.num_processors, device.compute_capability, device.link_bytes_per_second), (3, None, None));
    assert!(device.total_bytes > 1 << 24);
    assert_eq!(context.device_info(DeviceType::Cpu, 1).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    let cuda = context.backend_info(DeviceType::Cuda).unwrap();
    assert_eq!(cuda.is_available, cuda.reason.is_empty());
}
