//! A timeout on an axum router, whose error is `Infallible`.
//
// first: `Infallible` has no room for a Buttress refusal
// once: add `.layer(buttress::Lift::layer())` as the innermost layer
// errors: 1

use std::time::Duration;

use buttress::timeout::Timeout;

fn main() {
    let timeout = Timeout::new("ui", Duration::from_secs(1)).unwrap();
    let _: axum::Router = axum::Router::new().layer(timeout.layer());
}
