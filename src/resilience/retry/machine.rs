use std::time::Duration;

use super::{
    config::{Config, GiveUp, Plan},
    ending::Ending,
    worth::Worth,
};
use crate::{
    ground::{
        backoff::{Delays, upward},
        mode::Mode,
    },
    resilience::budget::quota::Cost,
};

/// How long may be waited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Until the deadline, if there is one.
    pub(super) deadline: Option<Duration>,
    /// Until `max_elapsed` is over, if it is set.
    pub(super) elapsed: Option<Duration>,
}

impl Room {
    pub(super) const ENDLESS: Self = Self { deadline: None, elapsed: None };

    /// `delay`, if there is room for it.
    fn fit(self, delay: Duration) -> Result<Duration, Ending> {
        let lasts_beyond = |room: Option<Duration>| room.is_some_and(|room| delay >= room);
        if lasts_beyond(self.deadline) {
            Err(Ending::Deadline)
        } else if lasts_beyond(self.elapsed) {
            Err(Ending::Elapsed)
        } else {
            Ok(delay)
        }
    }

    fn least(self) -> Duration {
        let or_endless = |room: Option<Duration>| room.unwrap_or(Duration::MAX);
        or_endless(self.deadline).min(or_endless(self.elapsed))
    }
}

/// A call whose first attempt was not the last.
#[derive(Debug)]
pub(super) struct Course<I> {
    config: Config,
    jittered: bool,
    delays: Delays,
    /// Delays that somebody else gives, once they have been asked for.
    custom: Option<Option<I>>,
    /// Attempts made.
    attempts: u32,
    waited: Duration,
    hint: Option<Duration>,
    ending: Ending,
}

impl<I: Iterator<Item = Duration>> Course<I> {
    /// After the first attempt.
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            config: plan.config().clone(),
            jittered: plan.terms().is_jittered(),
            delays: Delays::new(plan.terms()),
            custom: None,
            attempts: 1,
            waited: Duration::ZERO,
            hint: None,
            ending: Ending::Answered,
        }
    }

    /// How long to wait for the next attempt, or why there is none. `custom` asks for delays that somebody
    /// else gives; `below(n)` draws from 0 up to and without `n`.
    pub(super) fn next(
        &mut self,
        worth: Worth,
        repeatable: bool,
        room: Room,
        custom: impl FnOnce() -> Option<I>,
        below: impl Fn(u64) -> u64,
    ) -> Result<Next, Ending> {
        self.hint = None;
        let (wait, cost) = match worth {
            Worth::Answer => return Err(Ending::Answered),
            Worth::Not(ending) => return Err(ending),
            Worth::Again { wait, cost } => (wait, cost),
        };
        self.hint = wait;
        if self.attempts >= self.config.max_attempts && self.config.max_attempts != u32::MAX {
            return Err(Ending::Attempts);
        }
        if !repeatable {
            return Err(Ending::Unrepeatable);
        }
        if room.least().is_zero() {
            room.fit(Duration::ZERO)?;
        }
        let delay = match wait {
            Some(wait) if wait > self.config.max_retry_after => return Err(Ending::Pushback),
            Some(wait) => {
                let wait = room.fit(wait)?;
                // What it computes next starts over: the backend has just said how it is.
                self.delays.restart();
                if self.jittered { upward(wait, room.least(), below) } else { wait }
            }
            None => room.fit(self.backoff(custom, below).ok_or(Ending::Attempts)?)?,
        };
        Ok(Next { delay, cost })
    }

    fn backoff(
        &mut self,
        custom: impl FnOnce() -> Option<I>,
        below: impl FnOnce(u64) -> u64,
    ) -> Option<Duration> {
        match self.custom.get_or_insert_with(custom) {
            Some(custom) => custom.next(),
            None => Some(self.delays.next(below)),
        }
    }

    /// Another attempt begins.
    pub(super) fn begin(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// So long is waited for it.
    pub(super) fn wait(&mut self, delay: Duration) {
        self.waited = self.waited.saturating_add(delay);
    }

    pub(super) fn end(&mut self, ending: Ending) {
        self.ending = ending;
    }

    /// The next attempt is the last there can be: its request need not be copied.
    pub(super) fn is_last(&self) -> bool {
        self.config.max_attempts != u32::MAX
            && self.attempts.saturating_add(1) >= self.config.max_attempts
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) const fn waited(&self) -> Duration {
        self.waited
    }

    pub(super) const fn ending(&self) -> Ending {
        self.ending
    }

    /// What was asked for last.
    pub(super) const fn hint(&self) -> Option<Duration> {
        self.hint
    }

    pub(super) fn only_watches(&self) -> bool {
        self.config.mode == Mode::Shadow
    }

    /// Whether this ending comes back as a refusal.
    pub(super) fn refuses(&self, ending: Ending) -> bool {
        self.config.give_up == GiveUp::Refuse
            && !self.only_watches()
            && !matches!(ending, Ending::Answered | Ending::Watched)
    }
}

/// What comes before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) delay: Duration,
    /// What it costs.
    pub(super) cost: Option<Cost>,
}

#[cfg(test)]
mod tests {
    use std::iter::Empty;

    use super::*;
    use crate::ground::{
        backoff::{Backoff, Jitter},
        config::ConfigError,
    };

    const SECOND: Duration = Duration::from_secs(1);
    const COST: Option<Cost> = Some(Cost::Transient);
    const AGAIN: Worth = Worth::Again { wait: None, cost: COST };

    fn course(config: Config) -> Result<Course<Empty<Duration>>, ConfigError> {
        Ok(Course::new(&config.parse()?))
    }

    fn steady() -> Config {
        Config::new().with_backoff(Backoff::constant(4 * SECOND)).with_jitter(Jitter::None)
    }

    fn within(room: Duration) -> Room {
        Room { elapsed: Some(room), ..Room::ENDLESS }
    }

    #[test]
    fn attempts_count_the_first() -> Result<(), ConfigError> {
        for (most, further) in [(1, 0), (2, 1), (3, 2), (10, 9)] {
            let mut course = course(steady().with_max_attempts(most))?;
            for _ in 0..further {
                assert!(course.next(AGAIN, true, Room::ENDLESS, || None, |_| 0).is_ok());
                course.begin();
            }
            let ended = course.next(AGAIN, true, Room::ENDLESS, || None, |_| 0);
            assert_eq!(ended, Err(Ending::Attempts), "of {most}");
            assert_eq!(course.attempts(), most);
        }
        Ok(())
    }

    #[test]
    fn a_wait_that_has_no_room_is_not_begun() -> Result<(), ConfigError> {
        let mut course = course(steady())?;
        let mut next = |room| course.next(AGAIN, true, room, || None, |_| 0).map(|next| next.delay);
        assert_eq!(next(within(3 * SECOND)), Err(Ending::Elapsed));
        assert_eq!(next(within(4 * SECOND)), Err(Ending::Elapsed));
        assert_eq!(next(within(5 * SECOND)), Ok(4 * SECOND));
        let deadline = Room { deadline: Some(4 * SECOND), elapsed: Some(3 * SECOND) };
        assert_eq!(next(deadline), Err(Ending::Deadline));
        Ok(())
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_or_not_begun() -> Result<(), ConfigError> {
        let mut course = course(steady().with_max_retry_after(60 * SECOND))?;
        let mut ask = |wait, room| {
            let worth = Worth::Again { wait: Some(wait), cost: COST };
            course.next(worth, true, room, || None, |_| 0).map(|next| next.delay)
        };
        assert_eq!(ask(3 * SECOND, Room::ENDLESS), Ok(3 * SECOND));
        assert_eq!(ask(60 * SECOND, Room::ENDLESS), Ok(60 * SECOND));
        assert_eq!(ask(86_400 * SECOND, Room::ENDLESS), Err(Ending::Pushback));
        assert_eq!(ask(3 * SECOND, within(2 * SECOND)), Err(Ending::Elapsed));
        assert_eq!(ask(Duration::ZERO, Room::ENDLESS), Ok(Duration::ZERO));
        Ok(())
    }

    #[test]
    fn after_a_wait_that_was_asked_for_the_backoff_starts_over() -> Result<(), ConfigError> {
        let backoff = Backoff::exponential(SECOND, 60 * SECOND);
        let config = Config::new().with_backoff(backoff).with_jitter(Jitter::None);
        let mut course = course(config.with_max_attempts(u32::MAX))?;
        let mut next = |wait| {
            let worth = Worth::Again { wait, cost: COST };
            course.next(worth, true, Room::ENDLESS, || None, |_| 0).map(|next| next.delay.as_secs())
        };
        let waits = [None, None, None, Some(5 * SECOND), None, None];
        assert_eq!(waits.map(&mut next), [1, 2, 4, 5, 1, 2].map(Ok));
        Ok(())
    }
}
