//! Derivations: instantiated (hashed modulo their inputs, written and named), written, and read back.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use store::{Derivation, Output, OutputName, StorePath, VirtualStore};

/// Derivations of a run; each has the five before it as inputs, as many packages do.
const COUNT: usize = 500;
const INPUTS: usize = 5;

/// Returns a package's derivation as the evaluator hands it over: without paths of its outputs.
fn package(number: usize, inputs: &[StorePath]) -> Derivation {
    let mut drv = Derivation {
        name: format!("package-{number}"),
        platform: b"x86_64-linux".as_slice().into(),
        builder: b"/bin/sh".as_slice().into(),
        args: vec![b"-e".as_slice().into(), b"/builder.sh".as_slice().into()],
        ..Derivation::default()
    };
    for output in ["out", "dev"] {
        drv.outputs.insert(OutputName::new(output), Output::Deferred);
    }
    for variable in 0..40 {
        let value = format!("{variable} of \"{number}\"\n").repeat(1 + variable % 7);
        drv.env.insert(
            format!("variable{variable}").into_bytes().into(),
            value.into_bytes().into(),
        );
    }
    for input in inputs {
        drv.add_input(input.clone(), OutputName::OUT);
        drv.add_input(input.clone(), OutputName::new("dev"));
    }
    drv
}

/// Returns the derivations of a run, and the last one as it is in the store.
fn packages() -> (Vec<Derivation>, Derivation) {
    let mut store = VirtualStore::new();
    let mut paths: Vec<StorePath> = Vec::new();
    let mut packages = Vec::new();
    for number in 0..COUNT {
        let drv = package(number, &paths[number.saturating_sub(INPUTS)..]);
        let added = store.add_derivation(drv.clone()).expect("it is a right derivation");
        paths.push(added.path);
        packages.push(drv);
    }
    let last = store.derivation(&paths[COUNT - 1]).expect("it was added").clone();
    (packages, last)
}

fn derivations(criterion: &mut Criterion) {
    let (packages, last) = packages();
    let mut group = criterion.benchmark_group("derivations");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("instantiate", |bencher| {
        bencher.iter_batched(
            || packages.clone(),
            |packages| {
                let mut store = VirtualStore::new();
                for drv in packages {
                    store.add_derivation(drv).expect("it is a right derivation");
                }
                store
            },
            BatchSize::LargeInput,
        );
    });
    let text = last.to_aterm().expect("it can be written");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("write", |bencher| bencher.iter(|| last.to_aterm()));
    group.bench_function("read", |bencher| {
        bencher.iter(|| Derivation::parse_aterm(&text, &last.name).expect("it was written"));
    });
    group.finish();
}

criterion_group!(benches, derivations);
criterion_main!(benches);
