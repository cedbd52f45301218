//! An operation that changes what it captures, in a pipeline, which may run it again.
//
// first: cannot assign to `runs`, as it is a captured variable in a `Fn` closure
// contains: in this closure
// errors: 1

use buttress::{Pipeline, circuit_breaker::CircuitBreaker};

fn main() {
    let pipeline = Pipeline::new().with(CircuitBreaker::new("ui", Default::default()).unwrap());
    let mut runs = 0;
    let _answer = pipeline.call(|| {
        runs += 1;
        async { Ok::<_, ()>(()) }
    });
}
