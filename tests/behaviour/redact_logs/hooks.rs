//! The crate `log`, panics, and errors that leave.

use std::{
    error::Error as _,
    fmt,
    sync::{Arc, Mutex},
};

use buttress::{Error, Fault, Refusal, redact::logs::Logs};
use log::{Level, Log, Metadata, Record, kv};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<String>>>);

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        struct Pairs(String);
        impl<'kvs> kv::VisitSource<'kvs> for Pairs {
            fn visit_pair(
                &mut self,
                key: kv::Key<'kvs>,
                value: kv::Value<'kvs>,
            ) -> Result<(), kv::Error> {
                self.0.push_str(&format!(" {key}={value}"));
                Ok(())
            }
        }
        let mut pairs = Pairs(format!("{} {} {}", record.level(), record.target(), record.args()));
        record.key_values().visit(&mut pairs).unwrap();
        self.0.lock().unwrap().push(pairs.0);
    }

    fn flush(&self) {}
}

#[test]
fn records_by_what_they_say_and_by_their_names() {
    let sink = Sink::default();
    let logger = Logs::default().logger(sink.clone());
    let say = |level, args: fmt::Arguments<'_>, pairs: &[(&str, &str)]| {
        logger.log(
            &Record::builder().level(level).target("app").args(args).key_values(&pairs).build(),
        );
    };
    say(Level::Info, format_args!("user {} in", "bob"), &[("n", "1")]);
    say(
        Level::Warn,
        format_args!("password={}\nx", "hunter2"),
        &[("n", "1"), ("api_key", "a b c")],
    );
    say(Level::Debug, format_args!("not enabled"), &[]);
    assert_eq!(
        *sink.0.lock().unwrap(),
        [
            "INFO app user bob in n=1",
            "WARN app password=[REDACTED:password]\\nx n=1 api_key=[REDACTED:api-key]",
        ]
    );
}

/// A line feed in a key begins no line, and what stands beside a secret stays what it was.
#[test]
fn keys_and_values_of_records() {
    #[derive(Default)]
    struct Kinds(Mutex<Vec<String>>);
    impl<'kvs> kv::VisitSource<'kvs> for &Kinds {
        fn visit_pair(
            &mut self,
            key: kv::Key<'kvs>,
            value: kv::Value<'kvs>,
        ) -> Result<(), kv::Error> {
            let kind = (value.to_u64(), value.to_i64(), value.to_f64(), value.to_bool());
            self.0.lock().unwrap().push(format!("{key} {value} {kind:?}"));
            Ok(())
        }
    }
    impl Log for Kinds {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let mut kinds = self;
            record.key_values().visit(&mut kinds).unwrap();
        }
        fn flush(&self) {}
    }
    let kinds = Arc::new(Kinds::default());
    let pairs: &[(&str, kv::Value<'_>)] = &[
        ("password", "a b".into()),
        ("count", 7_u64.into()),
        ("less", (-7_i64).into()),
        ("half", 0.5_f64.into()),
        ("yes", true.into()),
        ("pin", 4831.into()),
        ("a\nERROR all is lost", 1.into()),
        ("password=hunter2", 1.into()),
    ];
    let plain = &pairs[1..5];
    let record = |pairs: &[(&str, kv::Value<'_>)]| {
        let logger = Logs::default().logger(kinds.clone());
        logger.log(&Record::builder().args(format_args!("said")).key_values(&pairs).build());
        std::mem::take(&mut *kinds.0.lock().unwrap())
    };
    let said = record(pairs);
    assert_eq!(said[1..5], record(plain), "as without a secret");
    assert!(said[0].starts_with("password [REDACTED:password] "), "{said:?}");
    assert!(said[5].starts_with("pin [REDACTED:code] "), "{said:?}");
    assert!(said[6].starts_with("a\\nERROR all is lost 1 "), "{said:?}");
    assert!(said[7].starts_with("password=[REDACTED:password] 1 "), "{said:?}");
}

#[test]
fn panics_say_where_and_what_without_secrets() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let told = said.clone();
    let ours =
        Logs::default().panic_hook(move |message| told.lock().unwrap().push(message.to_owned()));
    let before: Arc<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync> =
        std::panic::take_hook().into();
    // The hook is the process's: other tests panic meanwhile, with the hook that they had.
    std::panic::set_hook(Box::new(move |panic| {
        let name = std::thread::current().name().map(str::to_owned);
        if name.is_some_and(|name| name.starts_with("panicking")) {
            ours(panic)
        } else {
            before(panic)
        }
    }));
    let run = |name: &str, panic: fn()| {
        std::thread::Builder::new().name(name.to_owned()).spawn(panic).unwrap().join().unwrap_err();
    };
    run("panicking\n1", || panic!("password={}", "hunter2"));
    run("panicking 2", || panic!("said"));
    run("panicking 3", || std::panic::panic_any(3));
    let said: Vec<String> =
        said.lock().unwrap().iter().map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(said.len(), 3);
    assert!(
        said[0].starts_with(
            "thread 'panicking\\n1' panicked at tests/behaviour/redact_logs/hooks.rs:"
        ),
        "{said:?}"
    );
    assert!(said[0].ends_with(": password=[REDACTED:password]"), "{said:?}");
    assert!(said[1].ends_with(": said"), "{said:?}");
    assert!(said[2].ends_with(": something that is no text"), "{said:?}");
}

#[derive(Debug)]
struct Failed(String, Option<Refusal>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.1.as_ref()?)
    }
}

fn refused() -> Refusal {
    let timeout = buttress::timeout::Timeout::new("t", std::time::Duration::from_secs(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let failed = runtime.block_on(timeout.call(std::future::pending::<Result<(), ()>>));
    let Err(Error::Refused(refusal)) = failed else { panic!("{failed:?}") };
    refusal
}

#[test]
fn errors_that_leave_say_nothing_secret() {
    let logs = Logs::default();
    let failed = || Failed("postgres://app:hunter2@db is down".to_owned(), Some(refused()));
    let told = logs.scrub(failed());
    assert_eq!(told.to_string(), "postgres://app:[REDACTED:url-password]@db is down");
    assert!(!format!("{told:?} {told:#?}").contains("hunter2"));
    assert_eq!(told.source().unwrap().to_string(), refused().to_string());
    assert_eq!(told.into_inner().0, failed().0);

    let boxed = logs.scrub_boxed(Box::new(failed()));
    assert!(!format!("{boxed} {boxed:?}").contains("hunter2"));
    assert!(boxed.refusal().is_some(), "it can still be found");
    let boxed = logs.scrub_boxed(Box::new(refused()));
    assert!(boxed.downcast_ref::<Refusal>().is_some());

    let lifted = logs.scrub(Error::<Failed>::from(refused()));
    assert!(lifted.refusal().is_some());
    assert!(lifted.source().unwrap().downcast_ref::<Refusal>().is_some());
}
