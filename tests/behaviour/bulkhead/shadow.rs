use buttress::{Mode, Refusal, bulkhead::State, time::Deadline};
use futures::FutureExt;

use super::{Call, SECOND, houses, limit};

#[tokio::test(start_paused = true)]
async fn everybody_is_let_in_and_what_would_have_been_refused_is_counted() {
    for house in houses(limit(2).with_mode(Mode::Shadow)) {
        let calls: Vec<Call> = (0..5).map(|_| house.start()).collect();
        assert_eq!(house.counts(), (5, 0));
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.totals.full, seen.peak, seen.mode), (3, 5, Mode::Shadow));
        for call in calls {
            assert_eq!(call.await, Ok("up"));
        }
        assert_eq!(house.counts(), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_and_who_would_have_is_counted() {
    for house in houses(limit(2).with_queue(2, SECOND).with_mode(Mode::Shadow)) {
        let calls: Vec<Call> = (0..5).map(|_| house.start()).collect();
        let totals = house.bulkhead.snapshot().totals;
        assert_eq!((house.counts(), totals.queued, totals.full), ((5, 0), 2, 1));
        assert_eq!(house.backend.counts().in_flight, 5);
        drop(calls);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_let_in_when_it_only_watches_from_now_on() {
    for house in houses(limit(1).with_queue(20, 60 * SECOND)) {
        let calls: Vec<Call> = (0..21).map(|_| house.start()).collect();
        house.bulkhead.reconfigure(limit(1).with_mode(Mode::Shadow)).unwrap();
        assert_eq!(house.counts(), (21, 0));
        for call in calls {
            assert_eq!(call.await, Ok("up"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_is_an_order_and_holds_all_the_same() {
    for house in houses(limit(1).with_mode(Mode::Shadow)) {
        let closing = house.bulkhead.close(Deadline::within(SECOND));
        let answer = house.start().now_or_never().unwrap();
        let refusal = Refusal::ShuttingDown { name: "house".into() };
        assert_eq!(answer, Err(buttress::Error::Refused(refusal)));
        assert_eq!(closing.await, 0);
        assert_eq!(house.bulkhead.snapshot().state, State::Closed);
    }
}
