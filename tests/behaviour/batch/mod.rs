//! One call with many items instead of many calls.

mod config;
mod detached;
mod doors;
mod faults;
mod gathering;
mod leaving;
mod threads;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::batch::{Batcher, Config};
use tokio::time::sleep;

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// Answers each number with its double, in 10 ms; odd hundreds are nobody's fault but their own.
#[derive(Clone, Default)]
pub(crate) struct Backend(Arc<Mutex<Vec<Vec<u32>>>>);

pub(crate) type Doubles = Batcher<u32, u32, String>;

impl Backend {
    pub(crate) fn call(
        &self,
        numbers: Vec<u32>,
    ) -> impl Future<Output = Result<Vec<u32>, String>> + Send + use<> {
        self.0.lock().unwrap().push(numbers.clone());
        async move {
            sleep(10 * MILLISECOND).await;
            match numbers.iter().find(|number| **number >= 1000) {
                Some(bad) => Err(format!("{bad} is too large")),
                None => Ok(numbers.into_iter().map(|number| number * 2).collect()),
            }
        }
    }

    pub(crate) fn batcher(&self, config: Config) -> Doubles {
        let backend = self.clone();
        Batcher::new("doubles", config, move |numbers| backend.call(numbers)).unwrap()
    }

    /// What was sent, call by call.
    pub(crate) fn calls(&self) -> Vec<Vec<u32>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.calls().iter().map(Vec::len).collect()
    }
}
