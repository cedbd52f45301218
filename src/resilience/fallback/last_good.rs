use std::{fmt, sync::Arc, time::Duration};

use crate::ground::{
    config::{Check, ConfigError},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{self, Instant},
};

/// The last good answer, while it is not too old. Clones share it.
///
/// One value and no more: right for what has one answer (a menu, a configuration, a list of models).
/// Where the answer depends on the question, use a cache.
///
/// A [`Fallback`](super::Fallback) that falls back to it remembers every good answer that passes; it can
/// also be filled by hand, so that there is one from the start.
///
/// ```
/// use buttress::fallback::{Config, Degraded, Fallback, LastGood};
/// use std::time::Duration;
///
/// # async fn load() -> Result<String, std::io::Error> { Ok(String::new()) }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let yesterday = LastGood::new(Duration::from_secs(86_400))?;
/// yesterday.remember(&String::from("soup"));
///
/// let menu = Fallback::new("menu", Config::new())?
///     .mark(|menu: &mut String, why: &Degraded| menu.push_str(&format!(" (of {:?} ago)", why.age)))
///     .to_last_good(&yesterday);
/// let today = menu.call(load).await?;
/// # Ok(())
/// # }
/// ```
pub struct LastGood<T> {
    memory: Arc<Memory<T>>,
    every: Duration,
}

/// Nothing has been copied.
const NEVER: u64 = 0;

struct Memory<T> {
    max_age: Duration,
    /// When the value was copied, raw, so that an answer that is not to be copied reads one word.
    copied: AtomicU64,
    /// In a box of its own, so that it is copied and dropped outside the lock.
    value: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> LastGood<T> {
    /// Nothing yet. What is older than `max_age` is not given out.
    ///
    /// # Errors
    ///
    /// A `max_age` of zero.
    pub fn new(max_age: Duration) -> Result<Self, ConfigError> {
        let mut check = Check::new("fallback");
        check.positive("last_good.max_age", max_age);
        check.finish(())?;
        let memory = Memory { max_age, copied: AtomicU64::new(NEVER), value: Mutex::new(None) };
        Ok(Self { memory: Arc::new(memory), every: Duration::ZERO })
    }

    /// The same memory, through a handle that copies an answer into it only if the last was copied at
    /// least `interval` ago: for answers that are many and large. Zero, the default, is each of them.
    #[must_use]
    pub fn every(&self, interval: Duration) -> Self {
        Self { memory: Arc::clone(&self.memory), every: interval }
    }

    /// Remembers a copy of this.
    pub fn remember(&self, value: &T)
    where
        T: Clone,
    {
        // A tick late at most: the answer then passes for older than it is, never for younger.
        let now = time::recent();
        let copied = self.memory.copied.load(Ordering::Relaxed);
        if copied != NEVER && now < Instant::from_nanos(copied).after(self.every) {
            return;
        }
        let mut value = Some((now, Arc::new(value.clone())));
        self.memory.copied.store(now.as_nanos(), Ordering::Relaxed);
        {
            let mut slot = self.memory.value.lock();
            // Two that raced to this lock: the later answer stays.
            if slot.as_ref().is_none_or(|(at, _)| *at <= now) {
                std::mem::swap(&mut *slot, &mut value);
            }
        }
        drop(value);
    }

    /// A copy of the last good answer and how old it is, if it is not too old.
    #[must_use]
    pub fn recall(&self) -> Option<(T, Duration)>
    where
        T: Clone,
    {
        let (at, value) = self.memory.value.lock().clone()?;
        let age = time::now().since(at);
        (age <= self.memory.max_age).then(|| (T::clone(&value), age))
    }

    /// Forgets it.
    pub fn forget(&self) {
        self.memory.copied.store(NEVER, Ordering::Relaxed);
        let former = self.memory.value.lock().take();
        drop(former);
    }
}

impl<T> Clone for LastGood<T> {
    fn clone(&self) -> Self {
        Self { memory: Arc::clone(&self.memory), every: self.every }
    }
}

impl<T> fmt::Debug for LastGood<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastGood")
            .field("max_age", &self.memory.max_age)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
