//! A secret in what is written as JSON, without a word about how.
//
// first: is a secret, and is not written by accident
// contains: #[serde(serialize_with = "Redacted::serialize_masked")]
// contains: #[serde(serialize_with = "Redacted::serialize_exposed")]

use buttress::redact::Redacted;

fn main() {
    let password = Redacted::from("hunter2".to_owned());
    println!("{}", serde_json::to_string(&password).unwrap());
}
