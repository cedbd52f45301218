//! The files of the house, and where each stands.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    paths::{self, paths},
    plan::{ALCOVES, ORDER, Standing, WINGS},
    text::{Lexeme, lex, without_tests},
};

/// One file: where it stands, its text, and what it says outside comments and tests.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// Its module, from the crate's root.
    pub(super) module: Vec<String>,
    /// Empty if only a test build sees the file.
    pub(super) code: Vec<Lexeme>,
    pub(super) paths: Vec<paths::Path>,
}

/// All files, and the names of the rooms.
pub(super) struct House {
    pub(super) files: Vec<File>,
    rooms: Vec<[String; 2]>,
}

/// Where a file or a path belongs. Each floor may use itself and the floors before it; rooms have
/// rules of their own.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Floor {
    Ground,
    Room {
        wing: String,
        room: String,
        part: String,
    },
    /// The door of a wing: lists its rooms.
    Hall,
    Stack,
    Testing,
    /// `lib.rs`, the guide, and whatever is named directly at the root.
    Root,
}

impl House {
    /// The house whose files are `sources`: path from the package's root, and text.
    pub(super) fn of(sources: &[(String, String)]) -> Self {
        let mut tests = Vec::new();
        let mut files = Vec::new();
        for (path, text) in sources {
            let module = module(path);
            let (code, test_modules) = without_tests(&lex(text));
            tests.extend(test_modules.into_iter().map(|name| [&module[..], &[name]].concat()));
            let paths = paths(&code, &module);
            files.push(File { path: path.clone(), text: text.clone(), module, code, paths });
        }
        for file in &mut files {
            if tests.iter().any(|test| file.module.starts_with(test)) {
                file.code.clear();
                file.paths.clear();
            }
        }
        let mut rooms: Vec<[String; 2]> = files
            .iter()
            .filter_map(|file| file.module.first_chunk().cloned())
            .filter(|[wing, _]: &[String; 2]| WINGS.contains(&wing.as_str()))
            .collect();
        rooms.sort();
        rooms.dedup();
        Self { files, rooms }
    }

    /// Where the module or item at `path` belongs. A room is known by its place and by its public
    /// name: `crate::resilience::retry` and `crate::retry` are one.
    pub(super) fn floor(&self, path: &[String]) -> Floor {
        let place: Vec<&str> = path.iter().map(String::as_str).collect();
        let room = |wing: &str, room: &str, rest: &[&str]| {
            let alcove = rest.first().filter(|inner| {
                ALCOVES.iter().any(|alcove| (alcove.0, alcove.1) == (room, **inner))
            });
            let part = if alcove.is_some() { rest.get(1) } else { rest.first() };
            Floor::Room {
                wing: wing.to_owned(),
                room: alcove.map_or(room.to_owned(), |inner| format!("{room}::{inner}")),
                part: part.map_or("mod", |part| part).to_owned(),
            }
        };
        match place[..] {
            ["ground", ..] => Floor::Ground,
            ["stack", ..] => Floor::Stack,
            ["testing", ..] => Floor::Testing,
            [wing] if WINGS.contains(&wing) => Floor::Hall,
            [wing, name, ref rest @ ..] if WINGS.contains(&wing) => room(wing, name, rest),
            [name, ref rest @ ..] => match self.rooms.iter().find(|known| known[1] == name) {
                Some([wing, name]) => room(wing, name, rest),
                None => Floor::Root,
            },
            [] => Floor::Root,
        }
    }

    /// Whether the room has a file or folder of this name.
    pub(super) fn has_part(&self, wing: &str, room: &str, part: &str) -> bool {
        let place: Vec<&str> = [wing].into_iter().chain(room.split("::")).chain([part]).collect();
        ORDER.contains(&part)
            || self.files.iter().any(|file| {
                file.module.len() >= place.len()
                    && file.module.iter().zip(&place).all(|(a, b)| a == b)
            })
    }
}

/// How far right a file of a room stands.
pub(super) fn rank(part: &str, standings: &[Standing]) -> usize {
    let fixed = |name| ORDER.iter().position(|file| *file == name).map(|at| at * 2);
    let added = standings.iter().find(|(name, ..)| *name == part).map_or("config", |(_, of, _)| of);
    fixed(part).unwrap_or_else(|| fixed(added).map_or(1, |at| at + 1))
}

fn module(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Path and text of every Rust file in the package's `src/`, in order.
pub(super) fn read() -> io::Result<Vec<(String, String)>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![package.join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(package).unwrap_or(&path);
                let slashes: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                found.push((slashes.join("/"), fs::read_to_string(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}
