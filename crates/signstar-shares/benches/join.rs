//! How long it takes to make and to open a box, and to read what a person typed.
#![expect(clippy::expect_used, reason = "a benchmark may fail")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use signstar_shares::{Scheme, Secret, Share, split};

fn join(c: &mut Criterion) {
    let secret = Secret::new(vec![7; 4096]).expect("a secret");
    for (threshold, count) in [(3, 5), (16, 16)] {
        let scheme = Scheme::new(threshold, count).expect("a scheme");
        c.bench_with_input(BenchmarkId::new("split", scheme), &scheme, |b, &scheme| {
            b.iter(|| split(&secret, scheme, getrandom::fill).expect("randomness"));
        });
        let (sealed, shares) = split(&secret, scheme, getrandom::fill).expect("randomness");
        c.bench_with_input(BenchmarkId::new("open", scheme), &scheme, |b, &scheme| {
            let enough = usize::from(scheme.threshold());
            b.iter(|| {
                sealed
                    .open(black_box(&shares[..enough]))
                    .expect("right")
                    .into_secret()
            });
        });
    }
}

fn read(c: &mut Criterion) {
    let secret = Secret::new(vec![7]).expect("a secret");
    let scheme = Scheme::new(2, 2).expect("a scheme");
    let (_, shares) = split(&secret, scheme, getrandom::fill).expect("randomness");
    let words = shares[0].to_words();
    c.bench_function("words", |b| {
        b.iter(|| Share::from_words(black_box(words.expose())).map(|share| share.index()));
    });
    let wrong = words.expose().rsplit_once(' ').expect("words").0.to_owned() + " zoo";
    c.bench_function("words/which one is wrong", |b| {
        b.iter(|| Share::from_words(black_box(&wrong)).err());
    });
}

criterion_group!(benches, join, read);
criterion_main!(benches);
