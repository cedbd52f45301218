//! A circuit breaker written down from its docs, without a thought for speed: it keeps every call of
//! the era and looks at all of them each time.

use std::time::Duration;

use buttress::circuit_breaker::{Config, Counts, State, Window};

use crate::events::End;

/// Time is how long it has been since the model was made.
#[derive(Debug)]
pub(crate) struct Model {
    config: Config,
    pub(crate) now: Duration,
    phase: Phase,
    era: u64,
    calls: Vec<Call>,
    pub(crate) opens: u32,
    pub(crate) opened: u64,
    pub(crate) refused: u64,
    pub(crate) transitions: u64,
}

#[derive(Debug)]
enum Phase {
    Closed,
    Disabled,
    Forced,
    HalfOpen { ends: Duration, out: Vec<Probe>, heard: Vec<Call>, sent: u64 },
    Isolated,
    Open { until: Duration },
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u64,
    until: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Call {
    at: Duration,
    failed: bool,
    soft: bool,
    slow: bool,
    ends_run: bool,
}

/// A call that was let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    era: u64,
    began: Duration,
    probe: Option<u64>,
}

/// A call that was not: how long until it is worth asking again, if time will tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Option<Duration>);

impl Model {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            now: Duration::ZERO,
            phase: Phase::Closed,
            era: 0,
            calls: Vec::new(),
            opens: 0,
            opened: 0,
            refused: 0,
            transitions: 0,
        }
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Disabled => State::Disabled,
            Phase::Forced => State::ForcedOpen,
            Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::Isolated => State::Isolated,
            Phase::Open { .. } => State::Open,
        }
    }

    pub(crate) fn left(&self) -> Option<Duration> {
        match self.phase {
            Phase::Open { until } => Some(until.saturating_sub(self.now)),
            _ => None,
        }
    }

    pub(crate) fn admit(&mut self) -> Result<Ticket, Refused> {
        if matches!(self.phase, Phase::Open { until } if self.now >= until) {
            let ends = self.now.saturating_add(self.config.half_open_for);
            self.enter(Phase::HalfOpen { ends, out: Vec::new(), heard: Vec::new(), sent: 0 });
        }
        self.expire();
        self.judge(None);
        let (now, ticket) = (self.now, Ticket { era: self.era, began: self.now, probe: None });
        let answer = match &mut self.phase {
            Phase::Closed | Phase::Disabled => Ok(ticket),
            Phase::Forced | Phase::Isolated => Err(Refused(None)),
            Phase::Open { until } => Err(Refused(Some(until.saturating_sub(now)))),
            Phase::HalfOpen { out, heard, sent, .. } => {
                if out.len() + heard.len() < self.config.probes as usize {
                    *sent += 1;
                    let until = now.saturating_add(self.config.probe_lease);
                    out.push(Probe { number: *sent, until });
                    Ok(Ticket { era: self.era, probe: Some(*sent), ..ticket })
                } else {
                    let next = out.iter().map(|probe| probe.until.saturating_sub(now)).min();
                    Err(Refused(Some(
                        next.map_or(self.config.open_for, |next| next.min(self.config.open_for)),
                    )))
                }
            }
        };
        self.refused += u64::from(answer.is_err());
        answer
    }

    pub(crate) fn end(&mut self, ticket: Ticket, end: End) {
        if ticket.era != self.era {
            return;
        }
        let took = self.now - ticket.began;
        let long = self.config.slow_after.is_some_and(|after| took > after);
        let call = match end {
            End::Ignore => None,
            End::Drop if !long => None,
            End::Drop => Some(Call { failed: ticket.probe.is_some(), ..Call::default() }),
            End::Success => Some(Call { ends_run: true, ..Call::default() }),
            End::Slow => Some(Call { ends_run: true, slow: true, ..Call::default() }),
            End::Soft(_) => Some(Call { soft: true, ..Call::default() }),
            End::Failure => Some(Call { failed: true, ..Call::default() }),
        };
        let call = call.map(|call| Call { at: self.now, slow: call.slow || long, ..call });
        let hint = if let End::Soft(hint) = end { hint } else { None };
        if let Phase::HalfOpen { .. } = self.phase {
            // What has come in is judged together with what it finds.
            self.expire();
            if let Phase::HalfOpen { out, heard, .. } = &mut self.phase {
                if let Some(at) = out.iter().position(|probe| Some(probe.number) == ticket.probe) {
                    out.remove(at);
                    heard.extend(call);
                }
            }
            self.judge(hint);
        } else if let (Phase::Closed, Some(call)) = (&self.phase, call) {
            self.calls.push(call);
            if self.is_broken_by(call) {
                self.open(hint);
            }
        }
    }

    pub(crate) fn order(&mut self, state: State) {
        let phase = match state {
            State::Closed => Phase::Closed,
            State::Disabled => Phase::Disabled,
            State::ForcedOpen => Phase::Forced,
            State::Isolated => Phase::Isolated,
            other => panic!("nobody can order {other}"),
        };
        if state == State::Closed {
            self.opens = 0;
        }
        if state != self.state() || state == State::Closed {
            self.enter(phase);
        }
    }

    pub(crate) fn open_for(&mut self, duration: Duration) {
        let until = self.now.saturating_add(duration);
        if let Phase::Open { until: end } = &mut self.phase {
            *end = until;
        } else {
            self.enter(Phase::Open { until });
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let (counting, run): (Vec<Call>, u32) = match &self.phase {
            Phase::HalfOpen { heard, .. } => (heard.clone(), 0),
            _ => (self.window(), self.run()),
        };
        let mut counts = Counts::default();
        counts.calls = counting.len() as u64;
        counts.failures = counting.iter().filter(|call| call.failed).count() as u64;
        counts.soft_failures = counting.iter().filter(|call| call.soft).count() as u64;
        counts.slow = counting.iter().filter(|call| call.slow).count() as u64;
        counts.consecutive_failures = run;
        counts
    }

    /// The calls that the shares are over.
    fn window(&self) -> Vec<Call> {
        let config = &self.config;
        let looks = [config.failure_ratio, config.soft_failure_ratio, config.slow_ratio];
        if looks.iter().all(Option::is_none) {
            return Vec::new();
        }
        match config.window {
            Window::Count(size) => {
                let from = self.calls.len().saturating_sub(size as usize);
                self.calls[from..].to_vec()
            }
            Window::Time { span, buckets } => {
                let width = span.as_nanos().div_ceil(u128::from(buckets));
                let bucket = |at: Duration| at.as_nanos() / width;
                let counts =
                    |call: &&Call| bucket(call.at) + u128::from(buckets) > bucket(self.now);
                self.calls.iter().filter(counts).copied().collect()
            }
            other => panic!("what is {other:?}?"),
        }
    }

    /// Failures in a row. What is neither a success nor a failure changes nothing about it.
    fn run(&self) -> u32 {
        let until = self.calls.iter().rev().take_while(|call| !call.ends_run);
        until.filter(|call| call.failed).count() as u32
    }

    fn is_broken_by(&self, call: Call) -> bool {
        let config = &self.config;
        let in_a_row = config.consecutive_failures.is_some_and(|most| self.run() >= most);
        if call.failed && in_a_row {
            return true;
        }
        let counts = self.counts();
        let enough = match config.window {
            Window::Count(size) => config.min_calls.min(size),
            _ => config.min_calls,
        };
        let over = |bad: u64, limit: Option<f64>| {
            limit.is_some_and(|limit| bad as f64 / counts.calls as f64 >= limit)
        };
        counts.calls >= u64::from(enough)
            && (call.failed && over(counts.failures, config.failure_ratio)
                || call.slow && over(counts.slow, config.slow_ratio)
                || call.soft && over(counts.soft_failures, config.soft_failure_ratio))
    }

    /// Probes whose lease is up have failed.
    fn expire(&mut self) {
        let now = self.now;
        if let Phase::HalfOpen { out, heard, .. } = &mut self.phase {
            for late in out.iter().filter(|probe| probe.until <= now) {
                heard.push(Call { at: late.until, failed: true, ..Call::default() });
            }
            out.retain(|probe| probe.until > now);
        }
    }

    /// Whether the probes that are in decide.
    fn judge(&mut self, hint: Option<Duration>) {
        let (now, config) = (self.now, self.config.clone());
        let Phase::HalfOpen { ends, heard, .. } = &mut self.phase else {
            return;
        };
        let bad = heard.iter().filter(|call| call.failed || call.soft).count();
        let slow = heard.iter().filter(|call| call.slow).count();
        let good = heard.len() - bad;
        if config.successes_to_close.is_some_and(|enough| good >= enough as usize) {
            return self.close();
        }
        let to_open = config.probe_failures_to_open.or(config.successes_to_close.and(Some(1)));
        if to_open.is_some_and(|enough| bad >= enough as usize) {
            return self.open(hint);
        }
        if heard.len() < config.probes as usize {
            if now < *ends {
                return;
            }
            if heard.is_empty() {
                *ends = now.saturating_add(config.half_open_for);
                return;
            }
        }
        let share = |some: usize| some as f64 / heard.len() as f64;
        let failing = share(bad) >= config.failure_ratio.unwrap_or(0.5);
        if failing || config.slow_ratio.is_some_and(|limit| share(slow) >= limit) {
            self.open(hint);
        } else {
            self.close();
        }
    }

    fn close(&mut self) {
        self.opens = 0;
        self.enter(Phase::Closed);
    }

    /// The growth is a whole number here, so that the interval is exact.
    fn open(&mut self, hint: Option<Duration>) {
        self.opens += 1;
        self.opened += 1;
        let mut interval = self.config.open_for;
        for _ in 1..self.opens {
            interval = interval.saturating_mul(self.config.open_growth as u32);
            interval = interval.min(self.config.max_open_for);
        }
        if let Some(hint) = hint {
            interval = interval.max(hint.min(self.config.max_retry_after));
        }
        self.enter(Phase::Open { until: self.now.saturating_add(interval) });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.era += 1;
        self.calls.clear();
        self.transitions += 1;
    }
}
