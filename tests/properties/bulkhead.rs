//! A bulkhead against a list of who is in and a list of who waits.

use std::collections::BTreeMap;

use buttress::{
    bulkhead::{Acquiring, Bulkhead, Class, Config, Order, Owned, Permit, Shares},
    time::Deadline,
};
use futures::FutureExt;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{MILLISECOND, SECOND, cases, paused};

const CLASSES: [Class; 3] = [Class::Critical, Class::Normal, Class::Sheddable];

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A call of this class that may wait.
    Acquire(usize),
    /// One that may not.
    Try(usize),
    /// So many-th of those who are in leaves.
    Leave(usize),
    /// So many-th of those who wait goes away.
    Abandon(usize),
    Resize(u32),
    /// Milliseconds.
    Pass(u64),
    Close,
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..3_usize).prop_map(Event::Acquire),
        3 => (0..3_usize).prop_map(Event::Try),
        8 => (0..16_usize).prop_map(Event::Leave),
        3 => (0..16_usize).prop_map(Event::Abandon),
        1 => (1..6_u32).prop_map(Event::Resize),
        2 => (1..600_u64).prop_map(Event::Pass),
    ]
}

/// What a bulkhead is to do, by definition.
#[derive(Default)]
struct Model {
    limit: u32,
    queue: usize,
    lifo: bool,
    shares: [f64; 3],
    closed: bool,
    now: u64,
    /// Number and class.
    inside: Vec<(u32, usize)>,
    /// Number, class, and when its time is up; in the order in which they came.
    waiting: Vec<(u32, usize, u64)>,
}

/// How long anybody waits, in milliseconds.
const WAIT: u64 = 1000;

impl Model {
    fn sure(&self, class: usize) -> usize {
        let share = self.shares[class];
        if share > 0.0 { ((f64::from(self.limit) * share).round() as usize).max(1) } else { 0 }
    }

    fn of(&self, class: usize) -> usize {
        self.inside.iter().filter(|inside| inside.1 == class).count()
    }

    fn is_sure(&self, class: usize) -> bool {
        self.of(class) < self.sure(class)
    }

    fn has_room(&self, class: usize) -> bool {
        self.is_sure(class) || self.inside.len() < self.limit as usize
    }

    fn waits(&self, class: usize) -> bool {
        self.waiting.iter().any(|waiter| waiter.1 == class)
    }

    /// Of those of a class who wait: who is served first, or last.
    fn pick(&self, class: usize, first: bool) -> Option<usize> {
        let mut of_class = (0..self.waiting.len()).filter(|at| self.waiting[*at].1 == class);
        if first != self.lifo { of_class.next() } else { of_class.next_back() }
    }

    fn serve(&mut self) {
        loop {
            let sure = (0..3).find(|class| self.is_sure(*class) && self.waits(*class));
            let any = || (0..3).find(|class| self.has_room(*class) && self.waits(*class));
            let Some(at) = sure.or_else(any).and_then(|class| self.pick(class, true)) else {
                return;
            };
            let (number, class, _) = self.waiting.remove(at);
            self.inside.push((number, class));
        }
    }

    /// Whether it is in, or waits.
    fn enter(&mut self, number: u32, class: usize, may_wait: bool) {
        if self.closed {
            return;
        }
        // Whoever is let in at once overtakes nobody: whoever could be served, was.
        if self.has_room(class) {
            self.inside.push((number, class));
            return;
        }
        if !may_wait {
            return;
        }
        if self.waiting.len() >= self.queue {
            let below = (class + 1..3).rev().find(|other| self.waits(*other));
            match below.and_then(|other| self.pick(other, false)) {
                Some(shed) => drop(self.waiting.remove(shed)),
                None => return,
            }
        }
        self.waiting.push((number, class, self.now + WAIT));
    }
}

#[derive(Default)]
struct World {
    inside: BTreeMap<u32, Permit<Owned>>,
    waiting: BTreeMap<u32, Acquiring<Owned>>,
}

impl World {
    /// Asks everybody who waits.
    fn look(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for (number, mut waiter) in waiting {
            match (&mut waiter).now_or_never() {
                Some(Ok(permit)) => drop(self.inside.insert(number, permit)),
                Some(Err(_)) => {}
                None => drop(self.waiting.insert(number, waiter)),
            }
        }
    }
}

fn compare(config: Config, events: &[Event]) -> Result<(), TestCaseError> {
    let shares = [config.shares.critical, config.shares.normal, config.shares.sheddable];
    let mut model = Model {
        limit: config.limit,
        queue: config.queue as usize,
        lifo: config.order == Order::Lifo,
        shares,
        ..Model::default()
    };
    paused(async {
        let bulkhead = Bulkhead::new("model", config).unwrap();
        let mut world = World::default();
        for (number, event) in (0_u32..).zip(events) {
            match *event {
                Event::Acquire(class) => {
                    model.enter(number, class, true);
                    let waiter = bulkhead.sort(CLASSES[class]).acquire_owned();
                    world.waiting.insert(number, waiter);
                }
                Event::Try(class) => {
                    model.enter(number, class, false);
                    if let Ok(permit) = bulkhead.sort(CLASSES[class]).try_acquire_owned() {
                        world.inside.insert(number, permit);
                    }
                }
                Event::Leave(nth) if !model.inside.is_empty() => {
                    let (number, _) = model.inside.remove(nth % model.inside.len());
                    model.serve();
                    world.inside.remove(&number);
                }
                Event::Abandon(nth) if !model.waiting.is_empty() => {
                    let (number, ..) = model.waiting.remove(nth % model.waiting.len());
                    world.waiting.remove(&number);
                }
                Event::Leave(_) | Event::Abandon(_) => {}
                Event::Resize(limit) => {
                    model.limit = limit;
                    model.serve();
                    bulkhead.set_limit(limit).unwrap();
                }
                Event::Pass(milliseconds) => {
                    model.now += milliseconds;
                    let now = model.now;
                    model.waiting.retain(|waiter| waiter.2 > now);
                    advance(MILLISECOND * milliseconds as u32).await;
                }
                Event::Close => {
                    model.closed = true;
                    model.waiting.clear();
                    drop(bulkhead.close(Deadline::within(SECOND)));
                }
            }
            world.look();
            let mut inside: Vec<u32> = model.inside.iter().map(|inside| inside.0).collect();
            inside.sort_unstable();
            prop_assert_eq!(inside, world.inside.keys().copied().collect::<Vec<_>>());
            let mut waiting: Vec<u32> = model.waiting.iter().map(|waiter| waiter.0).collect();
            waiting.sort_unstable();
            prop_assert_eq!(waiting, world.waiting.keys().copied().collect::<Vec<_>>());
            let seen = bulkhead.snapshot();
            prop_assert_eq!(seen.in_flight as usize, model.inside.len());
            prop_assert_eq!(seen.queued as usize, model.waiting.len());
        }
        drop(world);
        prop_assert_eq!(bulkhead.snapshot().in_flight, 0);
        Ok(())
    })
}

fn config(limit: u32, queue: u32, order: Order, shares: [f64; 3]) -> Config {
    let [critical, normal, sheddable] = shares;
    Config::new()
        .with_limit(limit)
        .with_queue(queue, MILLISECOND * WAIT as u32)
        .with_order(order)
        .with_shares(Shares { critical, normal, sheddable })
}

const SHARES: [[f64; 3]; 4] =
    [[0.0, 0.0, 0.0], [0.7, 0.0, 0.3], [0.0, 0.2, 0.5], [0.25, 0.25, 0.5]];

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bulkhead_and_lists_agree(
        limit in 1..6_u32,
        queue in 0..6_u32,
        order in select(vec![Order::Fifo, Order::Lifo]),
        shares in select(SHARES.to_vec()),
        events in vec(events(), 1..80),
        close in any::<bool>(),
        after in vec(events(), 0..20),
    ) {
        let close = close.then_some(Event::Close);
        let all: Vec<Event> = events.into_iter().chain(close).chain(after).collect();
        compare(config(limit, queue, order, shares), &all)?;
    }
}

#[test]
fn they_agree_on_round_numbers() {
    for shares in SHARES {
        for (limit, queue) in [(1, 0), (1, 1), (2, 5), (10, 0), (10, 10), (10, 100)] {
            for order in [Order::Fifo, Order::Lifo] {
                let fill = (0..40).map(|at| Event::Acquire(at % 3));
                let empty = (0..40).map(Event::Leave);
                let events: Vec<Event> = fill
                    .clone()
                    .chain([Event::Resize(limit * 2), Event::Pass(WAIT - 1)])
                    .chain(empty.clone())
                    .chain(fill.clone())
                    .chain([Event::Resize(limit), Event::Pass(WAIT)])
                    .chain(empty)
                    .chain(fill)
                    .chain([Event::Close])
                    .chain((0..3).map(Event::Try))
                    .collect();
                compare(config(limit, queue, order, shares), &events).unwrap();
            }
        }
    }
}
