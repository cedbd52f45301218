//! Two providers of one model, each behind its own guards, and what becomes of a question when one of
//! them is overloaded, then both. Run it and watch:
//!
//! ```text
//! cargo run --example providers
//! ```

#![allow(clippy::print_stdout, reason = "an example to watch")]

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use buttress::{
    Fault, Pipeline, Refusal,
    backoff::Backoff,
    circuit_breaker::{self, CircuitBreaker},
    fallback::{Failover, FailoverConfig, WhenAllOpen},
    latency::{self, Latency},
    policy::{Chain, Nothing},
    retry::{self, Retry},
    timeout::Timeout,
};

/// What a provider says when it does not answer.
#[derive(Debug)]
enum Trouble {
    Overloaded,
    Refused(Refusal),
}

// With room for a refusal, nothing around it wraps or nests an error.
impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault for Trouble {
    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self { Some(refusal) } else { None }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded => f.write_str("overloaded"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

/// First is outermost.
type Guards = Chain<Chain<Chain<Nothing, Retry>, CircuitBreaker>, Timeout>;

/// A provider that can be overloaded, and its guards.
struct Provider {
    overloaded: AtomicBool,
    guards: Pipeline<Guards>,
}

impl Provider {
    fn new(name: &'static str) -> Result<Self, buttress::config::ConfigError> {
        let backoff = Backoff::exponential(Duration::from_millis(20), Duration::from_millis(200));
        let retry = Retry::new(name, retry::Config::new().with_backoff(backoff))?;
        let breaker = circuit_breaker::Config::off()
            .with_consecutive_failures(4)
            .with_fixed_interval(Duration::from_millis(500));
        let guards = Pipeline::new()
            .with(retry)
            .with(CircuitBreaker::new(name, breaker)?) // counts each attempt
            .with(Timeout::new(name, Duration::from_millis(250))?); // one attempt's
        Ok(Self { overloaded: AtomicBool::new(false), guards })
    }

    async fn answer(&self, question: &str) -> Result<String, Trouble> {
        self.guards.run(|| self.generate(question)).await
    }

    async fn generate(&self, question: &str) -> Result<String, Trouble> {
        tokio::time::sleep(Duration::from_millis(30)).await;
        if self.overloaded.load(Ordering::Relaxed) {
            return Err(Trouble::Overloaded);
        }
        Ok(format!("an answer to “{question}”"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config =
        FailoverConfig::new().with_when_all_open(WhenAllOpen::WaitUpTo(Duration::from_secs(1)));
    let providers = [("large", Provider::new("large")?), ("small", Provider::new("small")?)];
    let models = Failover::new("models", config, providers)?;
    let latency = Latency::new("providers", latency::Config::new())?;

    for (scene, large_is_down, small_is_down) in [
        ("all is well", false, false),
        ("the large model is overloaded", true, false),
        ("both are", true, true),
        ("both circuits are open, and the models recover meanwhile", false, false),
    ] {
        println!("\n{scene}");
        for (provider, is_down) in models.providers().zip([large_is_down, small_is_down]) {
            provider.1.overloaded.store(is_down, Ordering::Relaxed);
        }
        for _ in 0..2 {
            let asked = models.run(|provider| provider.answer("why do towers stand?"));
            match latency.wrap("answer", asked).await {
                Ok(served) => println!("  {} (by {})", served.value, served.by),
                Err(failed) => {
                    let each =
                        failed.tried().iter().map(|tried| format!("{}: {}", tried.by, tried.error));
                    println!("  no answer. {}", each.collect::<Vec<_>>().join("; "));
                }
            }
        }
    }

    if let Some(answers) = latency.summary().operation("answer") {
        println!(
            "\n{} questions, half of them within {:.0?}",
            answers.count,
            answers.p50.unwrap_or_default()
        );
    }
    Ok(())
}
