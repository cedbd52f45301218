//! Take secrets out of what is logged.

mod carry;
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
mod span;
mod stream;
mod url;
mod view;
mod writer;

pub use self::{
    config::{Literal, Mask, Pattern, RuleSet, Set},
    handle::{Redactor, is_secret_key},
    report::{Confidence, Finding},
    stream::Stream,
    writer::{AsyncRedactWriter, RedactWriter},
};
