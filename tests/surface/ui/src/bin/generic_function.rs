//! A stack without `Lift`, given to a function that wants a service.
//
// first: `std::io::Error` has no room for a Buttress refusal
// once: add `.layer(buttress::Lift::layer())` as the innermost layer

use std::{io, time::Duration};

use buttress::{circuit_breaker::CircuitBreaker, timeout::Timeout};
use tower::{Service, ServiceBuilder, service_fn};

fn serve<S: Service<u8>>(_: S) {}

fn main() {
    let breaker = CircuitBreaker::new("ui", Default::default()).unwrap();
    let timeout = Timeout::new("ui", Duration::from_secs(1)).unwrap();
    serve(
        ServiceBuilder::new()
            .layer(timeout.layer())
            .layer(breaker.layer())
            .service(service_fn(|request: u8| async move { Ok::<_, io::Error>(request) })),
    );
}
