//! What people work with: tickets, notes, designs, customers.

use super::{
    super::class::{ALNUM, DASHED, DIGIT, DOTTED, HEX, LOWER, PADDED, TOKEN, UPPER, URLISH, UUID},
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("linear", &["lin_api_", "lin_oauth_", "lin_wh_"], &[from(&ALNUM, 30)]),
    kind("notion", &["ntn_"], &[from(&ALNUM, 40)]),
    kind("notion-legacy", &["secret_"], &[run(&ALNUM, 43, 43)]).exact(),
    kind("figma", &["figd_", "figo_", "figu_", "figdr_", "figoh_"], &[from(&TOKEN, 36)]),
    kind("postman-access", &["PMAT-"], &[from(&ALNUM, 26)]),
    kind("postman", &["PMAK-"], &[run(&HEX, 24, 24), Part::Text("-"), from(&HEX, 34)]),
    kind("prefect", &["pnu_", "pnb_"], &[from(&ALNUM, 34)]),
    kind("readme", &["rdme_"], &[from(&LOWER, 60)]),
    kind("frame-io", &["fio-u-"], &[from(&PADDED, 50)]),
    kind(
        "hubspot",
        &["pat-na1-", "pat-eu1-", "pat-na2-", "pat-eu2-", "pat-ap1-"],
        &[from(&UUID, 36)],
    ),
    kind("intra42", &["s-s4t2ud-", "s-s4t2af-"], &[from(&HEX, 50)]),
    kind("settlemint", &["sm_pat_", "sm_aat_", "sm_sat_"], &[from(&ALNUM, 16)]),
    kind("apify", &["apify_api_"], &[from(&ALNUM, 30)]),
    kind("twitch-stream", &["live_"], &[run(&DIGIT, 6, 12), Part::Text("_"), from(&ALNUM, 24)]),
    kind("typeform", &["tfp_"], &[from(&PADDED, 40)]),
    kind("clickup", &["pk_"], &[run(&DIGIT, 6, 10), Part::Text("_"), from(&UPPER, 30)]),
    kind("calendly", &["cal_live_"], &[from(&ALNUM, 30)]),
    kind("salesforce", &["00D"], &[run(&ALNUM, 12, 15), Part::Text("!"), from(&DOTTED, 60)]),
    kind("salesforce-refresh", &["5Aep861"], &[from(&DOTTED, 60)]),
    kind("wakatime", &["waka_"], &[from(&UUID, 36)]),
    kind(
        "kubernetes-bootstrap",
        &["bootstrap-token "],
        &[run(&LOWER, 6, 6), Part::Text("."), run(&LOWER, 16, 16)],
    )
    .keeping_anchor(),
    kind("perforce", &["p8e-"], &[from(&LOWER, 32)]),
    kind("telnyx", &["KEY01"], &[run(&ALNUM, 53, 56)]).exact().test(Test::Mixed),
    kind("workato", &["wrkaus-", "wrkeus-"], &[from(&TOKEN, 60)]),
    kind("px-deploy", &["px-api-", "px-dep-"], &[from(&UUID, 32)]),
    kind(
        "ifttt",
        &["maker.ifttt.com/trigger/"],
        &[run(&TOKEN, 1, 60), Part::Text("/with/key/"), from(&TOKEN, 20)],
    ),
    kind("zapier-hook", &["hooks.zapier.com/hooks/catch/"], &[from(&URLISH, 12)]),
    kind("hawk", &["hawk."], &[run(&ALNUM, 16, 24), Part::Text("."), from(&ALNUM, 16)]),
    kind("adafruit", &["aio_"], &[run(&ALNUM, 26, 32)]).exact().test(Test::Mixed),
    kind("asana", &["1/", "2/"], &[run(&DIGIT, 12, 17), Part::Text(":"), run(&HEX, 32, 32)])
        .exact(),
    kind(
        "asana-personal",
        &["2/"],
        &[
            run(&DIGIT, 12, 17),
            Part::Text("/"),
            run(&DIGIT, 12, 17),
            Part::Text(":"),
            from(&HEX, 32),
        ],
    ),
    kind("trello", &["ATTA"], &[from(&HEX, 60)]),
    kind("pterodactyl", &["ptla_", "ptlc_"], &[from(&ALNUM, 40)]),
    kind("trigger-dev", &["tr_prod_", "tr_dev_", "tr_stg_"], &[from(&ALNUM, 16)]).test(Test::Mixed),
    kind("retool", &["retool_"], &[from(&ALNUM, 30)]),
    kind(
        "generic-pat",
        &["_pat_", "_sk_", "_secret_", "_token_", "_live_", "_apikey_"],
        &[run(&ALNUM, 28, 100)],
    )
    .left(Left::Run(&LOWER, 2, 12))
    .exact()
    .test(Test::Mixed),
    kind("dashed-secret", &["-secret-", "-token-"], &[run(&DASHED, 32, 64)])
        .left(Left::Run(&LOWER, 2, 12))
        .exact()
        .test(Test::Mixed),
];
