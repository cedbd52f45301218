//! A struct with a secret that derives `Serialize`.
//
// first: is a secret, and is not written by accident
// contains: #[serde(serialize_with = "Redacted::serialize_masked")]

use buttress::redact::Redacted;

#[derive(serde::Serialize)]
struct Database {
    url: String,
    password: Redacted<String>,
}

fn main() {
    let database = Database { url: String::new(), password: Redacted::default() };
    println!("{}", serde_json::to_string(&database).unwrap());
}
