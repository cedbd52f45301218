//! Where code is kept.

use super::{
    super::class::{ALNUM, BASE64_ANY, DOTTED, HEX, LOWER, PADDED, TOKEN, WORD},
    shape::{Kind, Left, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("github-pat", &["ghp_"], &[from(&ALNUM, 30)]).test(Test::Crc),
    kind("github-oauth", &["gho_"], &[from(&ALNUM, 30)]).test(Test::Crc),
    kind("github-user", &["ghu_"], &[from(&ALNUM, 30)]).test(Test::Crc),
    kind("github-server", &["ghs_"], &[from(&ALNUM, 30)]).test(Test::Crc),
    kind("github-refresh", &["ghr_"], &[from(&ALNUM, 30)]).test(Test::Crc),
    kind("github-fine-grained", &["github_pat_"], &[from(&WORD, 22)]),
    kind("gitlab-pat", &["glpat-"], &[from(&DOTTED, 16)]),
    kind("gitlab-ci-job", &["glcbt-"], &[from(&TOKEN, 16)]),
    kind("gitlab-deploy", &["gldt-"], &[from(&TOKEN, 16)]),
    kind("gitlab-runner", &["glrt-", "glrtr-"], &[from(&DOTTED, 16)]),
    kind("gitlab-runner-registration", &["GR1348941"], &[from(&TOKEN, 18)]),
    kind("gitlab-trigger", &["glptt-"], &[from(&TOKEN, 30)]),
    kind("gitlab-feed", &["glft-"], &[from(&TOKEN, 16)]),
    kind("gitlab-incoming-mail", &["glimt-"], &[from(&TOKEN, 16)]),
    kind("gitlab-agent", &["glagent-"], &[from(&TOKEN, 40)]),
    kind("gitlab-scim", &["glsoat-"], &[from(&TOKEN, 16)]),
    kind("gitlab-oauth-secret", &["gloas-"], &[from(&TOKEN, 40)]),
    kind("gitlab-feature-flag", &["glffct-"], &[from(&TOKEN, 16)]),
    kind("gitlab-workspace", &["glwt-"], &[from(&TOKEN, 16)]),
    kind("gitlab-session", &["_gitlab_session="], &[from(&HEX, 32)])
        .keeping_anchor()
        .left(Left::Any),
    kind("bitbucket-app", &["ATBB"], &[from(&ALNUM, 24)]),
    kind("atlassian", &["ATATT3", "ATCTT3", "ATSTT3"], &[from(&PADDED, 20)]),
    kind("bitbucket-data-center", &["BBDC-"], &[from(&BASE64_ANY, 40)]),
    kind("sourcegraph", &["sgp_", "slk_", "sgd_", "sgs_"], &[from(&TOKEN, 32)]),
    kind("phabricator", &["api-", "cli-"], &[run(&LOWER, 28, 28)]).exact().test(Test::Mixed),
];
