//! The same, with a timeout and a deadline outermost.
//
// first: the method `ready` exists for struct
// contains: /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
use std::{io, time::Duration};

use buttress::timeout::{DeadlineLayer, Timeout};
use tower::{ServiceBuilder, ServiceExt, service_fn};

fn main() {
    let timeout = Timeout::new("ui", Duration::from_secs(1)).unwrap();
    let mut service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(1)).unwrap())
        .layer(timeout.layer())
        .service(service_fn(|request: u8| async move { Ok::<_, io::Error>(request) }));
    let _ = service.ready();
}
