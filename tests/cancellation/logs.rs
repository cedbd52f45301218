//! Requests that are logged: however one ends, it is told of once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use buttress::{redact::logs::Logs, testing::drop_at_every_await};
use http::{Request, Response};
use tower::{ServiceBuilder, ServiceExt, util::MapResponseLayer};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::{
    layer::{Context, Layer},
    prelude::*,
};

use crate::circuit::{STEP, slow};

/// How many events there were.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU64>);

impl<S: Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "buttress::http" {
            self.0.fetch_add(1, Relaxed);
        }
    }
}

#[test]
fn a_call_of_a_service() {
    let told = Told::default();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(told.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        runtime.block_on(async {
            let backend = slow();
            let inner = backend.service().ready_after(2);
            let seen = inner.watch();
            let service = ServiceBuilder::new()
                .layer(Logs::default().http_layer())
                .layer(MapResponseLayer::new(Response::new))
                .service(inner);
            let drops = drop_at_every_await(
                STEP,
                || service.clone().oneshot(Request::new(())),
                |polls| {
                    assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
                    // What was still waiting for readiness was no request yet.
                    assert_eq!(told.0.load(Relaxed), seen().calls);
                },
            )
            .await;
            assert!(drops >= 6);
            assert_eq!(told.0.load(Relaxed), seen().calls);
        });
    });
}
