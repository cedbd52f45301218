//! Adaptive limits in simulated time, through the doors: against a server that serves so many calls at once
//! and lets the others wait, its knee.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error, Lift,
    bulkhead::{Adaptive, Bulkhead, Config},
    random,
};
use tokio::{sync::Semaphore, time::sleep};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::{MILLISECOND, SECOND};

const MINUTE: Duration = Duration::from_secs(60);
const KNEE: u32 = 50;

/// By latency; what goes by drops needs a server that drops.
const BY_LATENCY: [Adaptive; 3] = [Adaptive::gradient(), Adaptive::min_rtt(), Adaptive::vegas()];

/// Serves [`KNEE`] calls at once; others wait, as many as there is room for.
struct Server {
    places: Semaphore,
    room: usize,
    waiting: AtomicU32,
    /// What a call takes that waits for no other, in milliseconds.
    service: AtomicU32,
    down: AtomicBool,
}

impl Server {
    fn with_room(room: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(KNEE as usize),
            room,
            waiting: AtomicU32::new(0),
            service: AtomicU32::new(1000),
            down: AtomicBool::new(false),
        })
    }

    async fn serve(&self, dice: f64) -> Result<(), &'static str> {
        struct Waiting<'a>(&'a AtomicU32);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }

        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waits = Waiting(&self.waiting);
        if self.places.available_permits() == 0 && waiting as usize >= self.room {
            sleep(5 * MILLISECOND).await;
            return Err("busy");
        }
        let _place = self.places.acquire().await.map_err(|_| "gone")?;
        drop(waits);
        // Half of what it takes in the mean, up to half more.
        sleep(self.service.load(Ordering::Relaxed) * MILLISECOND.mul_f64(0.5 + dice)).await;
        if self.down.load(Ordering::Relaxed) { Err("down") } else { Ok(()) }
    }
}

/// A bulkhead before a server, and callers who call again as soon as they have been answered.
struct Town {
    bulkhead: Bulkhead,
    server: Arc<Server>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Town {
    /// Every other caller calls through the layer.
    fn new(adaptive: Adaptive, start: u32, server: Arc<Server>, callers: u32) -> Self {
        random::seed(7);
        let adaptive = adaptive.with_max(500);
        let config = Config::new().with_limit(start).with_adaptive(adaptive);
        let config = config.with_queue(1000, 3600 * SECOND);
        let bulkhead = Bulkhead::new("town", config).unwrap();
        let callers = (0..callers)
            .map(|number| {
                let (bulkhead, server) = (bulkhead.clone(), Arc::clone(&server));
                match number % 2 {
                    0 => tokio::spawn(calls(bulkhead, server, number)),
                    _ => tokio::spawn(requests(bulkhead, server, number)),
                }
            })
            .collect();
        Self { bulkhead, server, callers }
    }

    /// Lets time pass: the mean limit in the second half, and the largest.
    async fn pass(&self, lasts: Duration) -> (f64, u32) {
        sleep(lasts / 2).await;
        let (mut sum, mut most) = (0.0, 0);
        for _ in 0..100 {
            sleep(lasts / 200).await;
            let limit = self.bulkhead.snapshot().limit;
            sum += f64::from(limit);
            most = most.max(limit);
        }
        (sum / 100.0, most)
    }

    #[track_caller]
    fn assert_near(&self, (mean, most): (f64, u32), what: &str) {
        let near = f64::from(KNEE) * 0.8..=f64::from(KNEE) * 1.2;
        let seen = self.bulkhead.snapshot();
        assert!(near.contains(&mean), "{what}: {mean}, at most {most}, of {KNEE}: {seen:?}");
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.callers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

async fn serve(server: Arc<Server>, dice: f64) -> Result<(), &'static str> {
    server.serve(dice).await
}

/// Numbers that look random.
fn dice(seed: u32) -> impl Iterator<Item = f64> + Send {
    let mut state = u64::from(seed);
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

async fn calls(bulkhead: Bulkhead, server: Arc<Server>, number: u32) {
    for dice in dice(number) {
        let answer = bulkhead.call(|| serve(Arc::clone(&server), dice)).await;
        assert!(!matches!(answer, Err(Error::Refused(_))), "all may wait: {answer:?}");
    }
}

async fn requests(bulkhead: Bulkhead, server: Arc<Server>, number: u32) {
    let inner = service_fn(move |dice: f64| serve(Arc::clone(&server), dice));
    let service = ServiceBuilder::new().layer(bulkhead.layer()).layer(Lift::layer()).service(inner);
    for dice in dice(number) {
        let answer = service.clone().oneshot(dice).await;
        assert!(!matches!(answer, Err(Error::Refused(_))), "all may wait: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_converges_to_the_knee() {
    for adaptive in BY_LATENCY {
        for start in [1, 2 * KNEE] {
            let town = Town::new(adaptive, start, Server::with_room(usize::MAX), 150);
            let limits = town.pass(15 * MINUTE).await;
            town.assert_near(limits, &format!("{adaptive:?} from {start}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_by_drops_converges_to_where_they_begin() {
    for start in [1, 2 * KNEE] {
        let adaptive = Adaptive::aimd(60 * SECOND);
        let town = Town::new(adaptive, start, Server::with_room(5), 150);
        let limits = town.pass(15 * MINUTE).await;
        town.assert_near(limits, &format!("aimd from {start}"));
    }
}

#[tokio::test(start_paused = true)]
async fn it_recovers_from_what_is_slow_and_what_is_down_ad_10_ad_11() {
    for adaptive in BY_LATENCY {
        let town = Town::new(adaptive, KNEE, Server::with_room(usize::MAX), 150);
        let limits = town.pass(10 * MINUTE).await;
        town.assert_near(limits, &format!("{adaptive:?}"));
        town.server.service.store(5000, Ordering::Relaxed);
        town.pass(5 * MINUTE).await;
        town.server.service.store(1000, Ordering::Relaxed);
        let limits = town.pass(15 * MINUTE).await;
        town.assert_near(limits, &format!("{adaptive:?}, slow before"));
        town.server.down.store(true, Ordering::Relaxed);
        assert_eq!(town.pass(6 * MINUTE).await.1, 1, "{adaptive:?}: all calls fail");
        town.server.down.store(false, Ordering::Relaxed);
        let limits = town.pass(15 * MINUTE).await;
        town.assert_near(limits, &format!("{adaptive:?}, down before"));
    }
}

/// A server that gets slower by a hundredth each minute, in two hours threefold; its knee stays.
#[tokio::test(start_paused = true)]
async fn two_hours_of_slow_drift_move_it_nowhere_ad_30() {
    for adaptive in BY_LATENCY {
        let town = Town::new(adaptive, KNEE, Server::with_room(usize::MAX), 150);
        let (mut sum, mut most) = (0.0, 0);
        for minute in 0..120 {
            let service = 2000.0 * 1.01_f64.powi(minute);
            town.server.service.store(service as u32, Ordering::Relaxed);
            sleep(MINUTE).await;
            let limit = town.bulkhead.snapshot().limit;
            if minute >= 60 {
                sum += f64::from(limit);
                most = most.max(limit);
            }
        }
        town.assert_near((sum / 60.0, most), &format!("{adaptive:?}"));
        assert!(most <= 2 * KNEE, "{adaptive:?}: {most}");
    }
}

/// Thirty callers, and a server that could serve fifty: nobody waits for the sake of a measurement.
#[tokio::test(start_paused = true)]
async fn where_there_is_room_nobody_waits_ad_23() {
    for adaptive in BY_LATENCY {
        let town = Town::new(adaptive, KNEE, Server::with_room(usize::MAX), 30);
        for minute in 0..20 {
            let service = 1000.0 * 1.01_f64.powi(minute);
            town.server.service.store(service as u32, Ordering::Relaxed);
            sleep(MINUTE).await;
        }
        let seen = town.bulkhead.snapshot();
        let calls = seen.adaptive.as_ref().map_or(0, |adaptive| adaptive.samples);
        assert!(calls > 25_000, "{seen:?}");
        assert!(seen.totals.queued * 100 <= calls, "{adaptive:?}: {seen:?}");
    }
}
