//! A circuit breaker trips, refuses, probes and closes. Run it and watch:
//!
//! ```text
//! cargo run --example quickstart
//! ```

use std::{
    io::IsTerminal,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use buttress::{
    Error, Pipeline,
    circuit_breaker::{CircuitBreaker, Config, State},
    timeout::Timeout,
};

/// A backend that can be switched off.
struct Model {
    up: AtomicBool,
}

impl Model {
    async fn complete(&self, prompt: &str) -> Result<String, &'static str> {
        tokio::time::sleep(Duration::from_millis(40)).await;
        if self.up.load(Ordering::Relaxed) {
            Ok(format!("an answer to “{prompt}”"))
        } else {
            Err("connection reset")
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model { up: AtomicBool::new(true) };

    // Three failures in a row open the circuit for a second; two good probes close it.
    let breaker = CircuitBreaker::new(
        "model",
        Config::off()
            .with_consecutive_failures(3)
            .with_fixed_interval(Duration::from_secs(1))
            .with_probes(2)
            .with_successes_to_close(2),
    )?;
    let guarded = Pipeline::new()
        .with(Timeout::new("model", Duration::from_millis(500))?)
        .with(breaker.clone());

    let mut transitions = breaker.subscribe();
    let stage = Stage { start: Instant::now(), colours: std::io::stdout().is_terminal() };
    for call in 1..=24 {
        match call {
            1 => stage.says("the model is up"),
            4 => {
                model.up.store(false, Ordering::Relaxed);
                stage.says("the model goes down");
            }
            14 => {
                model.up.store(true, Ordering::Relaxed);
                stage.says("the model is up again, which nobody knows yet");
            }
            _ => {}
        }
        let answer = guarded.call(|| model.complete("why?")).await;
        stage.shows(breaker.state(), &answer);
        while let Some(change) = transitions.try_next() {
            stage.says(&format!(
                "the circuit went from {} to {}: {}",
                change.from, change.to, change.reason
            ));
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    stage.says(&format!("in the end: {}", serde_json::to_string(&breaker.snapshot())?));
    Ok(())
}

struct Stage {
    start: Instant,
    colours: bool,
}

impl Stage {
    fn says(&self, line: &str) {
        self.print("1", &format!("         {line}"));
    }

    fn shows(&self, state: State, answer: &Result<String, Error<&'static str>>) {
        let (colour, said) = match answer {
            Ok(answer) => ("32", answer.clone()),
            Err(Error::Refused(refusal)) => ("33", format!("refused at once: {refusal}")),
            Err(Error::Inner(error)) => ("31", format!("failed: {error}")),
        };
        let millis = self.start.elapsed().as_millis();
        self.print(colour, &format!("{millis:>5} ms {:<9} {said}", state.as_str()));
    }

    #[expect(clippy::print_stdout, reason = "an example is there to be watched")]
    fn print(&self, colour: &str, line: &str) {
        if self.colours {
            println!("\x1b[{colour}m{line}\x1b[0m");
        } else {
            println!("{line}");
        }
    }
}
