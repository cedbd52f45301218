//! Logs, metrics, errors and alerts.

use super::{
    super::class::{
        ALNUM, BASE64, BASE64_ANY, DASHED, DIGIT, HEX, LOWER, TOKEN, UPPER, UUID, WORD,
    },
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind(
        "new-relic",
        &["NRAK-", "NRII-", "NRIQ-", "NRRA-", "NRJS-", "NRSP-", "NRAA-", "NRAL-"],
        &[from(&TOKEN, 19)],
    ),
    kind("new-relic-license", &["NRAL"], &[])
        .left(Left::Run(&ALNUM, 36, 36))
        .exact()
        .test(Test::None),
    kind(
        "dynatrace",
        &["dt0c01.", "dt0s01.", "dt0s02.", "dt0s06.", "dt0s08.", "dt0s16."],
        &[run(&UPPER, 8, 24), Part::Text("."), from(&UPPER, 40)],
    ),
    kind("grafana", &["glc_"], &[from(&BASE64_ANY, 32)]),
    kind("grafana-service", &["glsa_"], &[from(&WORD, 32)]).test(Test::Distinct),
    kind("grafana-legacy", &["eyJrIjoi"], &[from(&BASE64, 40)]),
    kind("sentry", &["sntrys_", "sntryu_", "sntrya_", "sntryi_"], &[from(&BASE64_ANY, 40)]),
    kind("posthog", &["phc_", "phx_", "phs_", "pha_", "phr_"], &[from(&ALNUM, 30)]),
    kind(
        "honeycomb",
        &["hcaik_", "hcbik_", "hcxik_", "hcalk_", "hcxlk_", "hcamk_"],
        &[from(&LOWER, 26)],
    ),
    kind("logfire", &["pylf_v1_", "pylf_v2_"], &[from(&WORD, 30)]),
    kind("axiom", &["xaat-", "xapt-"], &[from(&DASHED, 36)]),
    kind("pagerduty", &["u+"], &[run(&TOKEN, 18, 18)]).exact().test(Test::Near(&[
        "pagerduty",
        "pd_",
        "token",
    ])),
    kind("rollbar", &["post_"], &[run(&HEX, 32, 32)]).exact(),
    kind("splunk-hec", &["Splunk "], &[from(&UUID, 36)]).keeping_anchor(),
    kind("elastic-api", &["essu_"], &[from(&BASE64_ANY, 40)]),
    kind("statuspage", &["OAuth "], &[run(&BASE64_ANY, 32, 0)]).keeping_anchor().test(Test::Mixed),
    kind("sentry-dsn", &["@o"], &[run(&DIGIT, 1, 20), Part::Either(&[".ingest.", ".ingest"])])
        .left(Left::Run(&HEX, 32, 65))
        .test(Test::None),
    kind("checkly", &["cu_"], &[run(&HEX, 32, 32)]).exact(),
];
