// SPDX-License-Identifier: Apache-2.0
//! Gathers that convert, that multiply with scales, and that take several tensors, on the CPU.
use unitensor::{
    gather_many, gather_many_into, Array, ArrayMut, BFloat16, Bounds, Context, Dtype, Element, ErrorKind, Float16,
    GatherOptions, Graph, Memory, Order, ScatterOptions, Tensor,
};

const ORDERS: [Order; 3] = [Order::Auto, Order::AsGiven, Order::ByPage];

fn context() -> Context {
    Context::builder().num_threads(2).build().expect("a context")
}

fn tensor<T: Element>(context: &Context, elements: &[T], shape: &[usize]) -> Tensor<'static> {
    Tensor::from_slice(context, elements, shape, Memory::Host).expect("a tensor")
}

/// Ten rows of four, each element its place.
fn table(context: &Context) -> Tensor<'static> {
    tensor(context, &(0..40).map(|place| place as f32).collect::<Vec<_>>(), &[10, 4])
}

/// Memory for two rows of four.
fn two_rows<T: Element>(elements: &mut [T]) -> ArrayMut<'_> {
    ArrayMut::new(elements, &[2, 4]).expect("eight elements")
}

fn into(dtype: Dtype) -> GatherOptions {
    GatherOptions::new().dtype(dtype)
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
fn floats_are_converted_to_nearest_ties_to_even() {
    let context = context();
    // One half of the last place above 1, three halves, and what float16 cannot hold.
    let halves = [1.5f32, 1.0 + 1.0 / 2048.0, 1.0 + 3.0 / 2048.0, 70000.0, -2.0];
    let x = tensor(&context, &halves, &[5, 1]);
    let short = x.gather_with(&[0i64, 1, 2, 3, 4], into(Dtype::Float16)).unwrap();
    assert_eq!((short.dtype(), short.shape(), short.memory()), (Dtype::Float16, &[5, 1][..], Memory::Host));
    assert_eq!(short.as_slice::<Float16>().unwrap(), [0x3e00, 0x3c00, 0x3c02, 0x7c00, 0xc000].map(Float16));
    let back = short.gather_with(&[4i32, 2], into(Dtype::Float32)).unwrap();
    assert_eq!(back.as_slice::<f32>().unwrap(), [-2.0, 1.0 + 1.0 / 512.0]);

    let brains = [1.5f32, 1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, 70000.0, -2.0];
    let x = tensor(&context, &brains, &[5, 1]);
    let short = x.gather_with(&[0i64, 1, 2, 3, 4], into(Dtype::BFloat16)).unwrap();
    assert_eq!(short.as_slice::<BFloat16>().unwrap(), [0x3fc0, 0x3f80, 0x3f82, 0x4789, 0xc000].map(BFloat16));
    let back = short.gather_with(&[4i32, 2], into(Dtype::Float32)).unwrap();
    assert_eq!(back.as_slice::<f32>().unwrap(), [-2.0, 1.0 + 1.0 / 64.0]);
    let other = short.gather_with(&[0i32, 3], into(Dtype::Float16)).unwrap();
    assert_eq!(other.as_slice::<Float16>().unwrap(), [0x3e00, 0x7c00].map(Float16));
    // Its own dtype is none to convert to.
    let same = short.gather_with(&[1i32], into(Dtype::BFloat16)).unwrap();
    assert_eq!(same.as_slice::<BFloat16>().unwrap(), [BFloat16(0x3f80)]);
}

#[test]
fn out_has_the_dtype_of_the_options() {
    let context = context();
    let x = table(&context);
    let mut out = [Float16(7); 8];
    x.gather_into_with(&[0i64, 1], two_rows(&mut out), into(Dtype::Float16)).unwrap();
    assert_eq!(out, [0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700].map(Float16));
    let before = out;
    let result = x.gather_into_with(&[0i64, 10], two_rows(&mut out), into(Dtype::Float16));
    assert_fails(result, ErrorKind::OutOfBounds, &["index[1] is 10"]);
    let result = x.gather_into_with(&[2i64, 3], two_rows(&mut out), into(Dtype::BFloat16));
    assert_fails(result, ErrorKind::DtypeMismatch, &["out has dtype float16", "bfloat16"]);
    let result = x.gather_into(&[2i64, 3], two_rows(&mut out));
    assert_fails(result, ErrorKind::DtypeMismatch, &["out has dtype float16", "float32"]);
    assert_eq!(out, before);
    let mut floats = [7f32; 8];
    let result = x.gather_into_with(&[2i64, 3], two_rows(&mut floats), into(Dtype::Float16));
    assert_fails(result, ErrorKind::DtypeMismatch, &["out has dtype float32", "float16"]);
    assert_eq!(floats, [7.0; 8]);
}

#[test]
fn conversions_that_are_not_offered_are_refused() {
    let context = context();
    let x = table(&context);
    for dtype in [Dtype::Int8, Dtype::Float64, Dtype::Bool] {
        assert_fails(x.gather_with(&[0i64], into(dtype)), ErrorKind::NotSupported, &[dtype.name(), "float32"]);
    }
    let wide = tensor(&context, &[1f64], &[1]);
    assert_fails(wide.gather_with(&[0i64], into(Dtype::Float32)), ErrorKind::NotSupported, &["float64"]);
    assert_fails(x.gather_with(&[0i64], into(Dtype::Other(99))), ErrorKind::DtypeMismatch, &["99"]);
}

#[test]
fn rows_of_int8_are_multiplied_with_their_scales() {
    let context = context();
    let x = tensor(&context, &[1i8, 2, 3, 4, -5, 6, 7, -128], &[4, 2]);
    let scales = [1.0f32, 0.5, -2.0, 4.0];
    let rows = x.gather_scaled_with(&[2i64, 1], &scales, into(Dtype::Float32)).unwrap();
    assert_eq!((rows.shape(), rows.as_slice::<f32>().unwrap()), (&[2, 2][..], &[10.0, -12.0, 1.5, 2.0][..]));
    // A tensor as scales.
    let kept = tensor(&context, &scales, &[4]);
    let rows = x.gather_scaled_with(&[3i32], &kept, into(Dtype::Float16)).unwrap();
    assert_eq!(rows.as_slice::<Float16>().unwrap(), [0x4f00, 0xe000].map(Float16));
    let skip = into(Dtype::BFloat16).bounds(Bounds::Skip);
    let rows = x.gather_scaled_with(&[1i64, 4], &kept, skip).unwrap();
    assert_eq!(rows.as_slice::<BFloat16>().unwrap(), [0x3fc0, 0x4000, 0, 0].map(BFloat16));
    let mut out = [9f32; 2];
    x.gather_scaled_into_with(&[3i64], &scales, ArrayMut::new(&mut out, &[1, 2]).unwrap(), into(Dtype::Float32))
        .unwrap();
    assert_eq!(out, [28.0, -512.0]);
    let result =
        x.gather_scaled_into_with(&[4i64], &scales, ArrayMut::new(&mut out, &[1, 2]).unwrap(), into(Dtype::Float32));
    assert_fails(result, ErrorKind::OutOfBounds, &["index[0] is 4"]);
    assert_eq!(out, [28.0, -512.0]);
}

#[test]
fn scales_that_do_not_fit_are_refused() {
    let context = context();
    let x = tensor(&context, &[1i8, 2, 3, 4], &[2, 2]);
    let (at, scales) = ([0i64], [1.0f32, 2.0]);
    let kind = ErrorKind::InvalidArgument;
    let short = x.gather_scaled_with(&at, &scales[..1], into(Dtype::Float32));
    assert_fails(short, ErrorKind::ShapeMismatch, &["row_scales", "[1]", "[2]"]);
    let wide = Array::new(&scales, &[2, 1]).unwrap();
    assert_fails(x.gather_scaled_with(&at, wide, into(Dtype::Float32)), ErrorKind::ShapeMismatch, &["row_scales"]);
    let doubles = x.gather_scaled_with(&at, &[1.0f64, 2.0], into(Dtype::Float32));
    assert_fails(doubles, ErrorKind::DtypeMismatch, &["row_scales", "float64"]);
    assert_fails(x.gather_scaled_with(&at, &scales, GatherOptions::new()), kind, &["row_scales is not NULL"]);
    assert_fails(x.gather_scaled_with(&at, &scales, into(Dtype::Int16)), ErrorKind::NotSupported, &["int16"]);
    assert_fails(x.gather_with(&at, into(Dtype::Float32)), kind, &["row_scales is NULL"]);
    let floats = tensor(&context, &[1f32, 2.0], &[2, 1]);
    assert_fails(floats.gather_scaled_with(&at, &scales, into(Dtype::Float16)), kind, &["expected an int8 source"]);
}

#[test]
fn any_order_and_number_of_multiprocessors_gives_the_same() {
    let context = context();
    let mut x = table(&context);
    for (order, most) in ORDERS.into_iter().zip([0, 3, u32::MAX]) {
        let options = GatherOptions::new().order(order).num_multiprocessors(most);
        let rows = x.gather_with(&[9i64, 0], options).unwrap();
        assert_eq!(rows.as_slice::<f32>().unwrap(), [36.0, 37.0, 38.0, 39.0, 0.0, 1.0, 2.0, 3.0]);
        let rows = gather_many(&[&x, &x], &[1i64], options).unwrap();
        assert_eq!(rows[1].as_slice::<f32>().unwrap(), [4.0, 5.0, 6.0, 7.0]);
        let ones = Array::new(&[1f32; 4], &[1, 4]).unwrap();
        x.scatter_with(&[2i64], ones, ScatterOptions::new().num_multiprocessors(most)).unwrap();
        assert_eq!(x.row::<f32>(2).unwrap(), [1.0; 4]);
    }
    assert_eq!(Order::default(), Order::Auto);
}

#[test]
fn several_tensors_are_gathered_by_one_index() {
    let context = context();
    let (x, labels) = (table(&context), tensor(&context, &(100..110).collect::<Vec<i64>>(), &[10]));
    let degrees = tensor(&context, &(0..20).collect::<Vec<i8>>(), &[10, 1, 2]).into_view();
    let rows = gather_many(&[&x, &labels, &degrees], &[3i32, 0, 3], GatherOptions::new()).unwrap();
    let shapes: Vec<_> = rows.iter().map(|rows| (rows.dtype(), rows.shape())).collect();
    assert_eq!(shapes, [(Dtype::Float32, &[3, 4][..]), (Dtype::Int64, &[3][..]), (Dtype::Int8, &[3, 1, 2][..])]);
    assert_eq!(rows[0].as_slice::<f32>().unwrap()[..6], [12.0, 13.0, 14.0, 15.0, 0.0, 1.0]);
    assert_eq!(rows[1].as_slice::<i64>().unwrap(), [103, 100, 103]);
    assert_eq!(rows[2].as_slice::<i8>().unwrap(), [6, 7, 0, 1, 6, 7]);
    assert!(rows.iter().all(|rows| rows.requested_memory() == Memory::Host));

    let options = GatherOptions::new().bounds(Bounds::Skip).memory(Memory::Unified);
    let rows = gather_many(&[&x, &labels], &[10i64, 9], options).unwrap();
    assert_eq!(rows[0].as_slice::<f32>().unwrap(), [0.0, 0.0, 0.0, 0.0, 36.0, 37.0, 38.0, 39.0]);
    assert_eq!((rows[1].as_slice::<i64>().unwrap(), rows[1].requested_memory()), (&[0, 109][..], Memory::Unified));
    let none = gather_many(&[&x, &labels], &[] as &[i64], GatherOptions::new()).unwrap();
    assert_eq!((none[0].shape(), none[1].shape()), (&[0, 4][..], &[0][..]));
    let most = gather_many(&[&labels; 16], &[5i64], GatherOptions::new()).unwrap();
    assert!(most.len() == 16 && most.iter().all(|rows| rows.as_slice::<i64>().unwrap() == [105]));

    let indptr = tensor(&context, &[0i64, 0, 1], &[3]);
    let graph = Graph::new(indptr, tensor(&context, &[0i64], &[1])).unwrap();
    let sample = graph.sample_neighbors(&[1i64], &[1]).run().unwrap();
    let pair = [x.slice(0..2).unwrap(), labels.slice(0..2).unwrap()];
    let rows = gather_many(&[&pair[0], &pair[1]], sample.nodes(), GatherOptions::new()).unwrap();
    assert_eq!(rows[1].as_slice::<i64>().unwrap(), [101, 100]);
    // Of memory that is there, a slice and a tensor.
    let mut picked = Tensor::zeros(&context, Dtype::Int64, &[2], Memory::Host).unwrap();
    let mut floats = [0f32; 8];
    let mut outs = [two_rows(&mut floats), (&mut picked).into()];
    for index in [[0i64, 1], [8, 9]] {
        gather_many_into(&[&x, &labels], &index, &mut outs, GatherOptions::new()).unwrap();
    }
    assert_eq!(
        (floats[..4].to_vec(), picked.as_slice::<i64>().unwrap()),
        (vec![32.0, 33.0, 34.0, 35.0], &[108, 109][..])
    );
}

#[test]
fn several_tensors_that_do_not_fit_are_refused_and_nothing_is_written() {
    let context = context();
    let (x, labels) = (table(&context), tensor(&context, &(0..10).collect::<Vec<i64>>(), &[10]));
    let (mut floats, mut picked) = ([9f32; 8], [9i64; 2]);
    let mut gather = |sources: &[&Tensor<'_>], index: &[i64], options| {
        let mut outs = [two_rows(&mut floats), ArrayMut::from(&mut picked)];
        let into_memory = gather_many_into(sources, index, &mut outs, options).unwrap_err();
        assert_eq!((floats, picked), ([9.0; 8], [9; 2]));
        into_memory
    };
    let mut assert_both = |sources: &[&Tensor<'_>], index: &[i64], options, kind, words: &[&str]| {
        assert_fails(Err::<(), _>(gather(sources, index, options)), kind, words);
        assert_fails(gather_many(sources, index, options), kind, words);
    };
    let (plain, invalid, shape) = (GatherOptions::new(), ErrorKind::InvalidArgument, ErrorKind::ShapeMismatch);
    assert_both(&[&x, &labels], &[0, 10], plain, ErrorKind::OutOfBounds, &["index[1] is 10"]);
    assert_both(&[&x, &labels], &[-1, 0], plain, ErrorKind::OutOfBounds, &["index[0] is -1"]);
    let short = tensor(&context, &[1i64, 2, 3], &[3]);
    assert_both(&[&x, &short], &[0, 1], plain, shape, &["sources[1] has 3 rows", "expected 10"]);
    let scalar = tensor(&context, &[1i64], &[]);
    assert_both(&[&x, &scalar], &[0, 1], plain, shape, &["sources[1] has 0 dimensions"]);
    let foreign = tensor(&Context::new().unwrap(), &[1i64; 10], &[10]);
    assert_both(&[&x, &foreign], &[0, 1], plain, invalid, &["sources[1] is of another context"]);
    assert_both(&[&x, &labels], &[0, 1], into(Dtype::Float32), invalid, &["options->dtype"]);
    assert_both(&[], &[0, 1], plain, invalid, &["0 sources", "1 to 16"]);
    assert_both(&[&x; 17], &[0, 1], plain, invalid, &["17 sources", "1 to 16"]);
    // What only one of them can meet.
    let found = gather(&[&x], &[0, 1], plain);
    assert_fails(Err::<(), _>(found), invalid, &["2 outs are given, expected 1"]);
    let found = gather(&[&x, &labels], &[0, 1], plain.memory(Memory::Host));
    assert_fails(Err::<(), _>(found), invalid, &["memory"]);
    let found = gather(&[&labels, &x], &[0, 1], plain);
    assert_fails(Err::<(), _>(found), ErrorKind::DtypeMismatch, &["outs[0]", "float32", "int64"]);
    let found = gather(&[&x, &labels], &[0], plain);
    assert_fails(Err::<(), _>(found), shape, &["outs[0]", "[1, 4]"]);
    let table_of_indices = Array::new(&[0i64, 1], &[2, 1]).unwrap();
    assert_fails(gather_many(&[&x], table_of_indices, plain), shape, &["index has 2 dimensions"]);
    assert_fails(gather_many(&[&x], &[0f32], plain), ErrorKind::DtypeMismatch, &["float32"]);
}
