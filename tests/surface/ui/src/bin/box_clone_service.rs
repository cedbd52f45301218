//! A breaker over a service whose error has no room for a refusal, boxed.
//
// first: `std::io::Error` has no room for a Buttress refusal
// once: add `.layer(buttress::Lift::layer())` as the innermost layer
// errors: 1

use std::io;

use buttress::circuit_breaker::{CircuitBreaker, Config};
use tower::{ServiceBuilder, service_fn, util::BoxCloneService};

fn main() {
    let breaker = CircuitBreaker::new("ui", Config::new()).unwrap();
    let service = ServiceBuilder::new()
        .layer(breaker.layer())
        .service(service_fn(|request: u8| async move { Ok::<_, io::Error>(request) }));
    let _ = BoxCloneService::new(service);
}
