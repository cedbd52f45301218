//! Payments, shops and banks.

use super::{
    super::class::{
        ALNUM, BASE64_ANY, DASHED, HEX, HEX_ANY, LOWER, PADDED, PERCENT, SQUARE, TOKEN, UUID, WORD,
    },
    shape::{Kind, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind(
        "stripe",
        &["sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"],
        &[from(&ALNUM, 10)],
    ),
    kind("webhook-secret", &["whsec_"], &[from(&BASE64_ANY, 20)]),
    kind("square", &["sq0atp-", "sq0csp-", "sq0idp-", "sq0acp-"], &[from(&SQUARE, 22)]),
    kind("square-production", &["EAAA"], &[run(&PADDED, 50, 64)]).exact(),
    kind(
        "facebook",
        &["EAAC", "EAAB", "EAAG", "EAAM", "EAAD", "EAAH", "EAAI", "EAAJ"],
        &[from(&ALNUM, 30)],
    )
    .test(Test::Mixed),
    kind("instagram", &["IGQV", "IGAA"], &[from(&TOKEN, 60)]),
    kind(
        "braintree",
        &["access_token$"],
        &[
            Part::Either(&["production$", "sandbox$"]),
            run(&LOWER, 16, 16),
            Part::Text("$"),
            from(&HEX, 32),
        ],
    ),
    kind("adyen", &["AQE"], &[from(&PERCENT, 80)]).test(Test::Mixed),
    kind(
        "plaid",
        &["access-sandbox-", "access-development-", "access-production-"],
        &[from(&UUID, 36)],
    ),
    kind("flutterwave", &["FLWSECK_", "FLWSECK-", "FLWPUBK_"], &[from(&TOKEN, 12)]),
    kind("easypost", &["EZAK", "EZTK"], &[run(&ALNUM, 54, 54)]).exact(),
    kind("duffel", &["duffel_live_", "duffel_test_"], &[from(&PADDED, 40)]),
    kind("shippo", &["shippo_live_", "shippo_test_"], &[from(&HEX_ANY, 40)]),
    kind("razorpay", &["rzp_live_", "rzp_test_"], &[from(&ALNUM, 14)]),
    kind("lob", &["live_", "test_"], &[run(&HEX, 35, 35)]).exact(),
    kind("live-key", &["live_", "test_"], &[run(&ALNUM, 24, 80)]).exact().test(Test::Mixed),
    kind("paddle", &["pdl_"], &[Part::Either(&["live_", "sdbx_", "ntfset_"]), from(&WORD, 20)]),
    kind(
        "shopify",
        &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_", "shprf_"],
        &[from(&HEX_ANY, 30)],
    ),
    kind("gocardless", &["live_", "sandbox_"], &[run(&PADDED, 40, 64)]).exact().test(Test::Mixed),
    kind("mollie", &["live_", "test_"], &[run(&ALNUM, 30, 30)]).exact().test(Test::Mixed),
    kind("checkout", &["sk_sbox_", "pk_sbox_"], &[from(&DASHED, 20)]),
    kind("etherscan-like", &["0x"], &[run(&HEX_ANY, 64, 64)])
        .exact()
        .test(Test::Near(&["private", "privkey", "priv_key", "secret", "mnemonic"])),
    kind("polar", &["polar_oat_", "polar_pat_", "polar_whs_"], &[from(&ALNUM, 20)]),
];
