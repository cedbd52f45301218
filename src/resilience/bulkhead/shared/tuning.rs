//! How a limit finds itself: what is measured, and what is made of it.
//!
//! Whoever brings a sample takes the tuner out of its place, has it hear the sample under no lock (it may
//! be somebody else's code), puts it back, and says how many may be in flight now. Whoever finds
//! its place empty goes home: what many bring at once says little more than what one does.

use std::time::Duration;

use super::{
    super::{
        config::{Config, MOST, Plan},
        machine::Word,
        snapshot::Adapting,
        tuner::Tuner,
    },
    Core,
    place::Place,
};
use crate::ground::{
    adaptive::{Limit, Sample},
    random,
    stats::Counter,
    time::{self, Instant},
};

/// By what it goes.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) config: Config,
    /// The limit was set by hand, and stays.
    pinned: bool,
    /// Where it finds itself.
    tuning: Option<Tuning>,
    /// Of the tuner: one that was taken out before another came is not put back.
    era: u64,
}

#[derive(Debug)]
struct Tuning {
    /// None while somebody has it.
    tuner: Option<Box<Tuner>>,
    /// Nobody's own algorithm.
    foreign: bool,
    /// What was begun before then went by another limit.
    since: Instant,
    limit: u32,
    shift: u32,
    baseline: Option<Duration>,
    samples: u64,
    drops: u64,
}

/// Samples that no tuner was told of.
#[derive(Debug)]
pub(super) struct Untold {
    ignored: Counter,
    missed: Counter,
}

/// Above the limit in the word that holds both: one more than the shift, where calls are measured.
const SHIFT: u32 = 20;

impl Untold {
    pub(super) fn new() -> Self {
        Self { ignored: Counter::new(1), missed: Counter::new(1) }
    }
}

impl Rules {
    pub(super) fn new(config: Config) -> Self {
        let tuning = Tuning::of(&config);
        Self { config, pinned: false, tuning, era: 0 }
    }

    /// What every call reads: the limit, and of how many calls one is measured.
    pub(super) fn hot(&self, limit: u32) -> u32 {
        match &self.tuning {
            Some(tuning) if !self.pinned => limit | (tuning.shift + 1) << SHIFT,
            _ => limit,
        }
    }

    /// The limit where it is not set by hand.
    fn found(&self) -> u32 {
        self.tuning.as_ref().map_or(self.config.limit, |tuning| tuning.limit)
    }

    /// Puts another tuner in the place of the one that is there, which is to be dropped under no lock.
    fn tune(&mut self, tuning: Option<Tuning>) -> Option<Tuning> {
        self.era += 1;
        std::mem::replace(&mut self.tuning, tuning)
    }
}

impl Tuning {
    fn of(config: &Config) -> Option<Self> {
        let adaptive = config.adaptive.as_ref()?;
        let tuner = Tuner::new(adaptive, config.limit, random::below(u64::MAX));
        Some(Self::by(tuner, config.limit, false))
    }

    fn by(tuner: Tuner, limit: u32, foreign: bool) -> Self {
        Self {
            tuner: Some(Box::new(tuner)),
            foreign,
            since: time::now(),
            limit,
            shift: 0,
            baseline: None,
            samples: 0,
            drops: 0,
        }
    }
}

/// The most that may be in flight, of the word that says more.
#[inline]
pub(super) const fn limit_of(hot: u32) -> u32 {
    hot & MOST
}

/// Whether calls are measured.
#[inline]
pub(super) const fn is_measuring(hot: u32) -> bool {
    hot > MOST
}

impl Core {
    /// Measures a call from now on, if it is its turn.
    #[inline(never)]
    pub(super) fn stamp(&self, place: Place, hot: u32) -> Place {
        let shift = (hot >> SHIFT).saturating_sub(1);
        if shift == 0 || random::is_turn(shift) { place.since(time::now()) } else { place }
    }

    pub(in super::super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        let mut rules = self.rules.lock();
        let before = &rules.config;
        let own = rules.tuning.as_ref().is_none_or(|tuning| !tuning.foreign);
        let same = own && before.limit == config.limit && before.adaptive == config.adaptive;
        let gone = if same { None } else { rules.tune(Tuning::of(config)) };
        rules.config.clone_from(config);
        if std::mem::replace(&mut rules.pinned, false) {
            if let Some(tuning) = &mut rules.tuning {
                tuning.since = time::now();
            }
        }
        let limit = rules.found();
        self.obey(&rules, limit);
        drop(rules);
        drop(gone);
        self.changed(limit);
    }

    /// Whoever sets a limit has checked it: at least 1, at most what a word can count.
    pub(in super::super) fn set_limit(&self, limit: u32) {
        let mut rules = self.rules.lock();
        rules.pinned = true;
        self.obey(&rules, limit);
        drop(rules);
        self.changed(limit);
    }

    /// From now on, this says how many.
    pub(in super::super) fn limited_by(&self, limit: impl Limit + Send + 'static) {
        let tuner = Tuner::by(Box::new(limit));
        let limit = time::outside(|| tuner.limit());
        let tuning = Tuning::by(tuner, limit, true);
        let mut rules = self.rules.lock();
        let gone = rules.tune(Some(tuning));
        rules.pinned = false;
        self.obey(&rules, limit);
        drop(rules);
        drop(gone);
        self.changed(limit);
    }

    /// A call that was measured has ended so, with so many in flight.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn told(&self, started: Instant, dropped: bool, in_flight: u32) {
        let now = time::now();
        let Some(mut rules) = self.rules.try_lock() else {
            return self.untold.missed.add_one();
        };
        let (era, pinned) = (rules.era, rules.pinned);
        let tuner = match &mut rules.tuning {
            Some(tuning) if !pinned && started >= tuning.since => tuning.tuner.take(),
            _ => {
                drop(rules);
                return self.untold.ignored.add_one();
            }
        };
        drop(rules);
        let Some(tuner) = tuner else { return self.untold.missed.add_one() };
        let sample = Sample { started, rtt: now.since(started), in_flight, dropped };
        let sample = tuner.seen(sample);
        let mut lent = Lent { core: self, era, sample, said: None, tuner: Some(tuner) };
        time::outside(|| lent.hear(now));
    }

    /// A call that was measured was cancelled, or says nothing.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn ignored(&self) {
        self.untold.ignored.add_one();
    }

    /// A call that was measured is over, and nobody has said how.
    #[cold]
    #[inline(never)]
    pub(super) fn abandoned(&self, mut place: Place, before: Word) {
        let Some(started) = place.take_started() else { return };
        if time::is_cutting_off() || std::thread::panicking() {
            self.told(started, true, before.total());
        } else {
            self.ignored();
        }
    }

    /// The limit is another, perhaps: lets in whoever that lets in, and tells of it.
    fn changed(&self, limit: u32) {
        self.gauge.set(limit);
        self.serve();
    }

    /// How it finds its limit, if it does.
    pub(super) fn adapting(&self) -> Option<Adapting> {
        let rules = self.rules.lock();
        let tuning = rules.tuning.as_ref()?;
        let adaptive = rules.config.adaptive.filter(|_| !tuning.foreign);
        Some(Adapting {
            algorithm: adaptive.map(|adaptive| adaptive.algorithm),
            min: adaptive.map_or(1, |adaptive| adaptive.min),
            max: adaptive.map_or(MOST, |adaptive| adaptive.max),
            found: tuning.limit,
            pinned: rules.pinned,
            baseline: tuning.baseline,
            one_in: 1 << tuning.shift,
            samples: tuning.samples,
            drops: tuning.drops,
            ignored: self.untold.ignored.total(),
            missed: self.untold.missed.total(),
        })
    }
}

/// A tuner that somebody has taken out; puts it back, whatever became of it.
struct Lent<'a> {
    core: &'a Core,
    era: u64,
    sample: Sample,
    /// The limit, and what a call takes that does not wait. None if it panicked.
    said: Option<(u32, Option<Duration>)>,
    tuner: Option<Box<Tuner>>,
}

impl Lent<'_> {
    fn hear(&mut self, now: Instant) {
        if let Some(tuner) = &mut self.tuner {
            let limit = tuner.hear(self.sample, now);
            self.said = Some((limit, tuner.baseline()));
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(tuner) = self.tuner.take() else { return };
        let mut rules = self.core.rules.lock();
        let current = rules.era == self.era;
        let gone = match &mut rules.tuning {
            Some(tuning) if current => {
                tuning.samples += 1;
                tuning.drops += u64::from(self.sample.dropped);
                tuning.shift = tuner.shift();
                if let Some((limit, baseline)) = self.said {
                    (tuning.limit, tuning.baseline) = (limit, baseline);
                }
                tuning.tuner.replace(tuner)
            }
            _ => Some(tuner),
        };
        let (before, found) = (self.core.hot(), rules.found());
        let moves = current && !rules.pinned && rules.hot(found) != before;
        if moves {
            self.core.obey(&rules, found);
        }
        drop(rules);
        drop(gone);
        if moves && limit_of(before) != found {
            self.core.changed(found);
        }
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_word_holds_the_limit_and_the_pace() {
        let mut rules = Rules::new(Config::new());
        assert_eq!(rules.hot(MOST), MOST);
        assert!(!is_measuring(MOST));
        rules.tune(Tuning::of(&Config::new().with_adaptive(Default::default())));
        for (shift, limit) in [(0, 1), (6, MOST)] {
            if let Some(tuning) = &mut rules.tuning {
                tuning.shift = shift;
            }
            let hot = rules.hot(limit);
            assert!(is_measuring(hot));
            assert_eq!((limit_of(hot), (hot >> SHIFT) - 1), (limit, shift));
        }
        rules.pinned = true;
        assert!(!is_measuring(rules.hot(MOST)));
    }
}
