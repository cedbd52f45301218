//! Whatever the user's code does, the cache is as good as new afterwards.

use std::{
    cell::Cell,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use buttress::cache::{Bound, Cache, Change, Config, Eviction, Loaded};
use futures::FutureExt;
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    /// How many more calls of the user's code go well.
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
}

fn burn() {
    if let Some(left) = FUSE.get() {
        assert!(left > 0, "as planned");
        FUSE.set(Some(left - 1));
    }
}

/// Panics wherever it can, when its time has come, and counts those that there are.
#[derive(Debug)]
struct Touchy(u32, Arc<AtomicUsize>);

impl Touchy {
    fn new(number: u32, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(number, Arc::clone(alive))
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        burn();
        Self::new(self.0, &self.1)
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, to: &mut H) {
        burn();
        (self.0 % 3).hash(to);
    }
}

type Pages = Cache<Touchy, Touchy>;

fn fails(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

/// Every operation, with a panic at its first call of the user's code, at its second, and so on, until it
/// goes well. Keys collide, so that they are compared.
#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_in_what_the_user_wrote_changes_nothing_but_that_call() {
    type Does = fn(&Pages, Touchy, Touchy);
    let operations: [(&str, Does); 12] = [
        ("get", |cache, key, _| _ = cache.get(&key)),
        ("get_many", |cache, key, _| _ = cache.get_many([&key, &key])),
        ("peek", |cache, key, _| _ = cache.peek(&key)),
        ("look_up_stale", |cache, key, _| _ = cache.look_up_stale(&key)),
        ("insert", |cache, key, value| _ = cache.insert(key, value)),
        ("insert of nothing", |cache, key, value| {
            _ = cache.insert_with_ttl(key, value, Duration::ZERO);
        }),
        ("remove", |cache, key, _| _ = cache.remove(&key)),
        ("compute", |cache, key, value| {
            _ = cache.compute(key, |_| Change::Put(value.clone()));
        }),
        ("invalidate_if", |cache, key, _| _ = cache.invalidate_if(|other, _| *other == key)),
        ("iter", |cache, _, _| _ = cache.iter().count()),
        ("get_or_load", |cache, key, value| {
            _ = cache.get_or_load(&key, || async { value }).now_or_never();
        }),
        ("load_many", |cache, key, value| {
            let load = |keys: Vec<Touchy>| async move {
                Ok::<_, ()>(keys.into_iter().map(move |key| (key, value.clone())))
            };
            _ = cache.load_many([key.clone(), key], load).now_or_never();
        }),
    ];
    for eviction in [Eviction::Admission, Eviction::Lru] {
        for (name, operation) in operations {
            for fuse in 0.. {
                let alive = Arc::new(AtomicUsize::new(0));
                let config = Config::new().with_bound(Bound::Weight(40)).with_eviction(eviction);
                let config = config.with_ttl(SECOND).with_negative_ttl(SECOND);
                let cache = Pages::new("pages", config)
                    .unwrap()
                    .with_weigher(|_, value| {
                        burn();
                        value.0
                    })
                    .with_lifetime(|_, _| {
                        burn();
                        None
                    })
                    .with_listener(|_, _, _| burn());
                for number in 0..4 {
                    cache.insert(Touchy::new(number, &alive), Touchy::new(10, &alive));
                }
                let (key, value) = (Touchy::new(3, &alive), Touchy::new(15, &alive));
                FUSE.set(Some(fuse));
                let failed = fails(|| operation(&cache, key, value));
                FUSE.set(None);
                let case = format!("{name} by {eviction:?}, {fuse}");
                // What it says of itself is what there is.
                let there: Vec<_> = cache.iter().map(|(key, value)| (key.0, value.0)).collect();
                assert_eq!(there.len(), cache.len(), "{case}");
                let weight: u32 = there.iter().map(|(_, weight)| weight).sum();
                assert_eq!(cache.weight(), u64::from(weight), "{case}");
                assert_eq!(cache.snapshot().loading, 0, "{case}");
                assert_eq!(alive.load(Ordering::Relaxed), 2 * there.len(), "{case}");
                // It goes on, and to the end.
                for number in 10..30 {
                    cache.insert(Touchy::new(number, &alive), Touchy::new(10, &alive));
                    assert!(cache.weight() <= 40, "{case}");
                }
                let key = Touchy::new(77, &alive);
                let one = Touchy::new(1, &alive);
                let load = cache.get_or_load(&key, || async { one });
                assert_eq!(load.now_or_never().unwrap().unwrap().0, 1, "{case}");
                drop(key);
                advance(2 * SECOND).await;
                while cache.maintain(100) {}
                assert_eq!((cache.len(), cache.weight()), (0, 0), "{case}");
                assert_eq!(alive.load(Ordering::Relaxed), 0, "{case}");
                if !failed {
                    assert!(fuse > 0, "{name} called nothing");
                    break;
                }
            }
        }
    }
}

/// A look that did not come to an end found nothing.
#[test]
fn a_panic_in_eq_is_no_hit() {
    type Looks = fn(&Pages, &Touchy);
    let looks: [Looks; 3] = [
        |cache, key| _ = cache.get(key),
        |cache, key| _ = cache.look_up(key),
        |cache, key| _ = cache.look_up_stale(key),
    ];
    let alive = Arc::new(AtomicUsize::new(0));
    for config in [Config::new(), Config::new().with_ttl(SECOND), Config::new().with_idle(SECOND)] {
        for look in looks {
            let cache = Pages::new("pages", config.clone()).unwrap();
            cache.insert(Touchy::new(1, &alive), Touchy::new(1, &alive));
            let key = Touchy::new(1, &alive);
            // The hash goes well, the comparison does not.
            FUSE.set(Some(1));
            assert!(fails(|| look(&cache, &key)));
            FUSE.set(None);
            let totals = cache.snapshot().totals;
            assert_eq!((totals.hits, totals.misses), (0, 0));
            look(&cache, &key);
            assert_eq!(cache.snapshot().totals.hits, 1);
        }
    }
}

/// A loader's value that the user's code cannot take is nobody's, and the next one is loaded anew.
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_load_is_stored_poisons_nothing() {
    for blown in ["weigher", "lifetime", "listener"] {
        let blow = move |here: &str| assert!(here != blown || FUSE.get().is_none(), "as planned");
        let cache = Cache::<u32, u32>::new("pages", Config::weight(1))
            .unwrap()
            .with_weigher(move |_, _| {
                blow("weigher");
                1
            })
            .with_lifetime(move |_, _| {
                blow("lifetime");
                None
            })
            .with_listener(move |_, _, _| blow("listener"));
        cache.insert(0, 0);
        FUSE.set(Some(0));
        let load = || async { Ok::<_, ()>(Loaded::new(7)) };
        assert!(fails(|| _ = cache.look_up_or_load(&1, load).now_or_never()), "{blown}");
        FUSE.set(None);
        assert_eq!((cache.snapshot().loading, cache.len(), cache.weight()), (0, 1, 1), "{blown}");
        assert_eq!(cache.look_up_or_load(&1, load).await.map(|hit| hit.value), Ok(7), "{blown}");
    }
}
