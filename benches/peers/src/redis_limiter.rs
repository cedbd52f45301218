//! The limiter over Redis against the bare round trip of the same script, over the client's lowest call
//! and over a raw socket.
//!
//! Starts `redis-server` on a free loopback port, and stops it. Prints besides
//!
//! ```text
//! REDIS <how> decisions_per_second=… tasks=64 round_trips_per_decision=…
//! ```

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress::rate_limit::Rate;
use buttress::rate_limit::redis::{Config, RedisRateLimiter};
use buttress::redis::{Config as At, Redis};
use redis::Cmd;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Runtime;

use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

const SCRIPT: &str = include_str!("../../../src/resilience/rate_limit/redis/take.lua");

/// Enough for any run, and slow enough to come back for leases to be spent.
const QUOTA: Rate = Rate::per_second(1000).with_burst(1_000_000_000);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    let server = Arc::new(Server::start());
    report.hold(decision(&server));
    report.hold(leased(&server));
    report.hold(refused(&server));
    if report.wants_room("redis_limiter") {
        throughput(&server);
    }
}

/// Stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    child: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server, 7.0 or later");
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "it does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { port, child }
    }

    pub(crate) fn redis(&self) -> Redis {
        let config = At::new(format!("redis://127.0.0.1:{}", self.port));
        Redis::new("redis", config.with_timeout(Duration::from_secs(10))).expect("sound")
    }

    fn limiter(&self, config: Config) -> RedisRateLimiter {
        RedisRateLimiter::new("peers", &self.redis(), config).expect("sound")
    }

    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let client = redis::Client::open(url).expect("sound");
        client.get_multiplexed_async_connection().await.expect("it is there")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The script's own arguments for a token of the quota.
fn arguments(key: &str) -> Vec<String> {
    let numbers = ["1", "1", "1", "1000", "0", "1000000000000", "0", "1"];
    let words = ["1", key].into_iter().chain(numbers);
    words.map(str::to_owned).collect()
}

fn evalsha(sha: &str) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(sha).arg(arguments("bare"));
    command
}

fn ours(name: &'static str, limiter: RedisRateLimiter) -> Side {
    let runtime = runtime();
    Side::new(name, move || assert!(runtime.block_on(limiter.try_acquire("key")).is_ok()))
}

/// The client's lowest call.
fn client(server: &Server) -> Side {
    let runtime = runtime();
    let (mut connection, sha) = runtime.block_on(async {
        let mut connection = server.connection().await;
        let load = redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).to_owned();
        let sha: String = load.query_async(&mut connection).await.expect("a script");
        (connection, sha)
    });
    Side::new("redis.evalsha", move || {
        let command = evalsha(&sha);
        assert!(runtime.block_on(connection.send_packed_command(&command)).is_ok());
    })
}

/// Nothing between us and the server but the kernel.
fn socket(server: &Server) -> Side {
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).expect("it is there");
    socket.set_nodelay(true).expect("a socket");
    let load = redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).get_packed_command();
    socket.write_all(&load).expect("written");
    let mut answer = [0; 512];
    let length = socket.read(&mut answer).expect("read");
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    let sha = text.lines().nth(1).expect("a SHA-1").to_owned();
    let command = evalsha(&sha).get_packed_command();
    Side::new("bare.socket", move || {
        socket.write_all(&command).expect("written");
        assert!(socket.read(&mut answer).expect("read") > 0);
    })
}

/// One decision, one round trip.
fn decision(server: &Arc<Server>) -> Contest {
    Contest::new("redis_limiter.decision", ours("buttress.redis", server.limiter(QUOTA.into())))
        .allocating(40.0)
        .against(client(server), Gate::at_most(1.15))
        .beside(socket(server))
}

/// With leases of 32.
fn leased(server: &Arc<Server>) -> Contest {
    let limiter = server.limiter(Config::new(QUOTA).with_lease(32));
    Contest::new("redis_limiter.leased", ours("buttress.leased", limiter))
        .allocating(40.0)
        .against(client(server), Gate::at_most(0.06))
        .beside(socket(server))
}

/// A key that is known to have no tokens.
fn refused(server: &Arc<Server>) -> Contest {
    let rate = Rate::every(Duration::from_secs(86_400));
    let limiter = server.limiter(Config::new(rate).with_remember_refused(true));
    let runtime = runtime();
    let ours = Side::new("buttress.remembered", move || {
        let _ = runtime.block_on(limiter.try_acquire("refused"));
    });
    Contest::new("redis_limiter.refused", ours)
        .allocating(40.0)
        .against(client(server), Gate::at_most(0.03))
}

/// Sixty-four tasks over one connection.
fn throughput(server: &Server) {
    const TASKS: u64 = 64;
    const EACH: u64 = 1000;

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    for (how, lease) in [("alone", 1), ("leased", 32)] {
        let redis = server.redis();
        let config = Config::new(QUOTA).with_lease(lease);
        let limiter = RedisRateLimiter::new("throughput", &redis, config).expect("sound");
        let took = runtime.block_on(async {
            let started = Instant::now();
            let tasks = (0..TASKS).map(|_| {
                let limiter = limiter.clone();
                tokio::spawn(async move {
                    for _ in 0..EACH {
                        assert!(limiter.try_acquire("key").await.is_ok());
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.expect("no panic");
            }
            started.elapsed()
        });
        print_line(how, took, redis.snapshot().totals.sent);
    }
    let took = runtime.block_on(async {
        let mut connection = server.connection().await;
        let load = redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).to_owned();
        let sha: String = load.query_async(&mut connection).await.expect("a script");
        let started = Instant::now();
        let tasks = (0..TASKS).map(|_| {
            let (mut connection, sha) = (connection.clone(), sha.clone());
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let command = evalsha(&sha);
                    assert!(connection.send_packed_command(&command).await.is_ok());
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
        started.elapsed()
    });
    print_line("redis.evalsha", took, TASKS * EACH);

    fn print_line(how: &str, took: Duration, sent: u64) {
        let calls = (TASKS * EACH) as f64;
        println!(
            "REDIS {how} decisions_per_second={:.0} tasks={TASKS} round_trips_per_decision={:.3}",
            calls / took.as_secs_f64(),
            sent as f64 / calls,
        );
    }
}
