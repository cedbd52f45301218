//! Limits in simulated time, against a server that serves so many calls at once and lets the others wait:
//! its knee.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use super::{Aimd, Bounds, Gradient, Limit, MinRtt, Sample, Vegas, Windowed};
use crate::ground::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What the server and its callers are like at a moment.
#[derive(Clone, Copy)]
struct World {
    /// What a call takes that waits for no other, in the mean.
    service: Duration,
    /// How many are served at once.
    knee: usize,
    /// How many may wait; the others are turned away.
    queue: usize,
    /// How many callers there are; each has one call in flight at most.
    callers: u32,
    /// Whether every call fails.
    down: bool,
    /// Whether nobody is kept out, as in shadow mode.
    open: bool,
}

/// A healthy server with a knee of 50, and more callers than it can serve.
const HEALTHY: World = World {
    service: Duration::from_millis(200),
    knee: 50,
    queue: usize::MAX,
    callers: 400,
    down: false,
    open: false,
};

/// A call that is turned away is told so after this long.
const TURNED_AWAY: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ends {
    at: Instant,
    started: Instant,
    served: bool,
}

/// Calls, as many as the limit allows, one after another.
struct Simulation<L> {
    limit: L,
    now: Instant,
    ends: BinaryHeap<Reverse<Ends>>,
    /// When those that wait were started.
    waiting: VecDeque<Instant>,
    serving: usize,
    in_flight: u32,
    dice: u64,
    served: u64,
    /// Callers who found no room, of all who came, each counted once a moment.
    refused: u64,
    came: u64,
}

impl<L: Limit> Simulation<L> {
    fn new(limit: L) -> Self {
        Self {
            limit,
            now: Instant::ORIGIN,
            ends: BinaryHeap::new(),
            waiting: VecDeque::new(),
            serving: 0,
            in_flight: 0,
            dice: 7,
            served: 0,
            refused: 0,
            came: 0,
        }
    }

    /// Runs on for this long; `world` says what it is like so long after that began. The mean limit of the second
    /// half, and how far it went up and down in it.
    fn run(&mut self, lasts: Duration, world: impl Fn(Duration) -> World) -> Limits {
        let began = self.now;
        let (half, end) = (began.after(lasts / 2), began.after(lasts));
        let mut limits = Limits { mean: 0.0, least: u32::MAX, most: 0 };
        let mut weight = 0.0;
        self.fill(world(Duration::ZERO));
        while let Some(&Reverse(next)) = self.ends.peek().filter(|next| next.0.at < end) {
            self.ends.pop();
            if self.now >= half {
                let (limit, time) = (self.limit.limit(), next.at.since(self.now).as_secs_f64());
                limits.mean += f64::from(limit) * time;
                weight += time;
                limits.least = limits.least.min(limit);
                limits.most = limits.most.max(limit);
            }
            self.now = next.at;
            self.end(next, world(self.now.since(began)));
        }
        self.now = end;
        limits.mean /= weight;
        limits
    }

    fn end(&mut self, call: Ends, world: World) {
        let sample = Sample {
            started: call.started,
            rtt: self.now.since(call.started),
            in_flight: self.in_flight,
            dropped: !call.served,
        };
        self.in_flight -= 1;
        self.served += u64::from(call.served);
        if call.served || world.down {
            self.serving = self.serving.saturating_sub(1);
        }
        self.limit.update(sample, self.now);
        while self.serving < world.knee {
            let Some(started) = self.waiting.pop_front() else { break };
            self.serve(started, world);
        }
        self.fill(world);
    }

    /// Whoever can call does.
    fn fill(&mut self, world: World) {
        let limit = if world.open { u32::MAX } else { self.limit.limit() };
        let allowed = limit.min(world.callers);
        self.came += u64::from(world.callers);
        self.refused += u64::from(world.callers.saturating_sub(allowed.max(self.in_flight)));
        while self.in_flight < allowed {
            self.in_flight += 1;
            let started = self.now;
            if self.serving < world.knee {
                self.serve(started, world);
            } else if self.waiting.len() < world.queue {
                self.waiting.push_back(started);
            } else {
                let at = self.now.after(TURNED_AWAY);
                self.ends.push(Reverse(Ends { at, started, served: false }));
            }
        }
    }

    fn serve(&mut self, started: Instant, world: World) {
        self.serving += 1;
        let at = self.now.after(world.service.mul_f64(self.exponential()));
        self.ends.push(Reverse(Ends { at, started, served: !world.down }));
    }

    /// From an exponential distribution with a mean of 1.
    fn exponential(&mut self) -> f64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let unit = ((self.dice >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        -unit.ln()
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    mean: f64,
    least: u32,
    most: u32,
}

impl Limits {
    /// Within a fifth of the knee.
    #[track_caller]
    fn assert_near(self, knee: u32, what: &str) {
        let ratio = self.mean / f64::from(knee);
        assert!((0.8..=1.2).contains(&ratio), "{what}: {self:?}, knee {knee}");
    }
}

const BOUNDS: Bounds = Bounds::new(1, 1000);

fn gradient(limit: u32) -> Windowed<Gradient> {
    Windowed::new(Gradient::default(), limit, BOUNDS)
}

fn vegas(limit: u32) -> Windowed<Vegas> {
    Windowed::new(Vegas::default(), limit, BOUNDS)
}

fn min_rtt(limit: u32) -> Windowed<MinRtt> {
    Windowed::new(MinRtt::default(), limit, BOUNDS)
}

/// Single calls that take ten times as long as the mean are rare; drops are all it goes by.
fn aimd(limit: u32) -> Aimd {
    Aimd::new(limit, BOUNDS, 5 * SECOND)
}

/// Runs a scenario with each of those that go by latency.
macro_rules! each {
    ($scenario:path) => {
        $scenario("gradient", gradient);
        $scenario("vegas", vegas);
        $scenario("min_rtt", min_rtt);
    };
}

fn converges<L: Limit>(name: &str, limit: fn(u32) -> L) {
    for knee in [50, 100] {
        for (start, queue) in [(1, usize::MAX), (4 * knee, usize::MAX), (20, knee as usize / 10)] {
            let world = World { knee: knee as usize, queue, ..HEALTHY };
            let limits = Simulation::new(limit(start)).run(20 * MINUTE, |_| world);
            limits.assert_near(knee, &format!("{name} from {start}"));
        }
    }
}

#[test]
fn it_converges_to_the_knee() {
    each!(converges);
}

#[test]
fn by_its_gradient_it_converges_to_a_small_knee_as_well() {
    for knee in [10, 20, 30] {
        for start in [1, 4 * knee] {
            let world = World { knee: knee as usize, ..HEALTHY };
            let limits = Simulation::new(gradient(start)).run(40 * MINUTE, |_| world);
            limits.assert_near(knee, &format!("gradient from {start}"));
        }
    }
}

#[test]
fn one_that_goes_by_drops_converges_to_where_they_begin() {
    for knee in [10, 50, 100] {
        for start in [1, 4 * knee] {
            let world = World { knee: knee as usize, queue: knee as usize / 10, ..HEALTHY };
            let limits = Simulation::new(aimd(start)).run(10 * MINUTE, |_| world);
            limits.assert_near(knee, &format!("aimd from {start}"));
            assert!(limits.least >= knee * 8 / 10 && limits.most <= knee * 13 / 10, "{limits:?}");
        }
    }
}

/// Nearly all that the server can do is done, probes included.
fn wastes_little<L: Limit>(name: &str, limit: fn(u32) -> L) {
    let mut simulation = Simulation::new(limit(20));
    simulation.run(5 * MINUTE, |_| HEALTHY);
    let before = simulation.served;
    simulation.run(20 * MINUTE, |_| HEALTHY);
    let (served, possible) = (simulation.served - before, 20 * 60 * 50 * 5);
    assert!(served * 100 >= possible * 95, "{name}: {served} of {possible}");
}

#[test]
fn the_server_is_kept_busy() {
    each!(wastes_little);
}

fn recovers<L: Limit>(name: &str, limit: fn(u32) -> L) {
    let mut simulation = Simulation::new(limit(20));
    let slow = World { service: 5 * HEALTHY.service, ..HEALTHY };
    let down = World { down: true, ..HEALTHY };
    simulation.run(10 * MINUTE, |_| HEALTHY).assert_near(50, name);
    simulation.run(5 * MINUTE, |_| slow);
    simulation.run(6 * MINUTE, |_| HEALTHY).assert_near(50, &format!("{name}, slow before"));
    assert_eq!(simulation.run(4 * MINUTE, |_| down).most, 1, "{name}: all calls fail");
    simulation.run(6 * MINUTE, |_| HEALTHY).assert_near(50, &format!("{name}, down before"));
}

#[test]
fn it_recovers_from_what_is_slow_and_what_is_down_ad_11() {
    each!(recovers);
    let mut simulation = Simulation::new(aimd(20));
    let busy = World { queue: 5, ..HEALTHY };
    simulation.run(5 * MINUTE, |_| busy).assert_near(50, "aimd");
    assert_eq!(simulation.run(4 * MINUTE, |_| World { down: true, ..busy }).most, 1);
    simulation.run(5 * MINUTE, |_| busy).assert_near(50, "aimd, down before");
}

/// A server that gets slower by a hundredth each minute, in two hours threefold; its knee stays where it is.
fn ageing(at: Duration, world: World) -> World {
    let slower = 1.01_f64.powf(at.as_secs_f64() / 60.0);
    World { service: world.service.mul_f64(slower), ..world }
}

fn does_not_drift<L: Limit>(name: &str, limit: fn(u32) -> L) {
    let limits = Simulation::new(limit(20)).run(2 * HOUR, |at| ageing(at, HEALTHY));
    limits.assert_near(50, name);
    assert!(limits.most <= 80, "{name}: {limits:?}");
}

#[test]
fn two_hours_of_slow_drift_move_it_nowhere_ad_30() {
    each!(does_not_drift);
}

/// Fifty callers, and a server that could serve eighty, getting slower all the time.
fn refuses_nobody<L: Limit>(name: &str, limit: fn(u32) -> L) {
    let roomy = World { knee: 80, callers: 50, ..HEALTHY };
    let mut simulation = Simulation::new(limit(60));
    simulation.run(HOUR, |at| ageing(at, roomy));
    let (refused, came) = (simulation.refused, simulation.came);
    assert!(refused * 100 <= came, "{name}: {refused} of {came}");
}

#[test]
fn nobody_is_refused_for_the_sake_of_a_measurement_ad_23() {
    each!(refuses_nobody);
}

/// Nobody is kept out, and calls take longer because of that, whatever it says.
fn is_found_in_shadow_mode<L: Limit>(name: &str, limit: fn(u32) -> L) {
    for callers in [60, 100, 400] {
        for start in [20, 200] {
            let mut simulation = Simulation::new(limit(start));
            let quiet = World { callers: 30, open: true, ..HEALTHY };
            simulation.run(10 * MINUTE, |_| quiet);
            let limits = simulation.run(HOUR, |_| World { callers, ..quiet });
            // Of a limit that is in use to less than half nothing is learned, and it grows up to there.
            let most = if callers < 100 { 200.0 } else { 60.0 };
            let what = format!("{name}, {callers} from {start}: {limits:?}");
            assert!((30.0..=most + 0.1).contains(&limits.mean), "{what}");
        }
    }
}

#[test]
fn in_shadow_mode_it_is_found_as_well() {
    each!(is_found_in_shadow_mode);
    // By drops alone: of more than twice the limit in flight they say nothing about it.
    let mut simulation = Simulation::new(Aimd::new(300, BOUNDS, SECOND));
    let limits = simulation.run(HOUR, |_| World { open: true, ..HEALTHY });
    assert!((150.0..=300.0).contains(&limits.mean), "{limits:?}");
}
