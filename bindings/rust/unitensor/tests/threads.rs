// SPDX-License-Identifier: Apache-2.0
//! Many threads on one context, and objects that are dropped on any thread, in any order.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;

use unitensor::{
    Array, ArrayMut, Context, ContextBuilder, Error, Graph, Memory, Sample, SamplePart, Stream, Tensor, View,
};

fn context() -> Context {
    Context::builder().num_threads(3).build().expect("a context")
}

fn ring(context: &Context, num_nodes: i64) -> Graph {
    let indptr: Vec<i64> = (0..=num_nodes).map(|v| 2 * v).collect();
    let indices: Vec<i64> = (0..num_nodes).flat_map(|v| [(v + 1) % num_nodes, (v + 2) % num_nodes]).collect();
    let (nodes, edges) = (indptr.len(), indices.len());
    Graph::new(Tensor::wrap(context, indptr, &[nodes]).unwrap(), Tensor::wrap(context, indices, &[edges]).unwrap())
        .expect("a graph")
}

#[test]
fn what_the_headers_allow_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Context>();
    check::<Tensor<'static>>();
    check::<View<'static>>();
    check::<Graph>();
    check::<Sample>();
    check::<Array<'static>>();
    check::<ArrayMut<'static>>();
    check::<Stream>();
    check::<Error>();
    fn check_send<T: Send>() {}
    check_send::<ContextBuilder>();
}

#[test]
fn many_threads_use_one_context() {
    let context = context();
    let table: Vec<f32> = (0..4000).map(|place| place as f32).collect();
    let table = Tensor::from_slice(&context, &table, &[1000, 4], Memory::Host).unwrap();
    let graph = ring(&context, 1000);
    let expected = graph.sample_neighbors(&[5i64, 700], &[2, 2]).seed(3).run().unwrap().info().unwrap();
    thread::scope(|scope| {
        for number in 0..8usize {
            let (table, graph, expected, context) = (&table, &graph, &expected, &context);
            scope.spawn(move || {
                for round in 0..50 {
                    let index: Vec<i64> =
                        (0..200).map(|place| ((place * 7 + number * 13 + round) % 1000) as i64).collect();
                    let rows = table.gather(&index).unwrap();
                    for (row, node) in index.iter().enumerate() {
                        assert_eq!(rows.row::<f32>(row).unwrap()[0], (*node * 4) as f32);
                    }
                    let sample = graph.sample_neighbors(&[5i64, 700], &[2, 2]).seed(3).run().unwrap();
                    assert_eq!(&sample.info().unwrap(), expected);
                    // Objects of its own may be written meanwhile.
                    let mut mine = rows;
                    mine.fill(number as f32).unwrap();
                    mine.scatter(&[1i64], Array::new(&[round as f32; 4], &[1, 4]).unwrap()).unwrap();
                    assert_eq!(mine.row::<f32>(1).unwrap(), [round as f32; 4]);
                    context.check().unwrap();
                }
            });
        }
    });
    assert_eq!(context.statistics().unwrap().gather_calls, 400);
}

#[test]
fn one_tensor_is_read_by_many_threads_through_views() {
    let context = context();
    let view = Tensor::wrap(&context, (0..100i64).collect::<Vec<_>>(), &[50, 2]).unwrap().into_view();
    drop(context);
    let threads: Vec<_> = (0..6)
        .map(|number| {
            let view = view.clone();
            thread::spawn(move || {
                view.slice(number..number + 1).unwrap().as_slice::<i64>().unwrap().iter().sum::<i64>()
            })
        })
        .collect();
    drop(view);
    for (number, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), 4 * number as i64 + 1);
    }
}

/// Counts when it is dropped.
struct Owner(Arc<AtomicUsize>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn objects_are_dropped_on_any_thread_in_any_order() {
    enum Object {
        Context(Context),
        Tensor(Tensor<'static>),
        View(View<'static>),
        Graph(Graph),
        Sample(Sample),
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let rounds: usize = 40;
    for round in 0..rounds {
        let context = context();
        let memory: Arc<[i64]> = (0..64).collect();
        let (raw, owner) = (*Array::from(&memory[..]).as_raw(), Owner(dropped.clone()));
        let wrapped = unsafe { Tensor::wrap_raw(&context, &raw, move || drop((owner, memory))) }.unwrap();
        let graph = ring(&context, 50);
        let mut sample = graph.sample_neighbors(&[1i64, 2], &[-1, 1]).run().unwrap();
        let mut objects = vec![
            Object::Tensor(wrapped.gather(&[3i64]).unwrap()),
            Object::View(sample.take_part(SamplePart::Sources).unwrap().unwrap()),
            Object::View(graph.indptr()),
            Object::Sample(sample.share().unwrap()),
            Object::Sample(sample),
            Object::Graph(graph.clone()),
            Object::Graph(graph),
            Object::Tensor(wrapped),
            Object::Context(context.clone()),
            Object::Context(context),
        ];
        // The context first in half of the rounds, and every other order.
        if round % 2 == 0 {
            objects.reverse();
        }
        let length = objects.len();
        objects.rotate_left(round / 2 % length);
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for _ in 0..3 {
            let (sender, receiver) = mpsc::channel::<Object>();
            senders.push(sender);
            threads.push(thread::spawn(move || {
                for object in receiver {
                    match object {
                        Object::Context(context) => drop(context),
                        Object::Tensor(tensor) => drop(tensor),
                        Object::View(view) => drop(view),
                        Object::Graph(graph) => drop(graph),
                        Object::Sample(sample) => drop(sample),
                    }
                }
            }));
        }
        for (number, object) in objects.into_iter().enumerate() {
            senders[number % 3].send(object).expect("a thread that listens");
        }
        drop(senders);
        threads.into_iter().for_each(|thread| thread.join().expect("a thread that does not panic"));
    }
    assert_eq!(dropped.load(Ordering::SeqCst), rounds);
}

#[test]
fn objects_are_dropped_while_their_thread_ends() {
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<Tensor<'static>>> = std::cell::RefCell::default();
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    thread::spawn(move || {
        let raw = *Array::from(&[1u8]).as_raw();
        let owner = Owner(count);
        let tensor = unsafe { Tensor::wrap_raw(&context(), &raw, move || drop(owner)) }.unwrap();
        KEPT.with(|kept| kept.borrow_mut().push(tensor));
    })
    .join()
    .unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}
