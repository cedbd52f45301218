//! Sampling: many short windows, the sides taking turns, so that whatever the machine does meets
//! all of them.

use std::hint::black_box;
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use crate::alloc::allocations;
use crate::pace::Pace;

/// How long a window should last: far longer than reading the clock, far shorter than a scheduler's
/// slice.
const WINDOW: Duration = Duration::from_micros(30);
/// How long the sides of one contest take turns.
const BUDGET: Duration = Duration::from_millis(1_000);
/// A median of fewer rounds than this is not worth much: a busy machine gets more time.
const ROUNDS: usize = 300;
/// So much time at the most.
const LIMIT: Duration = Duration::from_secs(10);
/// The part of a shared window that one of its threads may have missed.
const LATE: f64 = 0.1;

/// One way of doing the work: an operation for one thread, or one for each of two.
pub struct Side {
    pub name: &'static str,
    workers: [Option<Worker>; 2],
    /// Set where the length of a window is part of the workload.
    fixed_count: Option<u64>,
}

/// Does so many operations, and says how it went.
type Worker = Box<dyn FnMut(u64) -> Window + Send>;

impl Side {
    /// One thread, doing `operation` again and again.
    pub fn new<T>(name: &'static str, operation: impl FnMut() -> T + Send + 'static) -> Self {
        Self { name, workers: [Some(repeated(operation)), None], fixed_count: None }
    }

    /// Two threads, each with its operation, both at once.
    pub fn pair<T>(name: &'static str, both: [impl FnMut() -> T + Send + 'static; 2]) -> Self {
        Self { name, workers: both.map(|operation| Some(repeated(operation))), fixed_count: None }
    }

    /// One thread that starts every window, `count` operations long, with what `prepare` made. (The
    /// making is not timed.)
    pub fn prepared<S, T>(
        name: &'static str,
        count: u64,
        mut prepare: impl FnMut() -> S + Send + 'static,
        operation: impl Fn(&mut S) -> T + Send + 'static,
    ) -> Self {
        let worker = move |count| {
            let mut prepared = prepare();
            Window::of(count, &mut || operation(&mut prepared))
        };
        Self { name, workers: [Some(Box::new(worker)), None], fixed_count: Some(count) }
    }

    /// How many threads do the work.
    pub fn threads(&self) -> usize {
        self.workers.iter().flatten().count()
    }
}

fn repeated<T>(operation: impl FnMut() -> T + Send + 'static) -> Worker {
    /// Keeps what one thread writes off the cache lines, and their neighbours, of another.
    #[repr(align(128))]
    struct OwnLines<O>(O);

    let mut operation = OwnLines(operation);
    Box::new(move |count| {
        let OwnLines(operation) = &mut operation;
        Window::of(count, operation)
    })
}

/// What an operation costs.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Median over the windows of the time an operation took, on each of the threads.
    pub nanoseconds: f64,
    /// Mean over all operations, so that not one allocation is lost.
    pub allocations: f64,
}

impl Cost {
    fn of(windows: &[Shared], count: u64) -> Self {
        let fair = windows.iter().filter(|window| window.is_fair());
        let mut lasted: Vec<Duration> = fair.map(|window| window.lasted).collect();
        lasted.sort_unstable();
        let median = lasted.get(lasted.len() / 2);

        let allocations: u64 = windows.iter().map(|window| window.allocations).sum();
        let threads: u64 = windows.iter().map(|window| window.threads).sum();
        Self {
            nanoseconds: median.map_or(f64::NAN, |lasted| lasted.as_nanos() as f64 / count as f64),
            allocations: allocations as f64 / (threads * count) as f64,
        }
    }
}

/// Lets the sides take turns until the budget is spent.
pub fn sample(sides: &mut [Side]) -> Vec<Cost> {
    let counts = calibrate(sides);
    let more = |rounds, spent| spent < BUDGET || (rounds < ROUNDS && spent < LIMIT);
    let samples = take_turns(sides, &counts, more);
    let samples = samples.iter().zip(counts);
    samples.map(|(windows, count)| Cost::of(windows, count)).collect()
}

/// How many operations of each side fill a window. The sides take turns here too: what is measured
/// has been warmed up the way it is measured.
fn calibrate(sides: &mut [Side]) -> Vec<u64> {
    let counts = sides.iter().map(|side| side.fixed_count.unwrap_or(16));
    let mut counts: Vec<u64> = counts.collect();
    for _ in 0..6 {
        let samples = take_turns(sides, &counts, |rounds, _| rounds < 15);
        for ((side, windows), count) in sides.iter().zip(samples).zip(&mut counts) {
            // Fair or not: as long as they are short, hardly any is.
            let fastest = windows.iter().map(|window| window.lasted).min();
            if let (Some(fastest), None) = (fastest, side.fixed_count) {
                let growth = WINDOW.as_secs_f64() / fastest.as_secs_f64();
                *count = (*count as f64 * growth.clamp(1.0, 16.0)) as u64;
            }
        }
    }
    counts
}

/// Runs rounds, in each of which every side has one window, for as long as `more(rounds, spent)`
/// says. Gives the windows of each side.
fn take_turns(
    sides: &mut [Side],
    counts: &[u64],
    more: impl Fn(usize, Duration) -> bool,
) -> Vec<Vec<Shared>> {
    let shared = sides.iter().any(|side| side.threads() == 2);
    let [mut lane, mut partner] = [0, 1].map(|lane| Lane::of(sides, lane));
    let (start, mut rounds) = (Instant::now(), 0..);
    let another = || rounds.next().is_some_and(|round| more(round, start.elapsed()));
    if shared {
        let [leader, follower] = Pace::pair();
        let counts_there = counts.to_vec();
        let (give_back, back) = channel();
        let job = move || {
            partner.run(&counts_there, &follower, || true);
            give_back.send(partner).expect("the leader waits for it");
        };
        PARTNER.send(Box::new(job)).expect("the partner lives as long as the process");
        lane.run(counts, &leader, another);
        partner = back.recv().expect("the partner gives back what it got");
    } else {
        lane.run(counts, &Pace::Alone, another);
    }

    let lanes = lane.windows.into_iter().zip(partner.windows);
    let windows = lanes.map(|(own, partners)| Shared::join(own, partners)).collect();
    let workers = lane.workers.into_iter().zip(partner.workers);
    for (side, (own, partners)) in sides.iter_mut().zip(workers) {
        side.workers = [own, partners];
    }
    windows
}

/// The second thread, the same for the whole run: services have workers, not a thread for each
/// call, and what a primitive keeps for each thread it keeps for these two.
static PARTNER: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (give, jobs) = channel::<Job>();
    std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
    give
});

type Job = Box<dyn FnOnce() + Send>;

/// One thread's part of all the sides.
struct Lane {
    /// By side; none where the side leaves this thread waiting.
    workers: Vec<Option<Worker>>,
    /// By side.
    windows: Vec<Vec<Window>>,
}

impl Lane {
    /// Takes the workers out of the sides.
    fn of(sides: &mut [Side], lane: usize) -> Self {
        let workers = sides.iter_mut().map(|side| side.workers[lane].take());
        Self { workers: workers.collect(), windows: sides.iter().map(|_| Vec::new()).collect() }
    }

    fn run(&mut self, counts: &[u64], pace: &Pace, mut more: impl FnMut() -> bool) {
        let mut order: Vec<usize> = (0..counts.len()).collect();
        while pace.another_round(&mut more) {
            for &side in &order {
                pace.meet();
                if let Some(worker) = &mut self.workers[side] {
                    self.windows[side].push(worker(counts[side]));
                }
            }
            order.reverse(); // nobody always follows the same neighbour
        }
    }
}

/// One thread's window.
struct Window {
    start: Instant,
    end: Instant,
    allocations: u64,
}

impl Window {
    /// The loop that everybody is measured by.
    #[inline(never)]
    fn of<T>(count: u64, operation: &mut impl FnMut() -> T) -> Self {
        let allocated = allocations();
        let start = Instant::now();
        for _ in 0..count {
            black_box(operation());
        }
        let end = Instant::now();
        Self { start, end, allocations: allocations() - allocated }
    }
}

/// One window of a side, its threads together.
struct Shared {
    /// From the first start to the last end: a thread that was away makes a window longer, never
    /// shorter, and the median drops it.
    lasted: Duration,
    /// How much later than the first the last thread started.
    late: Duration,
    threads: u64,
    allocations: u64,
}

impl Shared {
    /// Both threads' windows of a side; a side with one thread has none of the other's.
    fn join(own: Vec<Window>, partners: Vec<Window>) -> Vec<Self> {
        let mut partners = partners.into_iter();
        let own = own.into_iter();
        own.map(|own| match partners.next() {
            None => Self {
                lasted: own.end - own.start,
                late: Duration::ZERO,
                threads: 1,
                allocations: own.allocations,
            },
            Some(other) => Self {
                lasted: own.end.max(other.end) - own.start.min(other.start),
                late: own.start.max(other.start) - own.start.min(other.start),
                threads: 2,
                allocations: own.allocations + other.allocations,
            },
        })
        .collect()
    }

    /// Whether its threads really ran side by side.
    fn is_fair(&self) -> bool {
        self.late.as_secs_f64() <= LATE * self.lasted.as_secs_f64()
    }
}
