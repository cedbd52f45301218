//! Every public name, under its one path. A change of the listing is a change of the interface:
//! look at it, write it into the changelog, and commit the new listing
//! (`BUTTRESS_BLESS=1 cargo test --test surface public_api`).

use std::{collections::BTreeMap, env, fs, path::Path};

use crate::floor_plan::{lexemes, read_house};

const LISTING: &str = "tests/surface/public_api.txt";

#[test]
fn the_public_names_are_those_that_are_listed() {
    let names = public_names(&read_house());
    let listing = Path::new(env!("CARGO_MANIFEST_DIR")).join(LISTING);
    let seen = names.join("\n") + "\n";
    if env::var_os("BUTTRESS_BLESS").is_some() {
        fs::write(&listing, &seen).unwrap();
    }
    let listed = fs::read_to_string(&listing).unwrap_or_default();
    assert_eq!(seen, listed, "the public names have changed: see the top of this file");
}

#[test]
fn every_public_item_has_one_path() {
    let names = public_names(&read_house());
    let mut paths = BTreeMap::<&str, Vec<&str>>::new();
    for name in &names {
        let item = name.rsplit("::").next().unwrap();
        paths.entry(item).or_default().push(name);
    }
    // Rooms have the same words for the same things; at the root and on the ground there is one of each.
    let rooms = [
        "Borrowed",
        "Called",
        "Calling",
        "Config",
        "Counts",
        "Ending",
        "Eyes",
        "Hold",
        "Operation",
        "Owned",
        "Permit",
        "Plan",
        "Ran",
        "Snapshot",
        "State",
        "Subscription",
        // Of customers, and of stores: each is its trade's own word.
        "Tier",
        "Totals",
        "Transition",
        "keyed",
        "presets",
        "redis",
        "stream",
    ];
    for (item, paths) in paths {
        assert!(paths.len() == 1 || rooms.contains(&item), "{item} has several paths: {paths:?}");
    }
}

#[test]
fn a_name_that_is_re_exported_is_seen() {
    let house = [
        (
            "src/lib.rs",
            "pub use self::stack::Roof; pub use self::wing::hall; pub mod door { pub use crate::ground::{Bell, lock::{Key, Lock}}; }",
        ),
        ("src/stack/mod.rs", "pub use self::roof::Roof; mod roof;"),
        ("src/wing/hall/mod.rs", "pub mod niche; pub use self::handle::Lamp;"),
        ("src/wing/hall/niche/mod.rs", "mod handle; pub use self::handle::Candle;"),
    ];
    let house: Vec<_> = house.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    assert_eq!(
        public_names(&house),
        [
            "buttress::Roof",
            "buttress::door",
            "buttress::door::Bell",
            "buttress::door::Key",
            "buttress::door::Lock",
            "buttress::hall",
            "buttress::hall::Lamp",
            "buttress::hall::niche",
            "buttress::hall::niche::Candle"
        ]
    );
}

/// What `lib.rs` exports, and what the modules it exports whole export in turn.
fn public_names(house: &[(String, String)]) -> Vec<String> {
    let mut names = Vec::new();
    let find =
        |path: &str| house.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str());
    exports(find("src/lib.rs").unwrap_or_default(), "buttress", &mut names);
    let mut at = 0;
    while at < names.len() {
        let mut segments = names[at].rsplit("::");
        let module = segments.next().unwrap_or_default().to_owned();
        let outer = segments.next().unwrap_or_default().to_owned();
        let folder = house.iter().find(|(path, _)| path.ends_with(&format!("/{module}/mod.rs")));
        let file = house.iter().find(|(path, _)| path.ends_with(&format!("/{module}.rs")));
        // A module written out in lib.rs has given its names away already.
        let written_out = names.iter().any(|name| name.starts_with(&format!("{}::", names[at])));
        let whole = module.starts_with(char::is_lowercase) && !written_out;
        let inside = format!("/{outer}/{module}/mod.rs");
        let found = match names[at].matches("::").count() {
            1 => folder.or(file),
            // A room inside a room, and what is inside that.
            2 | 3 => house.iter().find(|(path, _)| path.ends_with(&inside)),
            _ => None,
        };
        if let (true, Some((_, text))) = (whole, found) {
            let prefix = names[at].clone();
            exports(text, &prefix, &mut names);
        }
        at += 1;
    }
    names.sort();
    names.dedup();
    names
}

/// The names that `pub use`, `pub mod` and `pub fn`, `pub struct` … of this text give away.
fn exports(text: &str, prefix: &str, names: &mut Vec<String>) {
    let code = lexemes(text);
    let mut modules: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let word = |step: usize| code.get(at + step).map_or("", String::as_str);
        let path = |name: &str| {
            let inside = modules.iter().flatten().map(String::as_str);
            [prefix].into_iter().chain(inside).chain([name]).collect::<Vec<_>>().join("::")
        };
        match word(0) {
            "pub" if word(1) == "use" => {
                let end = code[at..]
                    .iter()
                    .position(|lexeme| lexeme == ";")
                    .map_or(code.len(), |end| at + end);
                let tree = &code[at + 2..end];
                for (place, leaf) in tree.iter().enumerate() {
                    let next = tree.get(place + 1).map_or("", String::as_str);
                    if leaf.starts_with(|first: char| first.is_alphabetic()) && next != "::" {
                        names.push(path(leaf));
                    }
                }
                at = end;
            }
            "pub" if word(1) == "mod" => {
                names.push(path(word(2)));
                if word(3) == "{" {
                    modules.push(Some(word(2).to_owned()));
                    at += 3;
                }
            }
            "pub" if word(1) == "const" && word(2) != "fn" && modules.is_empty() => {
                names.push(path(word(2)))
            }
            "{" => modules.push(None),
            "}" => drop(modules.pop()),
            _ => {}
        }
        at += 1;
    }
}
