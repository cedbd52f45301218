//! Registries of packages, and what builds and ships them.

use super::{
    super::class::{ALNUM, BASE64_ANY, DASHED, DOTTED, HEX, LOWER, PADDED, TOKEN, UPPER},
    shape::{Kind, Left, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("npm", &["npm_"], &[run(&ALNUM, 36, 36)]).test(Test::Crc).exact(),
    kind("npm-legacy", &["_authToken="], &[from(&BASE64_ANY, 20)]).keeping_anchor().left(Left::Any),
    kind("pypi", &["pypi-AgEI", "pypi-AgEN"], &[from(&TOKEN, 50)]),
    kind("rubygems", &["rubygems_"], &[from(&HEX, 40)]),
    kind("crates-io", &["cio"], &[run(&ALNUM, 32, 32)]).exact().test(Test::Mixed),
    kind("nuget", &["oy2"], &[run(&LOWER, 43, 43)]).exact(),
    kind("docker-hub", &["dckr_pat_", "dckr_oat_"], &[from(&TOKEN, 20)]),
    kind("clojars", &["CLOJARS_"], &[from(&ALNUM, 50)]),
    kind("artifactory", &["AKC"], &[from(&ALNUM, 20)]).test(Test::Mixed),
    kind(
        "artifactory-password",
        &["AP1", "AP2", "AP3", "AP4", "AP5", "AP6", "AP7", "AP8", "AP9"],
        &[run(&ALNUM, 19, 0)],
    )
    .test(Test::Near(&["artifactory", "jfrog", "art-api"])),
    kind("artifactory-reference", &["cmVmd"], &[run(&ALNUM, 59, 59)]).exact(),
    kind("sonar", &["sqp_", "squ_", "sqa_"], &[from(&ALNUM, 40)]),
    kind("buildkite", &["bkua_", "bkct_", "bkat_"], &[from(&ALNUM, 30)]),
    kind("buildkite-agent", &["bkaj_"], &[from(&ALNUM, 30)]),
    kind("codefresh", &["cfp_"], &[from(&TOKEN, 30)]),
    kind("circleci", &["CCIPRJ_", "CCIPAT_"], &[from(&TOKEN, 30)]),
    kind("octopus", &["API-"], &[run(&UPPER, 25, 36)]).exact(),
    kind("harness", &["pat.", "sat."], &[run(&TOKEN, 22, 22), from(&DOTTED, 40)]),
    kind("pulumi", &["pul-"], &[run(&HEX, 40, 40)]),
    kind("terraform-cloud", &[".atlasv1."], &[from(&PADDED, 50)]).left(Left::Run(&ALNUM, 12, 16)),
    kind("infracost", &["ico-"], &[from(&ALNUM, 32)]),
    kind("scalr", &["at-"], &[run(&ALNUM, 32, 60)]).exact().test(Test::Near(&["scalr"])),
    kind("snyk", &["snyk_uat.", "snyk_sat."], &[from(&DOTTED, 30)]),
    kind("endor-labs", &["endr+"], &[from(&DASHED, 16)]),
    kind("socket-dev", &["sktsec_"], &[from(&TOKEN, 30)]),
];
