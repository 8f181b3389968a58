// SPDX-License-Identifier: Apache-2.0
//! Devices that work later, over the emulated one: UNITENSOR_TEST_CUDA_BACKEND is the path of its plugin. It does nothing
//! before somebody waits, so that what has to wait and does not is seen.
mod common;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use common::Fake;
use unitensor::{
    gather_many, gather_many_into, Array, ArrayMut, Context, Device, DeviceType, DlpackDevice, Dtype, ErrorKind,
    GatherOptions, Graph, Memory, Order, SamplePart, Tensor, View,
};

const TABLE: [f32; 40] = {
    let mut table = [0.0; 40];
    let mut place = 0;
    while place < 40 {
        table[place] = place as f32;
        place += 1;
    }
    table
};

/// Runs a test on the emulated device, if there is one.
fn on_device(test: impl FnOnce(&Fake, &Context)) {
    if let Some(fake) = Fake::open() {
        {
            let context = fake.context();
            test(&fake, &context);
            context.synchronize().unwrap();
        }
        fake.reset();
    }
}

fn table(context: &Context, memory: Memory) -> Tensor<'static> {
    Tensor::from_slice(context, &TABLE, &[10, 4], memory).unwrap()
}

fn index(context: &Context, values: &[i64]) -> Tensor<'static> {
    Tensor::from_slice(context, values, &[values.len()], Memory::Device).unwrap()
}

fn on_host(tensor: &Tensor<'_>) -> Vec<f32> {
    let mut values = vec![0.0; tensor.num_elements()];
    tensor.copy_to(ArrayMut::new(&mut values, tensor.shape()).unwrap()).unwrap();
    values
}

#[test]
fn an_index_on_the_device_gathers_there() {
    on_device(|fake, context| {
        for memory in [Memory::Unified, Memory::Managed, Memory::Pinned, Memory::Device] {
            let rows = table(context, memory).gather(&index(context, &[3, 9])).unwrap();
            assert_eq!((rows.memory(), rows.device()), (Memory::Device, Device::Cuda(0)));
            assert!(fake.num_pending() > 0, "the gather has waited");
            // Into memory that is lent, so that this waits.
            assert_eq!(on_host(&rows), [&TABLE[12..16], &TABLE[36..]].concat());
            assert_eq!(rows.as_slice::<f32>().unwrap_err().kind(), ErrorKind::DeviceMismatch);
        }
    });
}

#[test]
fn what_a_device_writes_is_waited_for_by_who_reads_it() {
    on_device(|fake, context| {
        let source = table(context, Memory::Pinned);
        let at = index(context, &[1]);
        context.synchronize().unwrap();
        let options = GatherOptions::new().memory(Memory::Pinned);
        let rows = source.gather_with(&at, options).unwrap();
        assert!(fake.num_pending() > 0);
        assert_eq!(rows.as_slice::<f32>().unwrap(), &TABLE[4..8]);

        let mut out = Tensor::zeros(context, Dtype::Float32, &[1, 4], Memory::Managed).unwrap();
        source.gather_into(&at, &mut out).unwrap();
        assert!(fake.num_pending() > 0);
        // By the CPU, as an operand.
        assert_eq!(out.gather(&[0i64]).unwrap().as_slice::<f32>().unwrap(), &TABLE[4..8]);

        let mut pinned = Tensor::zeros(context, Dtype::Float32, &[1, 4], Memory::Pinned).unwrap();
        source.gather_into(&at, &mut pinned).unwrap();
        pinned.row_mut::<f32>(0).unwrap()[0] = -1.0;
        context.synchronize().unwrap();
        assert_eq!(pinned.row::<f32>(0).unwrap(), [-1.0, 5.0, 6.0, 7.0]);

        // Parts know of what is written through the whole.
        source.gather_into(&at, &mut pinned.slice_mut(0..1).unwrap()).unwrap();
        assert_eq!(pinned.reshape(&[4]).unwrap().as_slice::<f32>().unwrap(), &TABLE[4..8]);
    });
}

#[test]
fn what_a_device_reads_is_not_written_before() {
    on_device(|fake, context| {
        let mut source = table(context, Memory::Pinned);
        let at = index(context, &[2]);
        context.synchronize().unwrap();
        let rows = source.gather(&at).unwrap();
        assert!(fake.num_pending() > 0);
        source.as_mut_slice::<f32>().unwrap().fill(0.0);
        assert_eq!(on_host(&rows), &TABLE[8..12]);
        let rows = source.gather(&at).unwrap();
        source.fill(6.0f32).unwrap();
        assert_eq!(on_host(&rows), [0.0; 4]);
    });
}

#[test]
fn memory_that_is_lent_is_not_used_after_the_call() {
    on_device(|fake, context| {
        let mut values = TABLE.to_vec();
        let mut device = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
        device.copy_from(Array::new(&values, &[10, 4]).unwrap()).unwrap();
        values.fill(0.0);
        assert_eq!(on_host(&device), TABLE);
        fake.set_pageable_access(true);
        let second = fake.context();
        // The device reads and writes all memory of the host: tensors that borrow some are operands of it.
        let at = index(&second, &[3]);
        let mut lent = TABLE;
        let view = View::wrap(&second, &lent[..], &[10, 4]).unwrap();
        let rows = view.gather(&at).unwrap();
        let part = view.slice(0..4).unwrap().gather(&at).unwrap();
        assert_eq!(fake.num_pending(), 0);
        drop(view);
        lent.fill(0.0);
        assert_eq!([on_host(&rows), on_host(&part)].concat(), [&TABLE[12..16]; 2].concat());
        let source = table(&second, Memory::Device);
        let mut out = Tensor::wrap(&second, &mut lent[..4], &[1, 4]).unwrap();
        source.gather_into(&at, &mut out).unwrap();
        assert_eq!(fake.num_pending(), 0);
        drop(out);
        assert_eq!(lent[..4], TABLE[12..16]);
    });
}

#[test]
fn scales_are_kept_until_the_device_has_done() {
    on_device(|fake, context| {
        let x = Tensor::from_slice(context, &[1i8, 2, 3, 4], &[2, 2], Memory::Device).unwrap();
        let at = index(context, &[1, 0]);
        let options = GatherOptions::new().dtype(Dtype::Float32).order(Order::ByPage).num_multiprocessors(1);
        for memory in [Memory::Pinned, Memory::Device] {
            let mut scales = Tensor::from_slice(context, &[1f32, 0.5], &[2], memory).unwrap();
            context.synchronize().unwrap();
            let rows = x.gather_scaled_with(&at, &scales, options).unwrap();
            assert_eq!((rows.memory(), rows.dtype()), (Memory::Device, Dtype::Float32));
            assert!(fake.num_pending() > 0, "the gather has waited");
            // Nor written before: by the CPU after it has waited, by the device in its turn.
            scales.fill(0f32).unwrap();
            let more = x.gather_scaled_with(&at, &scales, options).unwrap();
            drop(scales);
            assert_eq!([on_host(&rows), on_host(&more)], [[1.5, 2.0, 1.0, 2.0], [0.0; 4]]);
        }
        fake.set_pageable_access(true);
        // The device reads and writes all memory of the host, what is lent for the call as well.
        let second = fake.context();
        let x = Tensor::from_slice(&second, &[1i8, 2, 3, 4], &[2, 2], Memory::Device).unwrap();
        let (at, mut scales) = (index(&second, &[1, 0]), vec![1f32, 0.5]);
        let rows = x.gather_scaled_with(&at, &scales, options).unwrap();
        assert_eq!(fake.num_pending(), 0);
        scales.fill(0.0);
        assert_eq!(on_host(&rows), [1.5, 2.0, 1.0, 2.0]);
        let kept = Tensor::from_slice(&second, &[1f32, 0.5], &[2], Memory::Device).unwrap();
        let mut out = [0f32; 4];
        x.gather_scaled_into_with(&at, &kept, ArrayMut::new(&mut out, &[2, 2]).unwrap(), options).unwrap();
        assert_eq!((fake.num_pending(), out), (0, [1.5, 2.0, 1.0, 2.0]));
    });
}

#[test]
fn several_tensors_are_gathered_on_the_device() {
    on_device(|fake, context| {
        let labels: Vec<i64> = (100..110).collect();
        let make_labels = |context: &Context| Tensor::from_slice(context, &labels, &[10], Memory::Pinned).unwrap();
        let (x, picked_from, at) = (table(context, Memory::Device), make_labels(context), index(context, &[3, 9]));
        context.synchronize().unwrap();
        let rows = gather_many(&[&x, &picked_from], &at, GatherOptions::new()).unwrap();
        assert!(fake.num_pending() > 0, "the gather has waited");
        assert!(rows.iter().all(|rows| (rows.memory(), rows.device()) == (Memory::Device, Device::Cuda(0))));
        assert_eq!(on_host(&rows[0]), [&TABLE[12..16], &TABLE[36..]].concat());
        // Results that the CPU reads are waited for.
        let rows = gather_many(&[&x, &picked_from], &at, GatherOptions::new().memory(Memory::Pinned)).unwrap();
        assert!(fake.num_pending() > 0, "the gather has waited");
        assert_eq!(rows[1].as_slice::<i64>().unwrap(), [103, 109]);
        // Those that are dropped live until the device has done, and so do the sources.
        drop(gather_many(&[&x, &picked_from], &at, GatherOptions::new()).unwrap());
        let mut picked = Tensor::zeros(context, Dtype::Int64, &[2], Memory::Pinned).unwrap();
        let mut rows = Tensor::zeros(context, Dtype::Float32, &[2, 4], Memory::Device).unwrap();
        let outs = &mut [(&mut rows).into(), (&mut picked).into()];
        gather_many_into(&[&x, &picked_from], &at, outs, GatherOptions::new()).unwrap();
        assert!(fake.num_pending() > 0, "the gather has waited");
        drop((x, picked_from, at));
        assert_eq!(picked.as_slice::<i64>().unwrap(), [103, 109]);
        let bad = gather_many(&[&rows, &picked], &index(context, &[2, 1]), GatherOptions::new()).unwrap();
        assert_eq!(context.synchronize().unwrap_err().kind(), ErrorKind::OutOfBounds);
        assert_eq!(on_host(&bad[0]), [&[0.0; 4], &TABLE[36..]].concat());
        let mixed = gather_many(&[&rows, &picked], &[0i64], GatherOptions::new()).unwrap_err();
        assert_eq!(mixed.kind(), ErrorKind::DeviceMismatch);

        fake.set_pageable_access(true);
        // One that is lent is enough for the call to wait.
        let second = fake.context();
        let (x, picked_from) = (table(&second, Memory::Device), make_labels(&second));
        let (mut lent, mut rows) =
            ([0i64; 1], Tensor::zeros(&second, Dtype::Float32, &[1, 4], Memory::Device).unwrap());
        let outs = &mut [(&mut rows).into(), (&mut lent).into()];
        let at = index(&second, &[7]);
        gather_many_into(&[&x, &picked_from], &at, outs, GatherOptions::new()).unwrap();
        assert_eq!((fake.num_pending(), lent), (0, [107]));
    });
}

#[test]
fn what_several_tensors_are_gathered_from_is_not_written_before() {
    on_device(|fake, context| {
        let labels: Vec<i64> = (100..110).collect();
        let mut x = table(context, Memory::Pinned);
        let mut picked_from = Tensor::from_slice(context, &labels, &[10], Memory::Managed).unwrap();
        let at = index(context, &[3]);
        let mut rows = Tensor::zeros(context, Dtype::Float32, &[1, 4], Memory::Device).unwrap();
        let mut picked = Tensor::zeros(context, Dtype::Int64, &[1], Memory::Pinned).unwrap();
        context.synchronize().unwrap();
        // The CPU waits before it writes to any of them.
        for which in 0..2 {
            let outs = &mut [(&mut rows).into(), (&mut picked).into()];
            gather_many_into(&[&x, &picked_from], &at, outs, GatherOptions::new()).unwrap();
            assert!(fake.num_pending() > 0, "the gather has waited");
            match which {
                0 => x.row_mut::<f32>(3).unwrap().fill(-1.0),
                _ => picked_from.as_mut_slice::<i64>().unwrap().fill(-1),
            }
            assert_eq!(fake.num_pending(), 0, "{which} was written before the device had read it");
            context.synchronize().unwrap();
            let expected = if which == 0 { TABLE[12..16].to_vec() } else { vec![-1.0; 4] };
            assert_eq!((on_host(&rows), picked.as_slice::<i64>().unwrap()), (expected, &[103i64][..]));
        }
        fake.set_pageable_access(true);
        let second = fake.context();
        let (mut lent, at) = (TABLE, index(&second, &[3]));
        // An index of another context is enough for the call to wait, and so is a source that is lent.
        let outs = &mut [(&mut rows).into(), (&mut picked).into()];
        gather_many_into(&[&x, &picked_from], &at, outs, GatherOptions::new()).unwrap();
        assert_eq!(fake.num_pending(), 0);
        let mut rows = Tensor::zeros(&second, Dtype::Float32, &[1, 4], Memory::Device).unwrap();
        second.synchronize().unwrap();
        let view = View::wrap(&second, &lent[..], &[10, 4]).unwrap();
        gather_many_into(&[&view], &at, &mut [(&mut rows).into()], GatherOptions::new()).unwrap();
        assert_eq!(fake.num_pending(), 0);
        drop(view);
        lent.fill(0.0);
        assert_eq!(on_host(&rows), TABLE[12..16]);
    });
}

#[test]
fn memory_that_is_owned_lives_until_the_device_has_done() {
    on_device(|fake, context| {
        let released = Arc::new(AtomicUsize::new(0));
        let count = released.clone();
        let memory: Arc<[f32]> = TABLE.to_vec().into();
        let raw = *Array::new(&memory, &[10, 4]).unwrap().as_raw();
        let release = move || {
            drop(memory);
            count.fetch_add(1, Ordering::SeqCst);
        };
        let host = unsafe { Tensor::wrap_raw(context, &raw, release) }.unwrap();
        let mut device = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
        device.copy_from(&host).unwrap();
        drop(host);
        assert!(fake.num_pending() > 0);
        assert_eq!(released.load(Ordering::SeqCst), 0);
        // Neither waited for nor in the way.
        context.trim().unwrap();
        assert_eq!(released.load(Ordering::SeqCst), 0);
        context.synchronize().unwrap();
        assert_eq!((released.load(Ordering::SeqCst), on_host(&device)), (1, TABLE.to_vec()));
    });
}

#[test]
fn a_panic_of_an_owner_is_raised_by_the_call_that_releases() {
    on_device(|_, context| {
        let raw = *Array::new(&TABLE, &[10, 4]).unwrap().as_raw();
        let host = unsafe { Tensor::wrap_raw(context, &raw, || panic!("owner")) }.unwrap();
        let mut device = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
        device.copy_from(&host).unwrap();
        drop(host);
        let payload = catch_unwind(AssertUnwindSafe(|| context.synchronize())).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"owner"));
        assert_eq!(on_host(&device), TABLE);
    });
}

#[test]
fn tensors_of_another_context_are_waited_for() {
    on_device(|fake, context| {
        let other = fake.context();
        let (source, at) = (table(context, Memory::Device), index(context, &[5]));
        let mut out = Tensor::zeros(&other, Dtype::Float32, &[1, 4], Memory::Pinned).unwrap();
        source.gather_into(&at, &mut out).unwrap();
        assert_eq!(fake.num_pending(), 0);
        assert_eq!(out.as_slice::<f32>().unwrap(), &TABLE[20..24]);
    });
}

#[test]
fn errors_of_a_device_are_reported_later() {
    on_device(|_, context| {
        let rows = table(context, Memory::Device).gather(&index(context, &[1, 10])).unwrap();
        let error = context.synchronize().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfBounds);
        assert!(error.message().contains("index[1] is 10"), "{error}");
        context.check().unwrap();
        assert_eq!(on_host(&rows), [&TABLE[4..8], &[0.0; 4]].concat());
        let mixed = table(context, Memory::Device).gather(&[1i64]).unwrap_err();
        assert_eq!(mixed.kind(), ErrorKind::DeviceMismatch);
    });
}

#[test]
fn a_sample_is_gathered_by_before_it_is_complete() {
    on_device(|_, context| {
        let (indptr, indices) = ([0i64, 2, 4, 5], [1i64, 2, 0, 2, 1]);
        let make = |context: &Context, memory| {
            let indptr = Tensor::from_slice(context, &indptr, &[4], memory).unwrap();
            Graph::new(indptr, Tensor::from_slice(context, &indices, &[5], memory).unwrap()).unwrap()
        };
        let host = make(context, Memory::Host).sample_neighbors(&[2i64, 0], &[1, 2]).seed(5).run().unwrap();
        let expected = host.info().unwrap();
        let graph = make(context, Memory::Unified);
        let mut sample = graph.sample_neighbors(&index(context, &[2, 0]), &[1, 2]).seed(5).run().unwrap();
        drop(graph);
        assert_eq!(sample.info().unwrap_err().kind(), ErrorKind::InvalidState);
        let rows = table(context, Memory::Unified).gather(sample.nodes()).unwrap();
        assert!(rows.num_rows() >= expected.num_nodes);
        sample.wait().unwrap();
        assert_eq!(sample.info().unwrap(), expected);
        let nodes = host.part(SamplePart::Nodes).unwrap();
        let nodes = nodes.as_slice::<i64>().unwrap();
        let rows = on_host(&rows);
        for (row, node) in nodes.iter().enumerate() {
            assert_eq!(rows[4 * row..][..4], TABLE[4 * *node as usize..][..4]);
        }
        let mut found = vec![0i64; nodes.len()];
        sample.part(SamplePart::Nodes).unwrap().copy_to(&mut found).unwrap();
        assert_eq!(found, nodes);
        let graph = make(context, Memory::Device);
        let mut bad = graph.sample_neighbors(&index(context, &[7]), &[1]).run().unwrap();
        let error = bad.wait().unwrap_err();
        assert!(error.kind() == ErrorKind::OutOfBounds && error.message().contains("seeds[0] is 7"), "{error}");
        assert_eq!(bad.share().unwrap_err().kind(), ErrorKind::OutOfBounds);
    });
}

#[test]
fn streams_are_ordered_by_hold_stream() {
    on_device(|fake, context| {
        let (ours, theirs) = (fake.create_stream(), fake.create_stream());
        let source = table(context, Memory::Pinned);
        let mut device = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
        context.synchronize().unwrap();
        device.copy_from_on(&source, ours).unwrap();
        context.hold_stream(0, theirs).unwrap();
        let mut out = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Pinned).unwrap();
        device.copy_to_on(&mut out, theirs).unwrap();
        assert!(fake.num_pending() > 0);
        assert_eq!(out.as_slice::<f32>().unwrap(), TABLE);
        device.fill_on(3.0f32, ours).unwrap();
        assert_eq!(on_host(&device), [3.0; 40]);
        assert_eq!(context.hold_stream(1, theirs).unwrap_err().kind(), ErrorKind::DeviceMismatch);
        fake.destroy_stream(ours);
        fake.destroy_stream(theirs);
    });
}

#[test]
fn streams_of_others_are_followed() {
    for follows in [false, true] {
        on_device(|fake, context| {
            let theirs = fake.create_stream();
            let source = table(context, Memory::Device);
            let target = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
            let (to, from) = (target.device_pointer(0).unwrap(), source.device_pointer(0).unwrap());
            context.synchronize().unwrap();
            fake.enqueue_copy(theirs, to, from, 160);
            if follows {
                context.follow_stream(0, theirs).unwrap();
            }
            let ours = fake.create_stream();
            let rows = target.gather_with(&index(context, &[3]), GatherOptions::new().stream(ours)).unwrap();
            assert_eq!(on_host(&rows) == TABLE[12..16], follows);
            assert_eq!(context.follow_stream(1, theirs).unwrap_err().kind(), ErrorKind::DeviceMismatch);
            context.follow_stream(0, theirs).unwrap();
            context.synchronize().unwrap();
            fake.destroy_stream(ours);
            fake.destroy_stream(theirs);
        });
    }
}

#[test]
fn memory_stays_for_kernels_of_others() {
    on_device(|fake, context| {
        let theirs = fake.create_stream();
        let source = table(context, Memory::Device);
        let seen = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Pinned).unwrap();
        let to = seen.device_pointer(0).unwrap();
        fake.enqueue_copy(theirs, to, source.device_pointer(0).unwrap(), 160);
        let (error, source) = source.release_after(1, theirs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeviceMismatch);
        source.release_after(0, theirs).unwrap();
        let other = Tensor::zeros(context, Dtype::Float32, &[10, 4], Memory::Device).unwrap();
        context.synchronize().unwrap();
        assert_eq!(seen.as_slice::<f32>().unwrap(), TABLE);
        drop(other);
        fake.destroy_stream(theirs);
    });
}

#[test]
fn backends_and_devices_are_described() {
    on_device(|fake, context| {
        let backend = context.backend_info(DeviceType::Cuda).unwrap();
        assert!(
            backend.is_available && backend.num_devices == 1 && backend.name == "cuda" && backend.reason.is_empty()
        );
        assert_eq!(backend.path, fake.path().to_str().unwrap());
        assert_eq!(
            (backend.toolkit_version, backend.least_driver_version, backend.driver_version),
            (13000, 13000, 13000)
        );
        let device = context.device_info(DeviceType::Cuda, 0).unwrap();
        assert_eq!((device.name.as_str(), device.pci_address.as_str()), ("emulated device", "0000:17:00.0"));
        assert_eq!((device.compute_capability, device.num_processors, device.total_bytes), (Some((9, 0)), 4, 1 << 30));
        assert!(device.reads_managed_memory && !device.reads_host_memory && !device.uses_host_page_tables);
        assert_eq!(context.device_info(DeviceType::Cuda, 1).unwrap_err().kind(), ErrorKind::DeviceMismatch);
    });
}

#[test]
fn memory_of_rust_is_registered_in_place() {
    on_device(|_, context| {
        let vector = TABLE.to_vec();
        let address = vector.as_ptr();
        let tensor = Tensor::register(context, vector, &[10, 4]).unwrap();
        assert_eq!((tensor.memory(), tensor.as_slice::<f32>().unwrap().as_ptr()), (Memory::Pinned, address));
        assert_eq!(tensor.device_pointer(0).unwrap() as *const f32, address);
        assert_eq!(on_host(&tensor.gather(&index(context, &[4])).unwrap()), &TABLE[16..20]);
    });
}

#[test]
fn memory_that_cannot_be_registered_is_copied() {
    on_device(|fake, context| {
        let large = || vec![1.5f32; 40000];
        let tensor = Tensor::register_or_copy(context, large(), &[10000, 4]).unwrap();
        assert_eq!((tensor.memory(), tensor.is_copy()), (Memory::Pinned, false));
        drop(tensor);
        context.synchronize().unwrap();
        fake.set_lockable_bytes(61440);
        let refused = Tensor::register(context, large(), &[10000, 4]);
        let tensor = Tensor::register_or_copy(context, large(), &[10000, 4]);
        fake.set_lockable_bytes(i64::MAX);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::OutOfMemory);
        let tensor = tensor.unwrap();
        assert_eq!((tensor.memory(), tensor.is_copy()), (Memory::Managed, true));
        assert_eq!(tensor.as_slice::<f32>().unwrap(), large());
        let statistics = context.statistics().unwrap();
        assert_eq!((statistics.registered_copies, statistics.registered_copy_bytes), (1, 160000));
    });
}

#[test]
fn memory_of_the_device_goes_through_dlpack() {
    on_device(|_, context| {
        let device = table(context, Memory::Device);
        context.synchronize().unwrap();
        assert_eq!(unsafe { device.to_dlpack(DlpackDevice::Cpu) }.unwrap_err().kind(), ErrorKind::DeviceMismatch);
        let managed = unsafe { device.to_dlpack(DlpackDevice::Cuda(0)) }.unwrap();
        drop(device);
        let again = unsafe { Tensor::from_dlpack(context, managed) }.unwrap();
        assert_eq!((again.device(), on_host(&again)), (Device::Cuda(0), TABLE.to_vec()));
    });
}
