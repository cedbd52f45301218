//! A model of the quota: what comes back while its capacity shrinks.

use std::sync::Arc;

use loom::thread;

use super::{
    config::{Config, Plan},
    machine::Cost,
    shared::Shared,
};
use crate::ground::name::Name;

fn plan(capacity: u32) -> Plan {
    let config = Config::new().with_capacity(capacity).with_transient(2).with_throttled(1);
    config.parse().expect("a config of this file")
}

#[test]
fn nothing_comes_back_beyond_a_capacity_that_has_shrunk_meanwhile() {
    loom::model(|| {
        let shared = Arc::new(Shared::new(Name::Static("model"), &plan(4)));
        let first = shared.take_out(Cost::Transient);
        let second = shared.take_out(Cost::Transient);
        assert!(second.is_some());
        let other = Arc::clone(&shared);
        let returning = thread::spawn(move || {
            other.give_back(first);
            other.give_back(second);
        });
        shared.reconfigure(&plan(2));
        returning.join().expect("no panic");
        assert!(shared.left() <= 2, "{} of 2", shared.left());
    });
}
