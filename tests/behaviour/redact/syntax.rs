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
