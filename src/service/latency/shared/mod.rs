//! What all clones of a monitor share.

mod measure;
mod place;
mod table;

use std::{sync::OnceLock, time::Duration};

pub(super) use self::measure::Measure;
use self::table::Table;
use super::config::Plan;
use crate::ground::{
    config::{Check, ConfigError},
    name::Name,
    stats::Slicing,
    sync::{
        Mutex, Spread,
        atomic::{AtomicU64, Ordering},
        shards,
    },
    time::{self, Instant},
};

/// The operation of everything for which there is no room.
const OTHER: &str = "other";

/// What the clones of a monitor share.
pub(super) struct Shared {
    name: Name,
    table: Table,
    /// How many operations the table has room for.
    room: usize,
    other: OnceLock<Spread<Measure>>,
    overflowed: AtomicU64,
    start: Instant,
    /// Held while operations are made, so that each is made by one plan.
    settings: Mutex<Settings>,
}

struct Settings {
    plan: Plan,
    /// Operations in the table.
    operations: usize,
}

impl Shared {
    pub(super) fn new(name: Name, plan: Plan) -> Self {
        let room = plan.config().max_operations as usize;
        Self {
            name,
            table: Table::new(room),
            room,
            other: OnceLock::new(),
            overflowed: AtomicU64::new(0),
            // By the clock that is late, so that no record is earlier.
            start: time::recent(),
            settings: Mutex::new(Settings { plan, operations: 0 }),
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// The operation of this name, or the one for all the rest.
    #[inline]
    pub(super) fn operation(&self, name: impl Into<Name>) -> &Spread<Measure> {
        let name = name.into();
        match self.table.find(name.as_str()) {
            Some(measure) => measure,
            None => self.enter(name),
        }
    }

    #[cold]
    fn enter(&self, name: Name) -> &Spread<Measure> {
        if name.as_str() == OTHER {
            return self.other();
        }
        {
            let mut settings = self.settings.lock();
            // Another thread may have been first.
            if let Some(measure) = self.table.find(name.as_str()) {
                return measure;
            }
            if settings.operations < settings.plan.config().max_operations as usize {
                let entered = self.table.insert(self.make(name, &settings.plan));
                if let Some(measure) = entered {
                    settings.operations += 1;
                    return measure;
                }
            }
        }
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        self.other()
    }

    fn other(&self) -> &Spread<Measure> {
        match self.other.get() {
            Some(other) => other,
            None => {
                let settings = self.settings.lock();
                self.other.get_or_init(|| self.make(OTHER.into(), &settings.plan))
            }
        }
    }

    fn make(&self, name: Name, plan: &Plan) -> Spread<Measure> {
        let measure = Measure::new(&self.name, name, self.slicing(plan), shards());
        measure.set_slow_after(plan.slow_after(measure.name().as_str()));
        Spread::new(measure, shards())
    }

    fn slicing(&self, plan: &Plan) -> Slicing {
        Slicing::new(self.start, plan.config().window, plan.config().slices)
    }

    /// Every operation there is.
    pub(super) fn operations(&self) -> impl Iterator<Item = &Spread<Measure>> {
        self.table.iter().chain(self.other.get())
    }

    pub(super) fn reconfigure(&self, plan: Plan) -> Result<(), ConfigError> {
        let mut check = Check::new("latency");
        check.require(
            plan.config().max_operations as usize <= self.room,
            "max_operations",
            format!("must not exceed the {} it was made with", self.room),
        );
        check.finish(())?;
        let mut settings = self.settings.lock();
        let (old, new) = (settings.plan.config(), plan.config());
        let resliced = (old.window, old.slices) != (new.window, new.slices);
        for measure in self.operations() {
            measure.set_slow_after(plan.slow_after(measure.name().as_str()));
            if resliced {
                measure.reslice(self.slicing(&plan));
            }
        }
        settings.plan = plan;
        Ok(())
    }

    /// The time that percentiles are of.
    pub(super) fn window(&self) -> Duration {
        self.settings.lock().plan.config().window
    }

    /// How many look-ups found no room.
    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }
}
