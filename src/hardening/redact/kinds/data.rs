//! Databases, search and storage.

use super::{
    super::class::{ALNUM, BASE64_ANY, DOTTED, HEX, LOWER, PADDED, PERCENT, TOKEN, UUID, WORD},
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("databricks", &["dapi"], &[run(&HEX, 32, 32), Part::Maybe("-2"), Part::Maybe("-3")])
        .exact(),
    kind("databricks-oauth", &["dose"], &[run(&HEX, 32, 32)]).exact(),
    kind("supabase", &["sbp_", "sb_secret_"], &[from(&WORD, 20)]),
    kind("planetscale", &["pscale_tkn_", "pscale_oauth_", "pscale_pw_"], &[from(&PADDED, 32)]),
    kind("neon", &["napi_"], &[from(&LOWER, 40)]),
    kind("neon-password", &["npg_"], &[run(&ALNUM, 12, 20)]).exact(),
    kind("clickhouse", &["4b1d"], &[run(&ALNUM, 38, 38)]).exact().test(Test::Mixed),
    kind("airtable", &["pat"], &[run(&ALNUM, 14, 14), Part::Text("."), run(&HEX, 64, 64)]),
    kind("airtable-oauth", &["oaa"], &[run(&ALNUM, 14, 14), Part::Text(".v1."), from(&DOTTED, 20)]),
    kind("aiven", &["AVNS_"], &[from(&TOKEN, 16)]),
    kind("thingsboard", &["BBFF-", "BBUS-"], &[from(&ALNUM, 30)]),
    kind("contentful", &["CFPAT-"], &[from(&TOKEN, 40)]),
    kind("maxmind", &["_mmk"], &[]).left(Left::Run(&WORD, 20, 36)).exact(),
    kind("dropbox", &["sl."], &[from(&TOKEN, 100)]),
    kind("mongodb-atlas", &["mdb_sa_sk_", "mdb_sa_at_"], &[from(&TOKEN, 30)]),
    kind("cockroach", &["CCDB1_"], &[from(&WORD, 40)]),
    kind("prisma", &["prisma+postgres://"], &[from(&PERCENT, 40)]).keeping_anchor(),
    kind("fauna", &["fnA", "fnB"], &[run(&TOKEN, 35, 45)]).exact().test(Test::Mixed),
    kind("xata", &["xau_"], &[from(&ALNUM, 32)]),
    kind("mapbox-secret", &["sk.eyJ"], &[from(&DOTTED, 40)]),
    kind("launchdarkly", &["api-", "sdk-", "mob-"], &[run(&UUID, 36, 36)]).exact(),
    kind("configcat", &["configcat-sdk-"], &[from(&BASE64_ANY, 22)]),
];
