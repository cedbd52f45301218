//! Secrets that know it, and whatever prints itself.

use std::{cell::Cell, fmt, rc::Rc};

use buttress::redact::{Redacted, Redactor, SerializableSecret, Zeroize};
use serde::{Deserialize, Serialize};

#[test]
fn a_secret_is_printed_as_its_kind_and_nothing_of_its_length() {
    let (short, long) = (Redacted::new("x".to_owned()), Redacted::new("x".repeat(1000)));
    assert_eq!(format!("{short} {short:?} {short:#?}"), "[REDACTED:String] ".repeat(3).trim_end());
    assert_eq!(short.to_string(), long.to_string());
    assert_eq!(Redacted::new(vec![1_u8, 2]).to_string(), "[REDACTED:Vec]");
    assert_eq!(Redacted::new([0_u8; 32]).to_string(), "[REDACTED:secret]");
    assert_eq!(Redacted::new(4711_u32).to_string(), "[REDACTED:u32]");
    #[derive(Debug)]
    struct Config {
        password: Redacted<String>,
    }
    let config = Config { password: short };
    let printed = format!("{config:?}");
    assert_eq!(printed, "Config { password: [REDACTED:String] }");
    assert_eq!(config.password.expose(), "x");
    assert_eq!(
        Redactor::built_in().redact(&printed),
        printed,
        "an engine behind it changes nothing"
    );
}

#[test]
fn a_secret_is_overwritten_when_it_is_dropped() {
    #[derive(Clone, Default)]
    struct Watched(Rc<Cell<u32>>);
    impl Zeroize for Watched {
        fn zeroize(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let watched = Watched::default();
    drop(Redacted::new(watched.clone()));
    assert_eq!(watched.0.get(), 1);
    let secret = Redacted::new(watched.clone());
    let other = secret.clone();
    drop((secret, other));
    assert_eq!(watched.0.get(), 3);
    let _exposed = Redacted::new(watched.clone()).into_inner();
    assert_eq!(watched.0.get(), 3, "who has it takes care of it");
    let mut cleared = Redacted::new("hunter2".to_owned());
    cleared.zeroize();
    assert_eq!(cleared.expose(), "");
}

#[test]
fn a_secret_is_used_as_what_it_holds() {
    let mut secret: Redacted<String> = "hunter2".parse().unwrap();
    secret.expose_mut().push('!');
    assert_eq!(secret.map(|text| text.len()).expose(), &8);
    assert_eq!(secret.clone().into_inner(), "hunter2!");
    assert!(secret == Redacted::from("hunter2!".to_owned()));
    for other in ["hunter2", "hunter2?", "hunter2!!", "", "!2retnuh"] {
        assert!(secret != Redacted::from(other.to_owned()), "{other}");
    }
    assert!(Redacted::new(Vec::<u8>::new()) == Redacted::default());
}

#[test]
fn a_secret_is_read_and_not_written_unless_somebody_says_so() {
    #[derive(Deserialize, Serialize)]
    struct Config {
        #[serde(serialize_with = "Redacted::serialize_masked")]
        shown: Redacted<String>,
        #[serde(serialize_with = "Redacted::serialize_exposed")]
        kept: Redacted<String>,
        #[serde(default, serialize_with = "Redacted::serialize_masked")]
        perhaps: Redacted<Option<String>>,
    }
    let config: Config = toml::from_str("shown = \"hunter2\"\nkept = \"hunter3\"").unwrap();
    assert_eq!((config.shown.expose().as_str(), config.perhaps.expose()), ("hunter2", &None));
    assert_eq!(
        serde_json::to_string(&config).unwrap(),
        r#"{"shown":"[REDACTED:String]","kept":"hunter3","perhaps":"[REDACTED:Option]"}"#
    );
    assert_eq!(serde_json::to_string(&config.kept.masked()).unwrap(), "\"[REDACTED:String]\"");

    #[derive(Serialize)]
    struct Token(u8);
    impl Zeroize for Token {
        fn zeroize(&mut self) {
            self.0.zeroize();
        }
    }
    impl SerializableSecret for Token {}
    assert_eq!(serde_json::to_string(&Redacted::new(Token(7))).unwrap(), "7");
}

#[test]
fn an_error_in_reading_a_secret_does_not_quote_it() {
    let plain = serde_json::from_str::<u32>("\"hunter2\"").unwrap_err().to_string();
    assert!(plain.contains("hunter2"), "serde does");
    let error = serde_json::from_str::<Redacted<u32>>("\"hunter2\"").unwrap_err().to_string();
    assert!(!error.contains("hunter2") && error.contains("a secret"), "{error}");
}

#[test]
fn what_prints_itself_is_printed_without_its_secrets() {
    #[derive(Debug)]
    struct Login {
        user: &'static str,
        password: Option<&'static str>,
        tries: Vec<u8>,
    }
    let login = Login { user: "bob", password: Some("hunter2"), tries: vec![1] };
    let _read = (login.user, login.password, &login.tries);
    let redactor = Redactor::built_in();
    for (shown, whole) in [
        (format!("{}", redactor.redact_debug(&login)), format!("{login:?}")),
        (format!("{:?}", redactor.redact_debug(&login)), format!("{login:?}")),
        (format!("{:#}", redactor.redact_debug(&login)), format!("{login:#?}")),
    ] {
        assert_eq!(shown, redactor.redact(&whole));
        assert!(shown.contains("user") && !shown.contains("hunter2"), "{shown}");
    }
    let long = "é password=hunter2 ".repeat(500);
    assert_eq!(redactor.redact_display(&long).to_string(), redactor.redact(&long));
}

#[test]
fn who_cannot_print_itself_is_not_printed() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let mut text = String::new();
    let redactor = Redactor::built_in();
    assert!(fmt::write(&mut text, format_args!("{}", redactor.redact_display(&Broken))).is_err());
    struct Written;
    impl Serialize for Written {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&Broken)
        }
    }
    assert!(serde_json::to_string(&redactor.sanitized(&Written)).is_err());
}
