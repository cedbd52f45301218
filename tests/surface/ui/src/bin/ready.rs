//! The form in which rustc reports E0599 and prints the line of the struct.
//
// first: the method `ready` exists for struct
// contains: /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
use std::io;

use buttress::circuit_breaker::CircuitBreaker;
use tower::{ServiceBuilder, ServiceExt, service_fn};

fn main() {
    let breaker = CircuitBreaker::new("ui", Default::default()).unwrap();
    let mut service = ServiceBuilder::new()
        .layer(breaker.layer())
        .service(service_fn(|request: u8| async move { Ok::<_, io::Error>(request) }));
    let _ = service.ready();
}
