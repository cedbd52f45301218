//! Secrets out of log lines, against the two ways in which it is done by hand: a list of `replace_all`,
//! and a filter of keywords before the rules of a scanner of repositories.
//!
//! A call is a hundred lines of 144 bytes; in none, one or ten of them stands a secret.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use buttress::redact::{Redactor, RuleSet};
use regex::{Regex, RegexBuilder};
use serde::Serialize;

use crate::harness::{Contest, Gate, Report};
use crate::redact_rules::{KINDS, OTHERS};
use crate::sampling::Side;

/// Lines in a call.
const LINES: usize = 100;
/// Bytes in a line.
const LINE: usize = 144;
/// Words of bits that a scanner notes its rules in.
const WORDS: usize = 5;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    for (name, secrets) in
        [("redact.clean", 0), ("redact.one_percent", 1), ("redact.ten_percent", 10)]
    {
        report.hold(lines(name, secrets));
    }
    report.hold(document());
    flood();
    literals();
}

/// A line of a log in JSON: twenty fields, none of them a secret, written once more into the same
/// room.
fn document() -> Contest {
    #[derive(Clone, Serialize)]
    struct Client {
        address: &'static str,
        agent: &'static str,
        mobile: bool,
    }

    #[derive(Clone, Serialize)]
    struct Line {
        timestamp: &'static str,
        level: &'static str,
        target: &'static str,
        message: &'static str,
        trace: &'static str,
        method: &'static str,
        path: &'static str,
        status: u16,
        bytes: u64,
        seconds: f64,
        cached: bool,
        retries: Option<u8>,
        region: &'static str,
        tenant: u32,
        tags: Vec<&'static str>,
        client: Client,
    }

    let line = Line {
        timestamp: "2026-03-01T12:00:07.123Z",
        level: "INFO",
        target: "billing::invoice",
        message: "created an invoice for the order",
        trace: "4bf92f3577b34da6a3ce929d0e0e4736",
        method: "POST",
        path: "/v1/orders/8812/invoice",
        status: 201,
        bytes: 5123,
        seconds: 0.0342,
        cached: false,
        retries: None,
        region: "eu-central-1",
        tenant: 77,
        tags: vec!["billing", "blue"],
        client: Client { address: "10.0.0.4", agent: "curl/8.5.0", mobile: false },
    };
    let redactor = Redactor::built_in();
    let (plain, mut room, mut other) = (line.clone(), Vec::new(), Vec::new());
    Contest::new(
        "redact.json",
        Side::new("buttress.serialize", move || {
            room.clear();
            let mut to = serde_json::Serializer::new(&mut room);
            redactor.serialize(&line, &mut to).expect("a room that grows");
            room.len()
        }),
    )
    .against(
        Side::new("serde_json.plain", move || {
            other.clear();
            let mut to = serde_json::Serializer::new(&mut other);
            plain.serialize(&mut to).expect("a room that grows");
            other.len()
        }),
        Gate::at_most(4.0).aim(2.0),
    )
}

fn lines(name: &'static str, secrets: usize) -> Contest {
    let redactor = Redactor::built_in();
    let naive = naive();
    let scanner = Scanner::new();
    let all = block(secrets);
    let (first, second, third) = (all.clone(), all.clone(), all);
    // A line with a secret: the list of findings, and the new text.
    Contest::new(
        name,
        Side::new("buttress.redact", move || total(&first, |line| redactor.redact(line).len())),
    )
    .allocating(secrets as f64 * 5.0)
    .against(
        Side::new("regex.filtered", move || total(&second, |line| scanner.redact(line).len())),
        Gate::at_most(0.167),
    )
    .against(
        Side::new("regex.twelve", move || {
            total(&third, |line| {
                let all = Cow::Borrowed(line);
                let clean = naive.iter().fold(all, |line, regex| {
                    match regex.replace_all(&line, "[REDACTED]") {
                        Cow::Borrowed(_) => line,
                        Cow::Owned(clean) => Cow::Owned(clean),
                    }
                });
                clean.len()
            })
        }),
        Gate::at_most(0.667),
    )
}

fn total(lines: &[String], redact: impl Fn(&str) -> usize) -> usize {
    lines.iter().map(|line| redact(line)).sum()
}

/// The worst lines: ten megabytes of one anchor.
fn flood() {
    let redactor = Redactor::built_in();
    for anchor in [
        "password=",
        "password",
        "key=",
        "eyJ",
        "://",
        "token: ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "AKIA",
        "sk-",
        "\"secret\":\"",
        "a:b@",
        "Bearer ",
        "@",
        "=",
        "\"",
        "[{(",
        "%25%32",
        "\\",
        "id,password\n",
        "<password>",
    ] {
        let text = anchor.repeat(10_000_000 / anchor.len());
        let start = std::time::Instant::now();
        let clean = redactor.redact(&text).len();
        let seconds = start.elapsed().as_secs_f64();
        let speed = text.len() as f64 / 1e6 / seconds;
        println!(
            "FLOOD contest=redact.flood anchor={anchor:?} megabytes_per_second={speed:.0} out={clean}"
        );
    }
}

/// What five hundred secrets that are known add to the time in which rules are compiled.
fn literals() {
    let timed = |rules: &dyn Fn() -> RuleSet| {
        let best = (0..9).map(|_| {
            let rules = rules();
            let start = std::time::Instant::now();
            let redactor = Redactor::new(rules).expect("sound rules");
            let seconds = start.elapsed().as_secs_f64();
            drop(redactor);
            seconds
        });
        best.fold(f64::INFINITY, f64::min)
    };
    let built_in = timed(&RuleSet::builder);
    let own = timed(&|| {
        (0..500_u64).fold(RuleSet::builder(), |rules, at| {
            let value = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
            rules.literal(format!("known-{at}"), format!("{value:016x}-{at}"))
        })
    });
    println!("BUILD contest=redact.literals literals=500 ratio={:.2} aim=3.00", own / built_in);
}

/// The lines of a service, as many of them as asked with a secret.
fn block(secrets: usize) -> Vec<String> {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    (0..LINES)
        .map(|at| {
            let (a, b) = (next(), next());
            let secret = secrets > 0 && at % (LINES / secrets) == 3;
            let mut line = if secret {
                match (at / 10) % 5 {
                    0 => format!("2026-03-01T12:00:{:02}Z INFO auth: user={} password=Tr0ub{:08x} ip=10.0.0.4 ", a % 60, b % 999, a as u32),
                    1 => format!("2026-03-01T12:00:{:02}Z DEBUG http: authorization: Bearer {a:016x}{b:016x} ", a % 60),
                    2 => format!(r#"{{"level":"info","msg":"config","api_key":"{a:016x}{b:016x}"}} "#),
                    3 => format!("git clone with ghp_{a:016x}{b:016x}Abcd failed: remote hung up "),
                    _ => format!("connect postgres://app:{a:012x}@db-{}.internal:5432/orders failed ", b % 9),
                }
            } else {
                match at % 6 {
                    0 => format!("2026-03-01T12:00:{:02}.123Z  INFO billing::invoice: created invoice id={} total={} currency=EUR in {}ms ", a % 60, b % 99_999, a % 9999, b % 400),
                    1 => format!(r#"{{"ts":"2026-03-01T12:00:{:02}Z","level":"INFO","span_id":"{a:016x}","latency_ms":{},"status":200,"path":"/v1/items"}} "#, a % 60, b % 900),
                    2 => format!(r#"10.0.0.{} - - [01/Mar/2026:00:00:01 +0000] "GET /assets/app.{:08x}.js HTTP/1.1" 200 5123 "https://example.com/" "Mozilla/5.0" "#, a % 250, b as u32),
                    3 => format!("2026-03-01T12:00:{:02}.9Z DEBUG cache: key=user:{}:profile hit ratio=0.93 shard={} ", a % 60, b % 9999, a % 16),
                    4 => format!("2026-03-01T12:00:{:02}Z TRACE hyper::proto: flushed {} bytes, state={{reading: Init, keep_alive: Busy}} ", a % 60, b % 9999),
                    _ => format!("2026-03-01T12:00:{:02}Z ERROR worker: job {a:08x}-{:04x}-4abc-9def-{b:012x} failed: upstream timed out ", a % 60, b as u16),
                }
            };
            while line.len() < LINE {
                line.push_str("and so on ");
            }
            line.truncate(LINE);
            line
        })
        .collect()
}

/// What people write first.
fn naive() -> Vec<Regex> {
    [
        r#"(?i)(password|passwd|pwd|passphrase)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+"#,
        r#"(?i)(api[_-]?key|apikey)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+"#,
        r#"(?i)(client[_-]?secret|secret[_-]?key|secret)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+"#,
        r#"(?i)((?:access|auth|refresh|id)?[_-]?token)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+"#,
        r#"(?i)(authorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]+"#,
        r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]+",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
        r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{22,}",
        r"\bxox[baprs]-[A-Za-z0-9-]{10,}|\bsk_(?:live|test)_[A-Za-z0-9]{16,}|\bsk-[A-Za-z0-9]{20,}",
        r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
        r"([a-z][a-z0-9+.-]*://[^:/\s]+:)[^@/\s]+@",
    ]
    .iter()
    .map(|pattern| compiled(pattern))
    .collect()
}

/// As `Regex::new`, but for its limit, which some rules exceed.
fn compiled(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).size_limit(1 << 26).build().expect("a sound pattern")
}

/// Keywords first, in the fastest way there is; of the lines that have one, the rules it belongs to.
struct Scanner {
    keywords: AhoCorasick,
    /// The rule of each keyword.
    rule: Vec<usize>,
    rules: Vec<Regex>,
}

impl Scanner {
    /// As many kinds as Buttress knows, so that both look for the same.
    fn new() -> Self {
        let (mut words, mut rule, mut rules) = (Vec::new(), Vec::new(), Vec::new());
        for (keywords, pattern) in KINDS.iter().chain(OTHERS) {
            for keyword in *keywords {
                words.push(*keyword);
                rule.push(rules.len());
            }
            rules.push(compiled(pattern));
        }
        assert!(rules.len() <= 64 * WORDS);
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)
            .expect("sound keywords");
        Self { keywords, rule, rules }
    }

    fn redact<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let mut wanted = [0_u64; WORDS];
        for found in self.keywords.find_overlapping_iter(line) {
            let rule = self.rule[found.pattern().as_usize()];
            wanted[rule / 64] |= 1 << (rule % 64);
        }
        let mut clean = Cow::Borrowed(line);
        for (word, mut wanted) in wanted.into_iter().enumerate() {
            while wanted != 0 {
                let rule = word * 64 + wanted.trailing_zeros() as usize;
                wanted &= wanted - 1;
                if let Cow::Owned(next) = self.rules[rule].replace_all(&clean, "[REDACTED]") {
                    clean = Cow::Owned(next);
                }
            }
        }
        clean
    }
}
