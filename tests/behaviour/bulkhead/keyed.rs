use buttress::{Keyed, bulkhead::Bulkhead, time::Deadline};

use super::{SECOND, limit};

fn tenants(capacity: usize) -> Keyed<String, Bulkhead> {
    let plan = limit(2).parse().unwrap();
    Keyed::new("tenants", capacity, move |_: &String| plan.clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_tenant_has_places_of_its_own() {
    let tenants = tenants(100);
    let greedy = tenants.get("greedy");
    let _all = [greedy.try_acquire().unwrap(), greedy.try_acquire().unwrap()];
    assert!(tenants.get("greedy").try_acquire().is_err());
    assert!(tenants.get("modest").try_acquire().is_ok());
    assert_eq!(greedy.name().as_str(), "tenants");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_in_flight_is_never_given_up_and_an_idle_one_is() {
    let tenants = tenants(1);
    let permit = tenants.get("busy").try_acquire_owned().unwrap();
    drop(tenants.get("new"));
    assert_eq!(tenants.snapshot().overflowed, 1);
    assert_eq!(tenants.get("busy").snapshot().in_flight, 1);
    drop(permit);
    drop(tenants.get("new"));
    assert_eq!((tenants.snapshot().evicted, tenants.len()), (1, 1));
    assert_eq!(tenants.get("new").snapshot().in_flight, 0);
}

/// One that is given up would be open again when it is next asked for.
#[tokio::test(start_paused = true)]
async fn a_closed_tenant_is_kept_longer() {
    let tenants = tenants(2);
    assert_eq!(tenants.get("closed").close(Deadline::within(SECOND)).await, 0);
    for key in ["a", "b", "c"] {
        drop(tenants.get(key));
    }
    assert!(tenants.get("closed").try_acquire().is_err());
}
