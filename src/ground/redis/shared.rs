use std::time::Duration;

use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisError, Value, aio::MultiplexedConnection};

use super::{
    config::Plan,
    failure::{Failure, Meaning, meaning},
    health::{Health, Leave},
    script::Call,
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    name::Name,
    stats::Counter,
    sync::Mutex,
    telemetry,
    time::{self, Deadline, within},
};

/// What the clones of a handle share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Held by whoever connects; the others wait for the same connection.
    connecting: tokio::sync::Mutex<()>,
    counts: Counts,
    plan: Plan,
    name: Name,
}

struct State {
    health: Health,
    link: Option<Link>,
    /// Of the newest connection.
    era: u64,
}

/// A connection, and which one it is.
#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    era: u64,
}

/// What the server is asked.
pub(super) enum Question<'a> {
    Command(&'a Cmd),
    /// Several at once, answered together.
    Commands(&'a Pipeline),
    Call(Call<'a>),
    /// What must not be done twice.
    Once(Call<'a>),
}

struct Counts {
    sent: Counter,
    connected: Counter,
    scripts_loaded: Counter,
    timed_out: Counter,
    disconnected: Counter,
    rejected: Counter,
    skipped: Counter,
    outages: Counter,
    recoveries: Counter,
}

/// A probe that is out. Dropped, it makes room for another.
struct Probe<'a>(Option<&'a Shared>);

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.state.lock().health.probe_lost(time::now());
        }
    }
}

impl Shared {
    pub(super) fn new(name: Name, plan: Plan) -> Self {
        let health = Health::new(plan.config().probe_every, plan.config().timeout);
        let counter = || Counter::new(1);
        Self {
            state: Mutex::new(State { health, link: None, era: 0 }),
            connecting: tokio::sync::Mutex::new(()),
            counts: Counts {
                sent: counter(),
                connected: counter(),
                scripts_loaded: counter(),
                timed_out: counter(),
                disconnected: counter(),
                rejected: counter(),
                skipped: counter(),
                outages: counter(),
                recoveries: counter(),
            },
            plan,
            name,
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    async fn send_over(&self, link: &mut Link, command: &Cmd) -> Result<Value, RedisError> {
        self.counts.sent.add_one();
        // Errors of the server are values until somebody asks.
        link.connection.send_packed_command(command).await?.extract_error()
    }

    async fn put(&self, link: &mut Link, question: &Question<'_>) -> Result<Value, RedisError> {
        let call = match question {
            Question::Command(command) => return self.send_over(link, command).await,
            Question::Commands(commands) => {
                self.counts.sent.add_one();
                let count = commands.len();
                let answers = link.connection.send_packed_commands(commands, 0, count).await?;
                return Value::Array(answers).extract_error();
            }
            Question::Call(call) | Question::Once(call) => call,
        };
        match self.send_over(link, &call.by_sha()).await {
            Err(error) if meaning(&error) == Meaning::Unknown => {
                self.counts.scripts_loaded.add_one();
                self.send_over(link, &call.by_text()).await
            }
            answer => answer,
        }
    }

    /// Asks over a connection, if the server is worth asking.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Value, Failure> {
        let timeout = self.plan.config().timeout;
        let limit = Deadline::current().map_or(timeout, |deadline| deadline.left().min(timeout));
        if limit.is_zero() {
            // Nobody would hear the answer to what it does.
            self.counts.timed_out.add_one();
            return Err(Failure::TimedOut { limit });
        }
        let asked = time::now();
        let (leave, link, era) = {
            let mut state = self.state.lock();
            let leave = state.health.ask(asked);
            (leave, state.link.clone(), state.era)
        };
        if let Leave::Wait(retry_after) = leave {
            self.counts.skipped.add_one();
            return Err(Failure::Down { retry_after });
        }
        let mut probe = Probe((leave == Leave::Probe).then_some(self));
        let (mut used, mut connecting, mut lost) = (era, false, false);
        let asking = async {
            if let Some(mut link) = link {
                match self.put(&mut link, &question).await {
                    // It may have been closed long ago: a server that is up deserves another try.
                    Err(error) if meaning(&error) == Meaning::Broken => {
                        self.give_up(link.era);
                        if matches!(question, Question::Once(_)) {
                            lost = true;
                            return Err(error);
                        }
                    }
                    answer => return answer,
                }
            }
            connecting = true;
            let mut link = self.connect(leave == Leave::Probe).await?;
            (used, connecting) = (link.era, false);
            self.put(&mut link, &question).await
        };
        let answer = within(limit, asking).await;
        if answer.is_none() && limit < timeout && !self.is_silent(asked) {
            // The caller was in a hurry: that alone says nothing about the server.
            self.counts.timed_out.add_one();
            return Err(Failure::TimedOut { limit });
        }
        if lost {
            // One connection that was closed says nothing about the server either.
            self.counts.disconnected.add_one();
            return Err(Failure::Disconnected);
        }
        probe.0 = None;
        let answer = answer.ok_or(limit);
        self.settle(used, leave == Leave::Probe, connecting, answer)
    }

    /// The connection that everybody shares, made now if there is none.
    async fn connect(&self, probing: bool) -> Result<Link, RedisError> {
        let _turn = self.connecting.lock().await;
        {
            let state = self.state.lock();
            if let Some(link) = &state.link {
                return Ok(link.clone());
            }
            if !probing && state.health.down_since().is_some() {
                // Whoever was before us has found out.
                return Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into());
            }
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(self.plan.config().max_queued as usize);
        let client = self.plan.client();
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        let connection = match connection {
            Ok(connection) => connection,
            Err(error) => {
                // Before the next one's turn.
                self.failed(time::now(), probing);
                return Err(error);
            }
        };
        self.counts.connected.add_one();
        let (link, _old) = {
            let mut state = self.state.lock();
            state.era += 1;
            let link = Link { connection, era: state.era };
            (link.clone(), state.link.replace(link))
        };
        Ok(link)
    }

    /// Whether nobody was answered for as long as an answer may take; this call has waited since then.
    fn is_silent(&self, asked: time::Instant) -> bool {
        self.state.lock().health.unanswered(asked, time::now())
    }

    fn settle(
        &self,
        era: u64,
        probing: bool,
        connecting: bool,
        answer: Result<Result<Value, RedisError>, Duration>,
    ) -> Result<Value, Failure> {
        let now = time::now();
        match answer {
            Ok(Ok(value)) => {
                self.succeeded(now);
                Ok(value)
            }
            Ok(Err(error)) => {
                let meaning = match meaning(&error) {
                    // Whatever it minds: without a connection nothing can be asked of it.
                    Meaning::Minor | Meaning::Unknown if connecting => Meaning::Unable,
                    meaning => meaning,
                };
                match meaning {
                    Meaning::Minor | Meaning::Unknown => {
                        self.counts.rejected.add_one();
                        self.succeeded(now);
                    }
                    Meaning::Broken | Meaning::Unable => {
                        let broken = meaning == Meaning::Broken;
                        let count = &self.counts;
                        if broken { &count.disconnected } else { &count.rejected }.add_one();
                        self.broke(era, probing, now);
                    }
                }
                Err(Failure::of(&error))
            }
            Err(limit) => {
                self.counts.timed_out.add_one();
                self.broke(era, probing, now);
                Err(Failure::TimedOut { limit })
            }
        }
    }

    /// News from a connection: bad, and old if there is a newer one.
    fn broke(&self, era: u64, probing: bool, now: time::Instant) {
        if self.state.lock().era == era {
            self.give_up(era);
            self.failed(now, probing);
        }
    }

    /// This connection is not used any longer.
    fn give_up(&self, era: u64) {
        let old = self.state.lock().link.take_if(|link| link.era == era);
        // Dropped here, outside the lock.
        drop(old);
    }

    fn failed(&self, now: time::Instant, probing: bool) {
        let news = self.state.lock().health.failed(now, probing);
        if news {
            self.counts.outages.add_one();
            telemetry::store_changed(&self.name, "up", "down");
        }
    }

    fn succeeded(&self, now: time::Instant) {
        let news = self.state.lock().health.succeeded(now);
        if news.is_some() {
            self.counts.recoveries.add_one();
            telemetry::store_changed(&self.name, "down", "up");
        }
    }

    /// After how long it will be asked again; zero if it may be now.
    pub(super) fn asked_again_after(&self) -> Duration {
        self.state.lock().health.due_after(time::now())
    }

    /// Whether a call would be told at once that it is down. Counted as one that was.
    pub(super) fn skips(&self) -> bool {
        let skips = self.state.lock().health.must_wait(time::now());
        if skips {
            self.counts.skipped.add_one();
        }
        skips
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.lock().health.down_since().is_none()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let (connected, down_since) = {
            let state = self.state.lock();
            (state.link.is_some(), state.health.down_since())
        };
        let counts = &self.counts;
        Snapshot {
            name: self.name.clone(),
            connected,
            down_for: down_since.map(|since| time::now().since(since)),
            totals: Totals {
                sent: counts.sent.total(),
                connected: counts.connected.total(),
                scripts_loaded: counts.scripts_loaded.total(),
                timed_out: counts.timed_out.total(),
                disconnected: counts.disconnected.total(),
                rejected: counts.rejected.total(),
                skipped: counts.skipped.total(),
                outages: counts.outages.total(),
                recoveries: counts.recoveries.total(),
            },
        }
    }
}
