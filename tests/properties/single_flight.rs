//! Callers who come, are polled, are kept and go away, in any order: nobody sleeps through a wake, and
//! every key has one work at a time.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use buttress::{
    Error,
    manner::Wrapped,
    single_flight::{Config, Flying, SingleFlight},
};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};

use crate::{cases, paused};

#[derive(Clone, Copy, Debug)]
enum Act {
    Join(u8),
    /// Polls one, if it was woken.
    Poll(usize),
    Drop(usize),
    /// Keeps one, which is not polled any longer.
    Keep(usize),
    /// Wakes a work for nothing.
    Wake(usize),
    /// A work is done, and wakes.
    Finish(usize),
    Forget(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Act::Join),
        6 => (0..64_usize).prop_map(Act::Poll),
        2 => (0..64_usize).prop_map(Act::Drop),
        1 => (0..64_usize).prop_map(Act::Keep),
        1 => (0..64_usize).prop_map(Act::Wake),
        2 => (0..64_usize).prop_map(Act::Finish),
        1 => (0..3_u8).prop_map(Act::Forget),
    ]
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A work: whether it is done, and whom it wakes.
#[derive(Clone, Default)]
struct Job(Arc<Mutex<(bool, Option<Waker>, u32)>>);

impl Job {
    fn wake(&self, done: bool) {
        let waker = {
            let mut job = self.0.lock().unwrap();
            job.0 |= done;
            job.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn run(self, number: usize) -> impl Future<Output = Result<usize, ()>> + Send {
        poll_fn(move |cx| {
            let mut job = self.0.lock().unwrap();
            job.2 += 1;
            if job.0 {
                return Poll::Ready(Ok(number));
            }
            job.1 = Some(cx.waker().clone());
            Poll::Pending
        })
    }
}

struct Caller {
    call: Pin<Box<Flying<u8, usize, (), Wrapped>>>,
    woken: Arc<Woken>,
    flight: usize,
    kept: bool,
}

struct Flight {
    job: Job,
    callers: usize,
    over: bool,
    /// How often it may have been polled: at first, and once for each wake.
    wakes: u32,
}

struct World {
    loads: SingleFlight<u8, usize, ()>,
    callers: Vec<Caller>,
    flights: Vec<Flight>,
    under_way: [Option<usize>; 3],
}

impl World {
    fn join(&mut self, key: u8) -> Result<(), TestCaseError> {
        let number = self.flights.len();
        let job = Job::default();
        let (mut began, run) = (false, job.clone().run(number));
        let call = Box::pin(self.loads.call(key, || {
            began = true;
            run
        }));
        let slot = &mut self.under_way[usize::from(key)];
        let joined = slot.filter(|flight| !self.flights[*flight].over);
        prop_assert_eq!(began, joined.is_none());
        let flight = joined.unwrap_or(number);
        if began {
            *slot = Some(number);
            self.flights.push(Flight { job, callers: 0, over: false, wakes: 1 });
        }
        self.flights[flight].callers += 1;
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.callers.push(Caller { call, woken, flight, kept: false });
        Ok(())
    }

    /// Polls one, if it was woken. Whether it was.
    fn poll(&mut self, at: usize) -> Result<bool, TestCaseError> {
        let caller = &mut self.callers[at];
        if caller.kept || !caller.woken.0.swap(false, Ordering::Relaxed) {
            return Ok(false);
        }
        let waker = Waker::from(Arc::clone(&caller.woken));
        if let Poll::Ready(answer) = caller.call.as_mut().poll(&mut Context::from_waker(&waker)) {
            let flight = &mut self.flights[caller.flight];
            prop_assert!(flight.job.0.lock().unwrap().0, "an answer before it was done");
            prop_assert_eq!(answer, Ok::<_, Error<()>>(caller.flight));
            flight.over = true;
            flight.callers -= 1;
            self.callers.swap_remove(at);
        }
        Ok(true)
    }

    fn leave(&mut self, at: usize) {
        let caller = self.callers.swap_remove(at);
        let flight = &mut self.flights[caller.flight];
        flight.callers -= 1;
        flight.over |= flight.callers == 0;
    }

    fn take(&mut self, act: Act) -> Result<(), TestCaseError> {
        let (callers, flights) = (self.callers.len(), self.flights.len());
        match act {
            Act::Join(key) => self.join(key)?,
            Act::Poll(at) if callers > 0 => _ = self.poll(at % callers)?,
            Act::Drop(at) if callers > 0 => self.leave(at % callers),
            Act::Keep(at) if callers > 0 => self.callers[at % callers].kept = true,
            Act::Wake(at) | Act::Finish(at) if flights > 0 => {
                let flight = &mut self.flights[at % flights];
                flight.wakes += 1;
                flight.job.wake(matches!(act, Act::Finish(_)));
            }
            Act::Forget(key) => {
                let slot = self.under_way[usize::from(key)].take();
                let there = slot.is_some_and(|flight| !self.flights[flight].over);
                prop_assert_eq!(self.loads.forget(&key), there);
            }
            _ => {}
        }
        let under_way = self.flights.iter().filter(|flight| !flight.over).count();
        prop_assert_eq!(self.loads.in_flight(), under_way);
        Ok(())
    }
}

fn nobody_sleeps_through_a_wake(acts: Vec<Act>) -> Result<(), TestCaseError> {
    paused(async {
        let loads = SingleFlight::new("loads", Config::new()).unwrap();
        let (callers, flights) = (Vec::new(), Vec::new());
        let mut world = World { loads, callers, flights, under_way: [None; 3] };
        for act in acts {
            world.take(act)?;
        }
        for flight in &mut world.flights {
            flight.wakes += 1;
            flight.job.wake(true);
        }
        let mut at = 0;
        while at < world.callers.len() {
            at = if world.poll(at)? { 0 } else { at + 1 };
        }
        // Who is left was kept; all the others were woken, and have their answers.
        prop_assert!(world.callers.iter().all(|caller| caller.kept));
        for flight in &world.flights {
            let polls = flight.job.0.lock().unwrap().2;
            prop_assert!(polls <= flight.wakes, "{polls} polls for {} wakes", flight.wakes);
        }
        world.callers.clear();
        let snapshot = world.loads.snapshot();
        prop_assert_eq!((snapshot.in_flight, snapshot.callers), (0, 0));
        prop_assert_eq!(snapshot.totals.led, world.flights.len() as u64);
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn nobody_sleeps_whoever_goes_away(acts in vec(act(), 0..120)) {
        nobody_sleeps_through_a_wake(acts)?;
    }
}

#[test]
fn nobody_sleeps_in_the_plain_cases() {
    use Act::{Drop, Finish, Forget, Join, Keep, Poll, Wake};
    for acts in [
        vec![],
        vec![Join(0)],
        vec![Join(0), Poll(0), Finish(0), Poll(0)],
        vec![Join(0), Join(0), Poll(0), Drop(0), Finish(0)],
        vec![Join(0), Join(0), Poll(0), Poll(1), Keep(0), Finish(0)],
        vec![Join(0), Join(0), Keep(0), Finish(0)],
        vec![Join(0), Poll(0), Finish(0), Join(0), Keep(0)],
        vec![Join(0), Poll(0), Wake(0), Join(0), Drop(0)],
        vec![Join(0), Poll(0), Forget(0), Join(0), Poll(1), Finish(1), Finish(0)],
        vec![Join(0), Poll(0), Drop(0), Join(0)],
    ] {
        nobody_sleeps_through_a_wake(acts).unwrap();
    }
}
