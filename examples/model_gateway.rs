//! A gateway in front of a model: every tenant has a rate, all of them share the tokens that the provider
//! sells, and how many calls are in flight at once finds itself. Run it and watch the limit settle
//! where the model begins to queue:
//!
//! ```text
//! cargo run --example model_gateway
//! ```

#![allow(clippy::print_stdout, reason = "an example to watch")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use buttress::{
    Error, Refusal,
    bulkhead::{self, Adaptive, Bulkhead},
    rate_limit::{
        Rate, RateLimiter,
        keyed::{KeyedRateLimiter, Tier},
    },
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};

/// A model that answers eight at a time, in twenty milliseconds each; whoever comes besides waits.
struct Model(Semaphore);

impl Model {
    /// How many tokens the answer took.
    async fn answer(&self, prompt: &str) -> Result<u64, Refusal> {
        let Ok(_turn) = self.0.acquire().await else { return Ok(0) };
        sleep(Duration::from_millis(20)).await;
        Ok(30 + prompt.len() as u64 % 40)
    }
}

/// What stands in front of it.
struct Gateway {
    tenants: KeyedRateLimiter<str>,
    tokens: RateLimiter,
    in_flight: Bulkhead,
    model: Model,
}

impl Gateway {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let (free, paying) = (Tier::new(Rate::per_second(20))?, Tier::new(Rate::per_second(2000))?);
        let tenants = KeyedRateLimiter::<str>::new("tenant", Rate::per_second(20))?
            .with_tiers(move |tenant: &str| if tenant.starts_with("pro") { paying } else { free });
        let places = bulkhead::Config::new()
            .with_limit(5) // low: a model that is overloaded from the start never shows what it can
            .with_queue(8, Duration::from_millis(50))
            .with_adaptive(Adaptive::gradient().with_min(2).with_max(200));
        Ok(Self {
            tenants,
            tokens: RateLimiter::new("tokens", Rate::per_second(20_000))?,
            in_flight: Bulkhead::new("model", places)?,
            model: Model(Semaphore::new(8)),
        })
    }

    /// A question of a tenant's.
    async fn ask(&self, tenant: &str, prompt: &str) -> Result<u64, Refusal> {
        self.tenants.try_acquire(tenant)?;
        // Nobody knows yet how long the answer will be; afterwards somebody does. Where there is no
        // call, nothing was used.
        let reservation = self.tokens.reserve(60)?.refunding();
        match self.in_flight.call(|| self.model.answer(prompt)).await {
            Ok(used) => {
                reservation.settle(used);
                Ok(used)
            }
            Err(Error::Refused(refusal) | Error::Inner(refusal)) => Err(refusal),
        }
    }
}

/// How often each end was come to.
type Ends = Arc<Mutex<BTreeMap<(&'static str, &'static str), u32>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (gateway, ends) = (Arc::new(Gateway::new()?), Ends::default());
    let start = Instant::now();
    let mut callers = JoinSet::new();
    // Forty callers of one tenant that pays, and four of one that does not.
    let tenants = std::iter::repeat_n("pro-acme", 40).chain(std::iter::repeat_n("free-ann", 4));
    for tenant in tenants {
        let (gateway, ends) = (Arc::clone(&gateway), Arc::clone(&ends));
        callers.spawn(async move {
            while start.elapsed() < Duration::from_secs(12) {
                let end = match gateway.ask(tenant, "why do towers stand?").await {
                    Ok(_) => "answered",
                    Err(refusal) => {
                        sleep(Duration::from_millis(5)).await;
                        refusal.kind()
                    }
                };
                let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
                *ends.entry((tenant, end)).or_default() += 1;
            }
        });
    }
    for _ in 0..12 {
        sleep(Duration::from_secs(1)).await;
        let places = gateway.in_flight.snapshot();
        let baseline = places.adaptive.and_then(|adaptive| adaptive.baseline);
        println!(
            "{:>4} ms: {:>3} of {:>3} in flight, a call takes {:?} alone, {} tokens left",
            start.elapsed().as_millis(),
            places.in_flight,
            places.limit,
            baseline.unwrap_or_default(),
            gateway.tokens.peek(1).remaining,
        );
    }
    while callers.join_next().await.is_some() {}
    for ((tenant, end), count) in &*ends.lock().unwrap_or_else(PoisonError::into_inner) {
        println!("{tenant}: {count} {end}");
    }
    Ok(())
}
