//! The plan itself, as tables. A change to the plan is a line here, with its reason.

use super::Rule;

/// Folders of rooms. Anything else directly in `src/` is the ground, the roof or the prose.
pub(super) const WINGS: [&str; 4] = ["resilience", "hardening", "web", "service"];

/// A room inside a room: the outer, the inner, why. It is a room like any other, with the same files
/// in the same order, and has no stair to the outer one unless the plan has it.
pub(super) const ALCOVES: [(&str, &str, &str); 8] = [
    ("budget", "quota", "a purse of another kind, with a config and a machine of its own"),
    ("cache", "http", "answers to requests have a config, keys, a machine and totals of their own"),
    ("throttle", "shed", "a server's own load, with a config and a machine of its own"),
    (
        "cache",
        "tier",
        "a store under a cache has a trait, shared state, a layer and totals of its own",
    ),
    ("rate_limit", "keyed", "a table of many buckets has a config, a store and totals of its own"),
    (
        "rate_limit",
        "redis",
        "buckets in a store have a config, scripts, leases and totals of their own",
    ),
    ("redact", "logs", "what is logged has a config, shared state, doors and futures of its own"),
    ("timeout", "stream", "limits on streams have a config, a machine and totals of their own"),
];

/// Where a room may use another: who, whom, why.
pub(super) type Stair = (&'static str, &'static str, &'static str);

/// Where an added file stands when it is not directly right of `config`: its name, the file it
/// stands right of, why.
pub(super) type Standing = (&'static str, &'static str, &'static str);

/// What a rule allows after all: the rule, the file or folder, what is seen there (as the report
/// quotes it; empty for all), why.
pub(super) type Exception = (Rule, &'static str, &'static str, &'static str);

#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) stairs: &'static [Stair],
    pub(super) standings: &'static [Standing],
    pub(super) exceptions: &'static [Exception],
}

/// The plan of this house.
pub(super) const PLAN: Plan = Plan {
    stairs: &[
        ("budget", "budget::quota", "a purse is either, and a retry pays from a purse"),
        ("cache", "single_flight", "one load for a missing key, however many wait for it"),
        ("cache::http", "cache", "answers are kept, and waited for, as any value is"),
        ("cache::tier", "cache", "what is under a cache goes through its loads and its entries"),
        ("hedge", "budget", "hedges and retries spend from one purse"),
        ("rate_limit::keyed", "rate_limit", "a bucket in a table is the same bucket"),
        (
            "rate_limit::redis",
            "rate_limit",
            "a quota is the same quota, and so is what is told of it",
        ),
        (
            "rate_limit::redis",
            "rate_limit::keyed",
            "who decides while the store cannot, and whose key it is",
        ),
        ("redact::logs", "redact", "what is logged is redacted by the rules of a redactor"),
        ("retry", "budget", "retries and hedges spend from one purse"),
        ("retry", "budget::quota", "what a further attempt costs depends on what it follows"),
    ],
    standings: &[
        ("acquire", "shared", "tokens that are waited for are asked of the shared state"),
        ("all", "handle", "several handles at once"),
        ("attempt", "machine", "an attempt is polled and timed, so it is no decision"),
        ("begin", "shared", "how a call begins is asked when it may"),
        ("body", "machine", "a body is read as it comes, and waited for"),
        ("reconfiguring", "handle", "who changes a cache has a handle of it, and locks its parts"),
        ("meters", "machine", "what was told of those who are gone is known to all threads"),
        ("terms", "machine", "what a cache goes by is read while others change it"),
        ("reply", "machine", "an answer that is kept is shared by all who get it"),
        ("fetch", "shared", "an answer is waited for, and judged when it is there"),
        ("bodies", "layer", "a layer around the room's own, and its future"),
        ("work", "shared", "the work of a batch waits and asks the shared state for its turn"),
        ("caller", "shared", "who waits for a batch has a place in the shared state"),
        ("chain", "shared", "what an error says is redacted by the rules that clones share"),
        (
            "changing",
            "handle",
            "what is done to an entry by what it is now calls back, and tries again",
        ),
        ("carry", "machine", "what a stream holds back is what its scan has not decided"),
        ("chain", "shared", "a load by way of a store asks it, and counts what it says"),
        ("chain_many", "shared", "a load of many by way of a store does as one of one does"),
        ("closing", "shared", "who waits for the last call to leave looks into the shared state"),
        ("connection", "shared", "a connection says to the shared state that it is broken"),
        ("heartbeat", "future", "a heartbeat waits as a call does, and is none"),
        ("exchange", "shared", "what is told of a request is redacted by the rules of clones"),
        ("format", "handle", "a format is put around another by a handle"),
        ("held", "machine", "what is held of keys is behind locks, and waited for in turn"),
        ("hold", "shared", "a hold refers to the shared state"),
        ("iter", "shared", "whoever goes through a cache locks one part of it after the other"),
        (
            "fetching",
            "handle",
            "what is missing is loaded through the handle, and waited for by its future",
        ),
        ("loads", "machine", "what is on its way is shared work, so it is no decision"),
        ("loading", "shared", "a load ends in the shared state, and is asked for there first"),
        ("many", "handle", "many keys are loaded through the handle, with a future of their own"),
        ("many_loading", "shared", "a load of many ends in the shared state, as one of one does"),
        ("later", "shared", "what is left of a call waits and asks its hold, so it is no decision"),
        ("answering", "future", "a request is answered by the shared state, with a future"),
        ("answers", "machine", "the answers to a batch are taken by whoever waits for them"),
        ("answer", "shared", "what a fallback answers may run, or remember"),
        ("backup", "shared", "a service to fall back to is readied inside the call"),
        ("failover", "handle", "a second handle of its room, with futures of its own"),
        ("last_good", "shared", "a memory that clones share, with the time of what it remembers"),
        ("lease", "shared", "a lease takes of the shared state, and gives back to it"),
        ("named", "handle", "what a name says is asked of the rules of a handle"),
        ("names", "machine", "what is known of names is a table that threads share"),
        ("panics", "handle", "a hook holds a handle"),
        ("record", "handle", "a logger is put around another by a handle"),
        ("scrubbed", "handle", "an error is scrubbed by a handle"),
        ("subscriber", "handle", "a layer is put around another by a handle"),
        ("substitute", "shared", "values are redacted by the rules that clones share"),
        ("values", "shared", "values are redacted by the rules that clones share"),
        ("writers", "handle", "writers are put around others by a handle"),
        ("unseen", "machine", "what is taken without a look is a decision about the same word"),
        ("permit", "shared", "a permit holds the shared state it settles with"),
        ("purse", "handle", "a purse is one handle or another"),
        ("reads", "shared", "to read a cache is to lock a part of it, and to ask for the time"),
        ("reservation", "shared", "a reservation settles with the shared state it holds"),
        ("readied", "shared", "a service is readied inside the call"),
        ("rivals", "shared", "rivals are polled and paid for, so they are no decision"),
        ("given", "shared", "on which condition an entry is put in others say at any time"),
        ("room", "machine", "how much room is left is a number that threads share"),
        ("snapshot", "machine", "a snapshot is read off a machine"),
        ("limiting", "shared", "what is asked together with others has shared state"),
        ("of_key", "handle", "a handle and one key"),
        (
            "spending",
            "machine",
            "words that threads share are spent from by clocks, so it is no decision",
        ),
        ("store", "machine", "a store waits for its back end or is shared, so it is no decision"),
        ("streams", "handle", "streams are called through the handle, and hold its permits"),
        (
            "structured",
            "handle",
            "fields and documents are redacted with the rules of a handle, and texts in them",
        ),
        ("stream", "handle", "a text in pieces is redacted with the rules of a handle"),
        ("subscription", "machine", "a subscriber waits for news, so it is no decision"),
        ("waiter", "shared", "a waiter looks into the shared state"),
        ("writer", "handle", "a writer passes on what the stream of a handle has decided"),
        ("waiting", "shared", "who waits has a place in the shared line, and a timer"),
        (
            "writes",
            "shared",
            "to write a cache is to lock parts of it, and to ask the user for weights",
        ),
    ],
    exceptions: &[
        (
            Rule::Clock,
            "src/ground/pushback/",
            "SystemTime",
            "dates that others send are compared with the calendar, whose reading is told",
        ),
        (
            Rule::Clock,
            "src/resilience/cache/http/",
            "SystemTime",
            "the moment until which an answer is good is compared with the calendar, whose reading is told",
        ),
        (
            Rule::Features,
            "src/ground/refusal/",
            "anyhow",
            "an erased error is looked into where all error types are",
        ),
        (
            Rule::Features,
            "src/ground/time/",
            "test-util",
            "only the clock knows that a paused one must not lag",
        ),
    ],
};

/// The files of a room, left to right; each uses only files to its left. A file that a room adds
/// stands right of `config`, or where the table of standings says.
pub(super) const ORDER: [&str; 7] =
    ["config", "machine", "shared", "future", "handle", "layer", "redis"];

/// Every file ends at this line.
pub(super) const LINES: usize = 400;

/// The line that rustc prints when a guard is laid over a service without room for a refusal.
pub(super) const SIGN: &str =
    "/* not a Service? add `.layer(Lift::layer())` as the innermost layer */";

/// What no decision does: lock, wait, read a clock, tell the world, roll dice, share or call back.
pub(super) const IMPURE: &[&str] = &[
    "Arc",
    "Atomic*",
    "Mutex",
    "RwLock",
    "async",
    ".await",
    "Instant::now",
    "time::now",
    "time::recent",
    "now()",
    "recent()",
    "left_until",
    ".read()",
    "telemetry",
    "tracing::",
    "metrics::",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "rand::",
    "random::",
    "random(",
    "dyn Fn*",
];

/// What only `src/ground/time/` does: read a clock, or sleep.
pub(super) const CLOCKS: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "SystemTime::now",
    "std::time::Instant",
    "thread::sleep",
    "tokio::time",
    "rustix::time",
];

/// What can end a process, or hide that something is missing.
pub(super) const PANICS: &[&str] =
    &["unsafe", "todo!", "unimplemented!", "dbg!", "panic!", ".unwrap()", ".expect("];
