//! `run` over an operation whose error has no room for a refusal.
//
// first: `std::io::Error` has no room for a Buttress refusal
// contains: plain: use `call` instead of `run`; its error is `buttress::Error<std::io::Error>`

use std::io;

use buttress::circuit_breaker::CircuitBreaker;

fn main() {
    let breaker = CircuitBreaker::new("ui", Default::default()).unwrap();
    drop(breaker.run(|| async { Ok::<_, io::Error>(7) }));
}
