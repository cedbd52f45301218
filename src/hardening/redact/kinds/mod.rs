//! Secrets that tell what they are: one row a kind, one file a family.

mod ai;
mod build;
mod cloud;
mod data;
mod identity;
mod messages;
mod money;
mod observe;
mod shape;
mod vcs;
mod work;

pub(super) use self::shape::{Kind, Test};

/// All rows.
pub(super) static FAMILIES: [&[Kind]; 10] = [
    ai::KINDS,
    build::KINDS,
    cloud::KINDS,
    data::KINDS,
    identity::KINDS,
    messages::KINDS,
    money::KINDS,
    observe::KINDS,
    vcs::KINDS,
    work::KINDS,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::FAMILIES;

    #[test]
    fn a_row_has_a_name_of_its_own_and_an_anchor() {
        let mut names = HashSet::new();
        for kind in FAMILIES.iter().copied().flatten() {
            assert!(names.insert(kind.name), "{} twice", kind.name);
            assert!(!kind.anchors.is_empty(), "{}", kind.name);
            for anchor in kind.anchors {
                assert!((2..=40).contains(&anchor.len()), "{}: {anchor}", kind.name);
                assert!(!anchor.contains('\n'), "{}: {anchor}", kind.name);
            }
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(kind.name.bytes().all(plain), "{}", kind.name);
        }
        assert!(names.len() >= 160, "{} kinds", names.len());
    }
}
