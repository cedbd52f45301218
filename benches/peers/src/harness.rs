//! Contests, the rows they print and the gates they must pass.
//!
//! A contest is one workload: ours on one side, a peer's way of doing the same on each of the
//! others. It prints
//!
//! ```text
//! RATIO contest=<room>.<case> peer=<crate>.<case> ours_ns=… peer_ns=… ratio=<ours/peer> ours_allocs=… peer_allocs=… threads=<ours>
//! GATE contest=<room>.<case> peer=<crate>.<case> ratio=… gate<=… aim<=… PASS|FAIL
//! ```
//!
//! one `RATIO` line for each peer and one `GATE` line for each ratio that must not be exceeded. The
//! gate named `buttress.allocations` compares allocations per call instead. An aim is where a ratio
//! should be; it fails nothing. Nanoseconds include the loop around the call, the same for
//! everybody: `bare.*` rows show what is left of it without a guard. They differ from machine to
//! machine, the ratios much less.

use std::fmt;

use crate::sampling::{Cost, Side, sample};

/// How often a contest is repeated before a missed gate counts: a neighbour on the machine costs
/// more than a guard.
const ATTEMPTS: usize = 3;

/// What a ratio must not exceed, and what it should not.
#[derive(Clone, Copy)]
pub struct Gate {
    at_most: f64,
    aim: Option<f64>,
}

impl Gate {
    /// Fails a ratio above `ratio`.
    pub const fn at_most(ratio: f64) -> Self {
        Self { at_most: ratio, aim: None }
    }

    /// Says where the ratio should be.
    pub const fn aim(self, ratio: f64) -> Self {
        Self { aim: Some(ratio), ..self }
    }
}

/// One workload, ours and the peers'.
pub struct Contest {
    name: &'static str,
    /// Ours first.
    sides: Vec<Side>,
    /// As long as `sides`; ours has none.
    gates: Vec<Option<Gate>>,
    fastest: Option<Gate>,
    /// How often ours may allocate in a call.
    allocations: f64,
}

impl Contest {
    /// A contest of `ours`, which must not allocate unless it is said.
    pub fn new(name: &'static str, ours: Side) -> Self {
        Self { name, sides: vec![ours], gates: vec![None], fastest: None, allocations: 0.0 }
    }

    /// Lets ours allocate so often in a call.
    pub fn allocating(self, allocations: f64) -> Self {
        Self { allocations, ..self }
    }

    /// Adds a peer that ours must beat.
    pub fn against(mut self, peer: Side, gate: Gate) -> Self {
        self.sides.push(peer);
        self.gates.push(Some(gate));
        self
    }

    /// Adds a peer whose ratio is printed and no more.
    pub fn beside(mut self, peer: Side) -> Self {
        self.sides.push(peer);
        self.gates.push(None);
        self
    }

    /// Demands that ours beats the fastest of all the peers.
    pub fn against_fastest(mut self, gate: Gate) -> Self {
        self.fastest = Some(gate);
        self
    }

    /// Measures once.
    fn measure(&mut self) -> Outcome {
        let costs = sample(&mut self.sides);
        let (ours, peers) = costs.split_first().expect("a contest has our side");

        let mut gates = self.gates[1..].to_vec();
        if let Some(gate) = self.fastest {
            let nanoseconds = |peer: &usize| peers[*peer].nanoseconds;
            let fastest = (0..peers.len()).min_by(|a, b| nanoseconds(a).total_cmp(&nanoseconds(b)));
            gates[fastest.expect("somebody to compare with")] = Some(gate);
        }

        let threads = self.sides[0].threads();
        let names = self.sides[1..].iter().map(|side| side.name);
        let rows = names.zip(peers).map(|(peer, cost)| Row {
            contest: self.name,
            peer,
            ours: *ours,
            theirs: *cost,
            threads,
        });
        let rows: Vec<Row> = rows.collect();

        let allocations = Verdict {
            contest: self.name,
            peer: "buttress.allocations",
            ratio: ours.allocations,
            gate: Gate::at_most(self.allocations),
        };
        let verdicts = rows.iter().zip(gates).filter_map(|(row, gate)| {
            Some(Verdict { contest: row.contest, peer: row.peer, ratio: row.ratio(), gate: gate? })
        });
        Outcome { verdicts: verdicts.chain([allocations]).collect(), rows }
    }
}

/// What is asked for, and what came of it.
pub struct Report {
    wanted: Vec<String>,
    check: bool,
    contests: usize,
    missed: usize,
}

impl Report {
    /// `wanted`: rooms and contests, nothing for all. `check`: whether a missed gate matters.
    pub fn new(wanted: Vec<String>, check: bool) -> Self {
        Self { wanted, check, contests: 0, missed: 0 }
    }

    /// Whether any contest of a room is asked for.
    pub fn wants_room(&self, room: &str) -> bool {
        let in_room = |name: &String| name.split('.').next() == Some(room);
        self.wanted.is_empty() || self.wanted.iter().any(in_room)
    }

    /// Holds a contest, if it is asked for, and prints its lines.
    pub fn hold(&mut self, mut contest: Contest) {
        if !self.wants(contest.name) {
            return;
        }
        let mut outcome = contest.measure();
        for attempt in 2..=ATTEMPTS {
            if !self.check || outcome.missed() == 0 {
                break;
            }
            eprintln!("{outcome}{} missed a gate, attempt {attempt} of {ATTEMPTS}", contest.name);
            outcome = contest.measure();
        }
        print!("{outcome}");
        self.contests += 1;
        self.missed += outcome.missed();
    }

    /// Whether the run was a success: something was measured and, if gates matter, all of them
    /// passed.
    pub fn finish(self) -> bool {
        eprintln!("{} contests, {} gates missed", self.contests, self.missed);
        self.contests > 0 && !(self.check && self.missed > 0)
    }

    /// Whether this contest is asked for.
    pub fn wants(&self, contest: &str) -> bool {
        let is_meant = |name: &String| contest == name || contest.split('.').next() == Some(name);
        self.wanted.is_empty() || self.wanted.iter().any(is_meant)
    }
}

/// What one measurement of a contest came to. Displayed, it is the lines of the contest.
struct Outcome {
    rows: Vec<Row>,
    verdicts: Vec<Verdict>,
}

impl Outcome {
    fn missed(&self) -> usize {
        self.verdicts.iter().filter(|verdict| !verdict.is_pass()).count()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        self.verdicts.iter().try_for_each(|verdict| writeln!(f, "{verdict}"))
    }
}

/// Ours and one peer.
struct Row {
    contest: &'static str,
    peer: &'static str,
    ours: Cost,
    theirs: Cost,
    threads: usize,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.nanoseconds / self.theirs.nanoseconds
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RATIO contest={} peer={} ours_ns={:.2} peer_ns={:.2} ratio={:.3} ours_allocs={:.2} peer_allocs={:.2} threads={}",
            self.contest,
            self.peer,
            self.ours.nanoseconds,
            self.theirs.nanoseconds,
            self.ratio(),
            self.ours.allocations,
            self.theirs.allocations,
            self.threads,
        )
    }
}

/// A ratio and the gate it met.
struct Verdict {
    contest: &'static str,
    peer: &'static str,
    ratio: f64,
    gate: Gate,
}

impl Verdict {
    fn is_pass(&self) -> bool {
        self.ratio <= self.gate.at_most // a ratio that could not be measured is not
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gate { at_most, aim } = self.gate;
        write!(
            f,
            "GATE contest={} peer={} ratio={:.3} gate<={at_most}",
            self.contest, self.peer, self.ratio
        )?;
        if let Some(aim) = aim {
            write!(f, " aim<={aim}")?;
        }
        f.write_str(if self.is_pass() { " PASS" } else { " FAIL" })
    }
}
