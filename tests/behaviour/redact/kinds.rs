//! Secrets that tell what they are, with all that may stand around them.

use buttress::redact::{Confidence, Redactor};

use super::{gone, stays};

/// One of each family, put together here so that no file holds what looks like a live secret.
fn samples() -> Vec<(&'static str, String)> {
    let body = |class: &str, length: usize| -> String {
        class.chars().cycle().skip(3).step_by(7).take(length).collect()
    };
    let alnum = "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cR2wY4";
    let hex = "9f8e7d6c5b4a39281706";
    let upper = "Q3EGRVMP5ZTN2WXY7ABC";
    vec![
        ("aws-access-key-id", format!("AKIA{}", body(upper, 16))),
        ("github-pat", format!("ghp_{}", body(alnum, 36))),
        ("github-fine-grained", format!("github_pat_{}", body(alnum, 40))),
        ("gitlab-pat", format!("glpat-{}", body(alnum, 20))),
        ("slack-bot", format!("xoxb-{}-{}", body("1234567890", 12), body(alnum, 24))),
        ("stripe", format!("sk_live_{}", body(alnum, 24))),
        ("anthropic", format!("sk-ant-api03-{}", body(alnum, 60))),
        ("openai", format!("sk-proj-{}", body(alnum, 60))),
        ("google-api", format!("AIza{}", body(alnum, 35))),
        ("npm", format!("npm_{}", body(alnum, 36))),
        ("digitalocean", format!("dop_v1_{}", body(hex, 64))),
        ("shopify", format!("shpat_{}", body(hex, 32))),
        ("sendgrid", format!("SG.{}.{}", body(alnum, 22), body(alnum, 43))),
        ("vault", format!("hvs.{}", body(alnum, 40))),
        ("new-relic", format!("NRAK-{}", body(alnum, 27))),
        ("mailchimp", format!("{}-us12", body(hex, 32))),
        ("telegram", format!("{}:AA{}", body("1234567890", 10), body(alnum, 33))),
        ("linear", format!("lin_api_{}", body(alnum, 40))),
        ("huggingface", format!("hf_{}", body(alnum, 34))),
        ("bcrypt", format!("$2b$12${}", body(alnum, 53))),
        ("adafruit", format!("aio_{}", body(alnum, 28))),
        ("asana", format!("1/{}:{}", body("1234567890", 16), body(hex, 32))),
        ("trello", format!("ATTA{}", body(hex, 72))),
        ("ory", format!("ory_at_{}", body(alnum, 43))),
        ("mongodb-atlas", format!("mdb_sa_sk_{}", body(alnum, 40))),
        ("hcaptcha", format!("ES_{}", body(hex, 32))),
        ("age", format!("AGE-SECRET-KEY-1{}", body("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58))),
    ]
}

#[test]
fn each_is_found_and_named_alone() {
    for (kind, secret) in samples() {
        let findings = Redactor::built_in().findings(&secret);
        assert_eq!(findings.len(), 1, "{kind}: {findings:?}");
        assert_eq!((findings[0].kind.as_str(), findings[0].span.clone()), (kind, 0..secret.len()));
    }
}

#[test]
fn each_is_found_with_anything_around_it() {
    let around = [
        "got @ from upstream",
        "{\"value\":\"@\"}",
        r#"{\"value\":\"@\"}"#,
        "value%3D@%26x%3D1",
        "\u{1b}[3mvalue\u{1b}[0m=\u{1b}[32m@\u{1b}[0m",
        "Value(Some(\"@\"))",
        "value='@' next",
        "  value: @\n",
        "--value @ --next",
        "VALUE=@",
        "X-Value: @\r\n",
        "first\\n@\\nlast",
        "(@)",
        "[@, @]",
        "<value>@</value>",
        "/path/@/more",
        "?q=@&r=1",
        "`@`",
        "“@”",
    ];
    for (kind, secret) in samples() {
        for shape in around {
            // The dollars and dots of some begin a path or a host of their own.
            if shape.contains("path") && matches!(kind, "telegram" | "mailchimp") {
                continue;
            }
            gone(&shape.replace('@', &secret), &secret);
        }
    }
}

#[test]
fn what_only_begins_like_one_stays() {
    for text in [
        "AKIA",
        "ghp_short",
        "npm_install_all",
        "sk-learn",
        "eyJust a word",
        "hf_hub_download(repo)",
        "glpat-",
        "xoxb",
        "AIzaTest",
        "live_reload=1",
        "re_compile_pattern",
    ] {
        stays(text);
    }
    stays("AKIAIOSFODNN7EXAMPLE");
}

#[test]
fn web_tokens() {
    let token = format!(
        "eyJhbGciOiJIUzI1NiJ9.{}.{}",
        "eyJzdWIiOiIxMjM0In0", "dBjftJeZ4CVPmB92K27uhbUJU1p1r0wW1gFWFOEjXk"
    );
    gone(&format!("cookie jwt={token}; path=/"), &token);
    let findings = Redactor::built_in().findings(format!("x {token} y"));
    assert_eq!((findings[0].kind.as_str(), findings[0].confidence), ("jwt", Confidence::Certain));
}

#[test]
fn check_digits_make_it_certain_and_excuse_nothing() {
    // CRC-32 of the body in base 62, as the issuer computes it.
    let findings = |text: &str| Redactor::built_in().findings(text);
    let wrong = format!("ghp_{}000000", "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cR2");
    assert_eq!(findings(&wrong)[0].confidence, Confidence::Likely);
}

#[test]
fn private_keys_in_any_dress() {
    let lines = [
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
        "VJTUt9Us8cKjMzEfYyjiWA4R4M2bS1GB4t7NXp98C3SC6dVMvDuic",
        "tGeurT8jNbvJZHtCSuYEvu",
    ];
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    let whole = [begin, lines[0], lines[1], lines[2], end];
    for text in [
        whole.join("\n"),
        whole.join("\r\n"),
        whole.join("\\n"),
        whole.join(" "),
        whole.map(|line| format!("2026-03-01T12:00:00Z INFO tls: {line}")).join("\n"),
        whole.map(|line| format!("    {line}")).join("\n"),
        whole.map(|line| format!("\"{line}\\n\" +")).join("\n"),
        format!("{{\"key\":\"{}\\n\"}}", whole.join("\\n")),
        [begin, lines[0], lines[1]].join("\n"), // cut off
        format!("{}\nnext line of the log", [begin, lines[0], lines[1]].join("\n")),
    ] {
        for line in &lines[..2] {
            gone(&text, line);
        }
    }
    let cut = format!("{begin}\n{}\nservice stopped, exit code 1", lines[0]);
    assert!(Redactor::built_in().redact(&cut).ends_with("service stopped, exit code 1"));
    stays("-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG\n-----END CERTIFICATE-----");
    stays("if text.starts_with(\"-----BEGIN RSA PRIVATE KEY-----\") {");
}
