//! Configs, snapshots and errors as data.

use std::{error::Error as _, time::Duration};

use buttress::{
    Error, Fault, Mode, Refusal,
    fallback::{Config, Failed, Failover, FailoverConfig, Fallback, WhenAllOpen},
    testing::{Script, Step},
};

use super::{Down, SECOND, broken, refused};

#[test]
fn configs_read_from_a_file() {
    let config: Config = toml::from_str("patience = \"2s\"\nmode = \"shadow\"").unwrap();
    assert_eq!(config, Config::new().with_patience(2 * SECOND).with_mode(Mode::Shadow));
    let config: FailoverConfig = toml::from_str("when_all_open = \"probe\"\nmax_held = 3").unwrap();
    let expected = FailoverConfig::new().with_when_all_open(WhenAllOpen::Probe).with_max_held(3);
    assert_eq!(config, expected);
    let config: FailoverConfig = toml::from_str("when_all_open = { wait_up_to = \"5s\" }").unwrap();
    assert_eq!(config.when_all_open, WhenAllOpen::WaitUpTo(5 * SECOND));
    for config in [config, FailoverConfig::new()] {
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<FailoverConfig>(&written).unwrap(), config);
    }
    assert!(
        toml::from_str::<Config>("patient = \"2s\"").unwrap_err().to_string().contains("patient")
    );
}

#[test]
fn an_error_lists_everything_that_is_wrong_with_a_chain() {
    let config = FailoverConfig::new()
        .with_when_all_open(WhenAllOpen::WaitUpTo(Duration::ZERO))
        .with_max_held(0);
    let none: [(&str, u8); 0] = [];
    assert_eq!(
        Failover::new("chain", config.clone(), none).unwrap_err().to_string(),
        "fallback config: providers must be at least one; when_all_open must wait longer than zero, \
         or fail; max_held must be 1 to 10000"
    );
    let twice = Failover::new("chain", FailoverConfig::new(), [("a", 1), ("b", 2), ("a", 3)]);
    assert_eq!(
        twice.unwrap_err().to_string(),
        "fallback config: providers must have names of their own"
    );
    let chain = Failover::new("chain", FailoverConfig::new(), [("a", 1)]).unwrap();
    assert!(chain.reconfigure(config).is_err());
    assert!(chain.reconfigure(FailoverConfig::new().with_max_held(10_001)).is_err());
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_data() {
    let fallback = Fallback::new("menu", Config::new()).unwrap().to_value(7);
    let _ = fallback.run(|| Script::new([broken()]).call()).await;
    assert_eq!(
        serde_json::to_value(fallback.snapshot()).unwrap(),
        serde_json::json!({ "name": "menu", "mode": "enforce", "totals": {
            "error": 1, "timed_out": 0, "rejected": 0, "short_circuited": 0, "failed": 0, "too_late": 0,
        } })
    );
    let backends = [("a", Script::new([broken()])), ("b", Script::new([Step::ok(7)]))];
    let chain = Failover::new("models", FailoverConfig::new(), backends).unwrap();
    let _ = chain.run(|backend| backend.call()).await;
    assert_eq!(
        serde_json::to_value(chain.snapshot()).unwrap(),
        serde_json::json!({ "name": "models", "mode": "enforce",
            "providers": [{ "name": "a", "served": 0 }, { "name": "b", "served": 1 }],
            "totals": { "error": 1, "timed_out": 0, "rejected": 0, "short_circuited": 0, "failed": 0,
                "too_late": 0, "waited": 0 },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_of_many_reads_well_and_loses_none_fb_05() {
    let backends = [
        ("large", Script::<u32, _>::new([broken()])),
        ("small", Script::new([Step::err(Error::Refused(refused(Some(SECOND))))])),
    ];
    let chain = Failover::new("models", FailoverConfig::new(), backends).unwrap();
    let failed = chain.run(|backend| backend.call()).await.unwrap_err();
    assert_eq!(failed.to_string(), "no answer from any of `large`, `small`");
    assert_eq!(failed.source().unwrap().to_string(), "broken");
    assert_eq!(failed.refusal(), None, "the refusal never began, so it is not what went wrong");
    let boxed: Box<dyn std::error::Error + Send + Sync> = failed.clone().into();
    assert_eq!(boxed.source().unwrap().to_string(), "broken");
    assert_eq!(failed.error(), &Error::Inner(Down::Broken));
    assert_eq!(failed.tried()[1].error, Error::Refused(refused(Some(SECOND))));
    assert_eq!(failed.clone().into_tried().len(), 2);
    assert_eq!(failed.into_error(), Error::Inner(Down::Broken));

    let early = Failed::<Error<Down>>::from(Refusal::ShuttingDown { name: "door".into() });
    assert_eq!(early.to_string(), "`door` had no answer");
    assert_eq!(early.refusal().map(Refusal::kind), Some("shutting_down"));
}
