//! Redacting twice is redacting once, with every set of rules and every mask.

use buttress::redact::{Mask, Redactor, RuleSet, Set};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{super::cases, filled, forms, secret, words};
use crate::redact::PIECES;

/// What rules for personal data look for, and what stands around values in tables and commands.
const MORE: &[&str] = &[
    "GB82 ",
    "DE89370400440532013000",
    "bob@example.org",
    "SSN 219-09-9999",
    "phone 030 901820",
    "12",
    "values (",
    "id,password\n",
    "1,",
    "echo ",
    " | sudo -S",
    "%3A%2F%2F",
    "%40",
    "@tcp(",
    "<<EOT\n",
    "EOT\n",
    "- ",
];

fn pieces() -> impl Strategy<Value = &'static str> {
    select([PIECES, MORE].concat())
}

fn masks() -> Vec<Mask> {
    vec![
        Mask::Tag,
        Mask::KeepLastFour,
        Mask::Fixed("***".into()),
        Mask::Fixed("[gone]".into()),
        Mask::Fingerprint("sixteen bytes or more".into()),
    ]
}

fn redactor(mask: usize, sets: usize) -> Redactor {
    thread_local! {
        static ALL: Vec<Vec<Redactor>> = masks()
            .into_iter()
            .map(|mask| {
                [
                    RuleSet::builder(),
                    RuleSet::builder().set(Set::Pii),
                    RuleSet::empty().set(Set::Pii),
                    RuleSet::empty().set(Set::Keys),
                    RuleSet::empty().set(Set::Credentials).set(Set::Urls),
                ]
                .map(|rules| Redactor::new(rules.mask(mask.clone())).unwrap())
                .to_vec()
            })
            .collect();
    }
    ALL.with(|all| all[mask][sets].clone())
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn twice_is_once_for_any_pieces(pieces in vec(pieces(), 0..16), mask in 0..5_usize, sets in 0..5_usize) {
        let redactor = redactor(mask, sets);
        let text = pieces.concat();
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.clone(), "{:?}", text);
    }

    #[test]
    fn twice_is_once_for_any_form(form in select(forms()), words in words(), which in 0..6_usize, secret in secret(), mask in 0..5_usize, sets in 0..5_usize) {
        let redactor = redactor(mask, sets);
        let text = filled(form, &words, which, &secret);
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.clone(), "{:?}", text);
    }

    /// Four bytes at most are shown of what was long enough for it.
    #[test]
    fn no_mask_leaks_more_than_it_says(form in select(forms()), words in words(), which in 0..6_usize, secret in secret(), mask in 0..5_usize) {
        let clean = redactor(mask, 1).redact(&filled(form, &words, which, &secret)).into_owned();
        let left = secret.as_bytes().windows(8).any(|piece| clean.as_bytes().windows(8).any(|here| here == piece));
        prop_assert!(!left, "{}", clean);
    }
}
