//! What forms say about a value that they do not take, in the place of the value.

use super::expression::past;

/// How forms begin to say what is wrong with a value.
#[rustfmt::skip]
const COMPLAINTS: &[&str] = &[
    "can't be ", "cannot be ", "does not match", "doesn't match", "ensure this ", "enter a ", "is invalid",
    "is not ", "is required", "is too ", "must be ", "must contain ", "must have ", "must match ", "must not ",
    "password is ", "password must ", "please enter ", "should be ", "should have ", "should not ",
    "this field ", "this password ", "this value ",
];

/// What a form says about a value that it does not take: `must be at least 8 characters`.
pub(super) fn is_complaint(value: &[u8]) -> bool {
    let count = |byte| value.iter().filter(|other| **other == byte).count();
    count(b' ') > 1 && COMPLAINTS.iter().any(|start| past(value, start).is_some())
}
