//! The script counts as the machine of one process does: the same moments, told to both.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use buttress::rate_limit::{Rate, RateLimiter};

use crate::server::Server;

const SCRIPT: &str = include_str!("../../src/resilience/rate_limit/redis/take.lua");

/// A socket, and the script by a clock that is told.
struct Script {
    socket: BufReader<TcpStream>,
    text: String,
}

impl Script {
    fn new(server: &Server) -> Self {
        let told = "{ ARGV[#ARGV - 1], ARGV[#ARGV] }";
        let text = SCRIPT.replace("redis.call('TIME')", told);
        assert_ne!(text, SCRIPT);
        // Keys go by the server's own clock.
        let lasting = text.replace(", 'PX', math.floor(full / 1000) + 1)", ")");
        assert_ne!(lasting, text);
        let text = lasting;
        let socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        Self { socket: BufReader::new(socket), text }
    }

    /// At this microsecond: how many units were taken, and for each quota the microseconds and parts until it
    /// is full.
    fn take(
        &mut self,
        key: &str,
        units: u64,
        least: u64,
        quotas: &[Counted],
        now: u64,
    ) -> Vec<u64> {
        let mut words = vec!["EVAL".into(), self.text.clone(), "1".into(), key.into()];
        words.extend([units, least, quotas.len() as u64].map(|number| number.to_string()));
        for quota in quotas {
            let numbers = [quota.cost(1), quota.cost(quota.burst)].concat();
            words.extend(numbers.iter().chain([&quota.parts]).map(u64::to_string));
        }
        words.extend([now / 1_000_000, now % 1_000_000].map(|number| number.to_string()));
        let mut request = format!("*{}\r\n", words.len());
        for word in &words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.socket.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = || {
            let mut line = String::new();
            self.socket.read_line(&mut line).unwrap();
            line
        };
        let head = line();
        let count: usize = head.trim().strip_prefix('*').expect(&head).parse().unwrap();
        (0..count).map(|_| line().trim()[1..].parse().unwrap()).collect()
    }
}

/// A quota in parts of a microsecond.
#[derive(Clone, Copy)]
struct Counted {
    interval: u64,
    parts: u64,
    burst: u64,
}

impl Counted {
    fn of(rate: Rate) -> Self {
        let (mut a, mut b) = (rate.amount * 1000, rate.per.as_nanos() as u64);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let parts = rate.amount * 1000 / a;
        Self { interval: rate.per.as_nanos() as u64 / a, parts, burst: rate.at_once() }
    }

    fn cost(self, tokens: u64) -> Vec<u64> {
        let cost = u128::from(self.interval) * u128::from(tokens);
        let parts = u128::from(self.parts);
        vec![(cost / parts) as u64, (cost % parts) as u64]
    }
}

/// The same in one number without an end.
struct Model {
    full: Vec<u128>,
    quotas: Vec<Counted>,
}

impl Model {
    /// How many of these units fit, and by how many microseconds that might be otherwise.
    fn fits(&self, units: u64, now: u64) -> (u64, u128) {
        let (mut most, mut near) = (units, u128::MAX);
        for (full, quota) in self.full.iter().zip(&self.quotas) {
            let (parts, interval) = (u128::from(quota.parts), u128::from(quota.interval));
            let now = u128::from(now) * parts;
            let room =
                (u128::from(quota.burst) * interval).saturating_sub(full.saturating_sub(now));
            most = most.min((room / interval) as u64);
            let rest = room % interval;
            if *full > now {
                near = near.min(rest.min(interval - rest) / parts);
            }
        }
        (most, near)
    }

    fn spend(&mut self, units: u64, now: u64) {
        for (full, quota) in self.full.iter_mut().zip(&self.quotas) {
            let now = u128::from(now) * u128::from(quota.parts);
            *full = (*full).max(now) + u128::from(units) * u128::from(quota.interval);
        }
    }

    fn ahead(&self, now: u64) -> Vec<u64> {
        let each = self.full.iter().zip(&self.quotas).flat_map(|(full, quota)| {
            let parts = u128::from(quota.parts);
            let ahead = full.saturating_sub(u128::from(now) * parts);
            [(ahead / parts) as u64, (ahead % parts) as u64]
        });
        each.collect()
    }
}

/// Numbers that look like chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test(start_paused = true)]
async fn the_script_decides_as_the_machine_does_for_round_and_crooked_rates_rl_28() {
    let server = Server::start();
    let mut script = Script::new(&server);
    let day = Duration::from_secs(86_400);
    let rates = [
        Rate::new(7, Duration::from_secs(60)).with_burst(1),
        Rate::new(7, Duration::from_secs(60)),
        Rate::per_second(3000),
        Rate::per_second(10).with_burst(1),
        Rate::per_second(999_983).with_burst(50),
        Rate::new(999_983, day),
        Rate::per_day(10_000),
        Rate::new(1, 1000 * day),
        Rate::per_second(100_000_000),
        Rate::new(13, Duration::from_nanos(123_457)),
    ];
    for (at, rate) in rates.into_iter().enumerate() {
        let quotas = [Counted::of(rate)];
        let mut model = Model { full: vec![0], quotas: quotas.to_vec() };
        let machine = RateLimiter::new("machine", rate).unwrap();
        // As late as this century gets.
        let (start, mut now) = (4_000_000_000_000_000, 0);
        let (mut dice, mut compared, mut refused) = (Dice(at as u64 + 1), 0, 0);
        let interval = (quotas[0].interval / quotas[0].parts).max(1);
        for _ in 0..600 {
            let mut step = dice.below(interval * 3 / 2 + 2);
            // The machine keeps an interval to an eighth of a nanosecond: not where that would show.
            let near = |now| model.fits(1, start + now).1 <= 1;
            step += (0..9).find(|more| !near(now + step + more)).unwrap_or(9);
            tokio::time::advance(Duration::from_micros(step)).await;
            now += step;
            let (fits, _) = model.fits(1, start + now);
            let answer = script.take(&format!("key{at}"), 1, 1, &quotas, start + now);
            assert_eq!(answer[0], fits, "{rate:?} at {now}");
            model.spend(fits, start + now);
            assert_eq!(answer[1..], model.ahead(start + now), "{rate:?} at {now}");
            refused += 1 - fits;
            if interval > 9 {
                assert_eq!(machine.try_acquire().is_ok(), fits == 1, "{rate:?} at {now}");
                compared += 1;
            }
        }
        assert!(compared > 0 || interval <= 9, "{rate:?}");
        assert!(refused > 0 || rate.at_once() >= 50, "{rate:?}");
    }
}

#[test]
fn leases_are_what_there_is_and_no_less_than_is_needed() {
    let server = Server::start();
    let mut script = Script::new(&server);
    let rates =
        [Rate::new(7, Duration::from_secs(60)).with_burst(100), Rate::per_second(3).with_burst(80)];
    let quotas = rates.map(Counted::of);
    let mut model = Model { full: vec![0, 0], quotas: quotas.to_vec() };
    let (mut dice, mut now, mut partial) = (Dice(7), 1_700_000_000_000_000, 0);
    for _ in 0..1500 {
        now += dice.below(20_000_000);
        let (most, least) = (1 + dice.below(40), 1 + dice.below(4));
        let most = most.max(least);
        let (fits, _) = model.fits(most, now);
        let granted = if fits >= least { fits } else { 0 };
        let answer = script.take("key", most, least, &quotas, now);
        assert_eq!(answer[0], granted, "{most} {least}");
        model.spend(granted, now);
        assert_eq!(answer[1..], model.ahead(now));
        partial += u32::from(granted > 0 && granted < most);
    }
    assert!(partial > 100, "{partial}");
}

#[test]
fn a_clock_that_goes_back_mints_nothing_rl_34() {
    let server = Server::start();
    let mut script = Script::new(&server);
    let quota = [Counted::of(Rate::per_second(1).with_burst(3))];
    let second = |at: u64| 1_700_000_000_000_000 + at * 1_000_000;
    let moments = [10, 10, 10, 5, 9, 10, 5, 12, 5, 12, 12];
    let admitted = moments.map(|at| script.take("key", 1, 1, &quota, second(at))[0] == 1);
    let wanted = [true, true, true, false, false, false, false, true, false, true, false];
    assert_eq!(admitted, wanted);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_bucket_is_full_again() {
    let server = Server::start();
    let redis = server.redis();
    let quota =
        buttress::rate_limit::redis::Config::new(Rate::per_second(10)).also(Rate::per_minute(10));
    let limiter =
        buttress::rate_limit::redis::RedisRateLimiter::new("limiter", &redis, quota).unwrap();
    assert!(limiter.try_acquire("key").await.is_ok());
    let left = |server: &Server| -> u64 {
        server.command("PTTL buttress:limiter:key").unwrap()[1..].parse().unwrap()
    };
    assert!((5_000..=6_001).contains(&left(&server)), "{}", left(&server));
    assert!(limiter.try_acquire_n("key", 2).await.is_ok());
    assert!((17_000..=18_001).contains(&left(&server)), "{}", left(&server));
    limiter.refund("key", 1).await.unwrap();
    assert!((11_000..=12_001).contains(&left(&server)), "{}", left(&server));
}

#[tokio::test]
async fn names_tell_what_a_key_is_and_strangers_stay_under_their_limiter() {
    let server = Server::start();
    let limiter = |name: &'static str| {
        let rate = Rate::per_day(5);
        buttress::rate_limit::redis::RedisRateLimiter::new(name, &server.redis(), rate).unwrap()
    };
    assert!(limiter("user").try_acquire("ann").await.is_ok());
    assert!(limiter("user:ann").try_acquire("x").await.is_ok());
    assert!(limiter("user").try_acquire("ann:x").await.is_ok());
    assert!(limiter("user").try_acquire("*\r\nFLUSHALL").await.is_ok());
    assert!(limiter("user").try_acquire(&"x".repeat(1_000_000)[..]).await.is_ok());
    assert!(limiter("user").try_acquire("{tag}").await.is_ok());
    let keys = server.keys();
    assert!(
        keys.iter().all(|key| key.starts_with("buttress:user") || key == "FLUSHALL"),
        "{keys:?}"
    );
    for key in ["buttress:user:ann", "buttress:user%3Aann:x", "buttress:user:ann:x"] {
        assert!(keys.contains(&key.to_owned()), "{keys:?}");
    }
    assert_eq!(keys.iter().filter(|key| key.starts_with("buttress:user:#")).count(), 2);
}
