//! Names and values, in all the ways in which they are written.

use super::{gone, stays};

const PASSWORDS: [&str; 4] = ["Zx9kQ7vLm2pR", "Tr0ub4dor&3x", "kJ8$wq2LpZ", "S3cr3t!Value"];
const TOKENS: [&str; 2] = ["9f8e7d6c5b4a39281706f5e4d3c2b1a0", "aB3dE5gH7jK9mN1pQ3sT5vX7zA9c"];

#[test]
fn a_value_behind_a_name_is_found_however_it_is_written() {
    for shape in include_str!("shapes.txt").lines().filter(|line| !line.starts_with("## ")) {
        let shape = unescaped(shape);
        for (at, password) in PASSWORDS.iter().enumerate() {
            let token = TOKENS[at % 2];
            let text = shape.replace("@P@", password).replace("@T@", token);
            if shape.contains("@P@") {
                gone(&text, password);
            }
            if shape.contains("@T@") {
                gone(&text, token);
            }
        }
    }
}

#[test]
fn what_is_no_secret_stays() {
    for line in include_str!("harmless.txt").lines().filter(|line| !line.starts_with("## ")) {
        stays(&unescaped(line));
    }
}

/// Words that only begin or end as those do that stand for a secret.
#[test]
fn a_password_that_looks_like_a_placeholder_is_none() {
    for password in [
        "your cat 99!",
        "youreit7",
        "insertcoin9",
        "replaceable1",
        "data.9x",
        "config.77",
        "config.lua9!",
        "env.9",
        "nohere",
        "badexample",
    ] {
        for shape in [
            r#"password="V""#,
            "db_password: 'V'",
            "CREATE USER bob IDENTIFIED BY 'V';",
            r#"{"clientSecret":"V","n":1}"#,
        ] {
            gone(&shape.replace('V', password), password);
        }
    }
}

#[test]
fn a_password_of_an_entry_of_netrc_may_be_any_word() {
    for text in [
        "machine api.example.com login deploy password dragonfly",
        "default login bob password dragonfly\n",
    ] {
        gone(text, "dragonfly");
    }
    stays("the login of bob with a password fails often");
}

#[test]
fn another_flag_and_the_rest_of_a_sentence_are_no_part_of_a_password() {
    let redactor = buttress::redact::Redactor::built_in();
    for (text, clean) in [
        ("--password=changeit --host x", "--password=[REDACTED:password] --host x"),
        ("password=hunter2 and more", "password=[REDACTED:password] and more"),
        ("password: correct9 horse battery", "password: [REDACTED:password]"),
    ] {
        assert_eq!(redactor.redact(text), clean);
    }
}

/// `\n`, `\\r`, `\\t`, `\\e` and `\\` of the lists as what they stand for.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut marks = line.chars();
    while let Some(mark) = marks.next() {
        let next = if mark == '\\' { marks.next() } else { None };
        text.push(match next {
            None => mark,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('e') => '\x1b',
            Some(other) => other,
        });
    }
    text
}
