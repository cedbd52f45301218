//! An operation that shares what is not `Sync`, in a pipeline, whose future can be spawned.
//
// first: `Cell<i32>` cannot be shared between threads safely
// contains: required by a bound in `Pipeline::<P>::call`

use std::cell::Cell;

use buttress::{Pipeline, circuit_breaker::CircuitBreaker};

fn main() {
    let pipeline = Pipeline::new().with(CircuitBreaker::new("ui", Default::default()).unwrap());
    let cell = Cell::new(0);
    drop(pipeline.call(|| async { Ok::<_, ()>(cell.get()) }));
}
