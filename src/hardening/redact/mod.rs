//! Take secrets out of what is logged.

mod checksum;
mod class;
mod config;
mod custom;
mod grammar;
mod handle;
mod keys;
mod kinds;
mod machine;
mod mask;
mod pem;
mod phrases;
mod pii;
mod report;
mod rules;
mod url;
mod view;

pub use self::{
    config::{Literal, Mask, Pattern, RuleSet, Set},
    handle::{Redactor, is_secret_key},
    report::{Confidence, Finding},
};
