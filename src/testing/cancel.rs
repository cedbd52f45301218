use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use crate::ground::time::Sleep;

/// Runs a future again and again, dropping it after its first poll, its second, and so on until it
/// ends by itself; calls `after` each time with the number of polls it was given. In it, check that
/// every permit, slot and count has come back.
///
/// Between polls `step` passes, so the clock must be paused. Returns how many times it was dropped.
///
/// # Panics
///
/// The future has not ended after a thousand polls.
///
/// ```
/// use buttress::testing::{Script, Step, drop_at_every_await};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let backend = Script::<_, ()>::new([Step::ok(1).after(Duration::from_millis(20))]);
/// let drops = drop_at_every_await(Duration::from_millis(10), || backend.call(), |polls| {
///     assert_eq!(backend.counts().in_flight, 0, "after {polls} polls");
/// })
/// .await;
/// assert!(drops >= 2);
/// # });
/// ```
pub async fn drop_at_every_await<F: Future>(
    step: Duration,
    mut start: impl FnMut() -> F,
    mut after: impl FnMut(u32),
) -> u32 {
    const MOST: u32 = 1000;

    for polls in 0..MOST {
        let ended = {
            let mut future = pin!(start());
            let mut ended = false;
            for _ in 0..polls {
                ended = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
                if ended {
                    break;
                }
                Sleep::lasting(step).await;
            }
            ended
        };
        after(polls);
        if ended {
            return polls;
        }
    }
    std::panic::panic_any(format!("still pending after {MOST} polls, {step:?} apart"));
}
