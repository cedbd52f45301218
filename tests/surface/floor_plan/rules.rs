//! One function a rule.

use super::{
    Fault, Rule, features,
    house::{File, Floor, House, rank},
    plan::{CLOCKS, IMPURE, LINES, ORDER, PANICS, Plan, SIGN, WINGS},
    text::{Kind, is, lex, stands},
};

/// Every fault of the house whose files are `sources`, in order of file, line and rule.
pub(super) fn check(sources: &[(String, String)], plan: Plan) -> Vec<Fault> {
    let house = House::of(sources);
    let mut faults = Vec::new();
    for file in &house.files {
        let floor = house.floor(&file.module);
        let mut report = |line, rule, what: &str| {
            faults.push(Fault { path: file.path.clone(), line, rule, what: what.to_owned() });
        };
        places(file, &mut report);
        length(file, &mut report);
        wings(&house, file, &floor, plan, &mut report);
        order(&house, file, &floor, plan, &mut report);
        purity(file, &floor, plan, &mut report);
        clock(file, &mut report);
        features::check(file, &mut report);
        sign(file, &mut report);
        any_of(PANICS, file, |line, what| report(line, Rule::Panics, what));
    }
    shows(&house, plan, &mut faults);
    let mut faults = without_exceptions(faults, sources, plan);
    faults.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    faults
        .dedup_by(|a, b| (&a.path, a.line, a.rule, &a.what) == (&b.path, b.line, b.rule, &b.what));
    faults
}

/// Files stand where the plan has a place for them.
fn places(file: &File, report: &mut impl FnMut(usize, Rule, &str)) {
    const ROOTS: [&str; 5] = ["ground", "guide", "lib", "stack", "testing"];
    let first = file.module.first().map_or("lib", String::as_str);
    if !ROOTS.contains(&first) && !WINGS.contains(&first) {
        report(1, Rule::Places, &file.path);
    }
}

fn length(file: &File, report: &mut impl FnMut(usize, Rule, &str)) {
    let lines = file.text.lines().count();
    if lines > LINES {
        report(LINES + 1, Rule::Length, &format!("{lines} lines"));
    }
}

/// Imports go down; from room to room only by the stairs, and from the web to what it shows.
fn wings(
    house: &House,
    file: &File,
    floor: &Floor,
    plan: Plan,
    report: &mut impl FnMut(usize, Rule, &str),
) {
    for path in file.paths.iter().filter(|path| path.ours) {
        let target = house.floor(&path.segments);
        let allowed = match (floor, &target) {
            (Floor::Room { wing, room, .. }, Floor::Room { wing: to_wing, room: to, .. }) => {
                (wing == "web" && to_wing != "web") || room == to || is_stair(plan, room, to)
            }
            (Floor::Ground, _) | (_, Floor::Ground) => target == Floor::Ground,
            (_, Floor::Room { .. }) => true,
            _ => target <= *floor && !matches!(floor, Floor::Room { .. }),
        };
        if !allowed {
            report(path.line, Rule::Wings, &format!("crate::{}", path.segments.join("::")));
        }
    }
}

fn is_stair(plan: Plan, from: &str, to: &str) -> bool {
    plan.stairs.iter().any(|stair| (stair.0, stair.1) == (from, to))
}

/// A room of the web shows one room of the other wings, whichever it is.
fn shows(house: &House, plan: Plan, faults: &mut Vec<Fault>) {
    let mut shown: Vec<(String, String)> = Vec::new();
    for file in &house.files {
        let Floor::Room { wing, room, .. } = house.floor(&file.module) else {
            continue;
        };
        for path in file.paths.iter().filter(|path| path.ours && wing == "web") {
            let Floor::Room { wing: to_wing, room: to, .. } = house.floor(&path.segments) else {
                continue;
            };
            if to_wing == "web" || is_stair(plan, &room, &to) {
                continue;
            }
            match shown.iter().find(|(web, _)| *web == room) {
                Some((_, first)) if *first != to => faults.push(Fault {
                    path: file.path.clone(),
                    line: path.line,
                    rule: Rule::Wings,
                    what: format!("{room} shows {first} already, and now {to}"),
                }),
                Some(_) => {}
                None => shown.push((room.clone(), to)),
            }
        }
    }
}

/// Inside a room, a file uses the files left of it, by their own names and not through the door.
fn order(
    house: &House,
    file: &File,
    floor: &Floor,
    plan: Plan,
    report: &mut impl FnMut(usize, Rule, &str),
) {
    let Floor::Room { wing, room, part } = floor else {
        return;
    };
    if part == "mod" {
        return;
    }
    let here = rank(part, plan.standings);
    for path in file.paths.iter().filter(|path| path.ours) {
        let Floor::Room { wing: to_wing, room: to_room, part: to } = house.floor(&path.segments)
        else {
            continue;
        };
        if (wing, room) != (&to_wing, &to_room) || *part == to {
            continue;
        }
        let there = rank(&to, plan.standings);
        let both_added = !ORDER.contains(&part.as_str()) && !ORDER.contains(&to.as_str());
        let name = path.segments.join("::");
        if !house.has_part(wing, room, &to) {
            let what = format!("{part}.rs uses {name} through the door");
            report(path.line, Rule::Order, &what);
        } else if there > here || (there == here && !both_added) {
            report(path.line, Rule::Order, &format!("{part}.rs uses {name}"));
        }
    }
}

/// Machines, and the added files that stand left of them, decide and do nothing else.
fn purity(file: &File, floor: &Floor, plan: Plan, report: &mut impl FnMut(usize, Rule, &str)) {
    let Floor::Room { part, .. } = floor else {
        return;
    };
    let pure = rank(part, plan.standings) <= rank("machine", plan.standings);
    if pure && part != "mod" && part != "config" {
        any_of(IMPURE, file, |line, what| report(line, Rule::Purity, what));
    }
}

fn clock(file: &File, report: &mut impl FnMut(usize, Rule, &str)) {
    if file.module.starts_with(&["ground", "time"].map(str::to_owned)) {
        return;
    }
    any_of(CLOCKS, file, |line, what| report(line, Rule::Clock, what));
    // `time::sleep(…)` asks the ground, `.sleep(…)` whoever was asked before: neither is a clock.
    let sleep = lex("sleep(");
    for at in 0..file.code.len() {
        let before = at.checked_sub(1).map(|before| &file.code[before]);
        let asked =
            before.is_some_and(|before| [".", "::", "fn"].iter().any(|mark| before.is(mark)));
        if !asked && stands(&sleep, &file.code, at) {
            report(file.code[at].line, Rule::Clock, "sleep(");
        }
    }
}

/// A service that is missing its `Lift` is printed with the line that says so.
fn sign(file: &File, report: &mut impl FnMut(usize, Rule, &str)) {
    for (at, lexeme) in file.code.iter().enumerate() {
        let service = at > 1
            && lexeme.kind == Kind::Word
            && lexeme.text.ends_with("Service")
            && is(&file.code, at - 1, "struct")
            && is(&file.code, at - 2, "pub")
            && is(&file.code, at + 1, "<");
        let line = file.text.lines().nth(lexeme.line - 1).unwrap_or_default();
        if service && !line.contains(SIGN) {
            report(lexeme.line, Rule::Sign, &lexeme.text);
        }
    }
}

/// Reports where one of the `patterns` stands, in the code or in a path that imports spell apart.
fn any_of(patterns: &[&str], file: &File, mut report: impl FnMut(usize, &str)) {
    for pattern in patterns {
        let wanted = lex(pattern);
        for (at, lexeme) in file.code.iter().enumerate() {
            if stands(&wanted, &file.code, at) {
                report(lexeme.line, pattern);
            }
        }
        for path in &file.paths {
            let written = path.written();
            if (0..written.len()).any(|at| stands(&wanted, &written, at)) {
                report(path.line, pattern);
            }
        }
    }
}

/// Takes out what the plan allows, and reports the lines of the plan that allow nothing.
fn without_exceptions(faults: Vec<Fault>, sources: &[(String, String)], plan: Plan) -> Vec<Fault> {
    let mut used = vec![false; plan.exceptions.len()];
    let mut kept: Vec<Fault> = Vec::new();
    for fault in faults {
        let allowed = plan.exceptions.iter().position(|(rule, place, what, _)| {
            fault.rule == *rule
                && fault.path.starts_with(place)
                && (what.is_empty() || fault.what == *what)
        });
        match allowed {
            Some(line) => used[line] = true,
            None => kept.push(fault),
        }
    }
    for ((_, place, what, _), used) in plan.exceptions.iter().zip(used) {
        if !used && sources.iter().any(|(path, _)| path.starts_with(place)) {
            let what = format!("exception for {what} in {place}");
            let path = "tests/surface/floor_plan/plan.rs".to_owned();
            kept.push(Fault { path, line: 1, rule: Rule::Exceptions, what });
        }
    }
    kept
}
