//! Clouds and hosts.

use super::{
    super::class::{
        ALNUM, AZURE_SECRET, BASE32, BASE64, BASE64_ANY, DASHED, DIGIT, DOTTED, HEX, LOWER,
        PERCENT, TOKEN, UPPER, UUID, WORD,
    },
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("aws-access-key-id", &["AKIA", "ASIA", "ABIA", "ACCA"], &[run(&BASE32, 16, 16)]).exact(),
    kind("aws-key-id-old", &["A3T"], &[run(&UPPER, 17, 17)]).exact(),
    kind("aws-bedrock-long", &["ABSK"], &[from(&BASE64, 60)]),
    kind("aws-bedrock-short", &["bedrock-api-key-"], &[from(&BASE64, 20)]),
    kind("aws-mws", &["amzn.mws."], &[from(&UUID, 36)]),
    kind("aws-appsync", &["da2-"], &[run(&LOWER, 26, 26)]).exact(),
    kind("aws-session-token", &["FwoGZXIvYXdz", "IQoJb3JpZ2lu"], &[from(&BASE64, 80)]),
    kind(
        "aws-presigned",
        &["X-Amz-Signature=", "X-Amz-Credential=", "X-Amz-Security-Token="],
        &[from(&PERCENT, 16)],
    )
    .keeping_anchor()
    .test(Test::AnyCase)
    .left(Left::Any),
    kind("google-api", &["AIza"], &[from(&TOKEN, 33)]),
    kind("google-oauth-access", &["ya29."], &[from(&DOTTED, 20)]),
    kind("google-oauth-secret", &["GOCSPX-"], &[from(&TOKEN, 24)]),
    kind("google-refresh", &["1//0"], &[from(&TOKEN, 30)]),
    kind("google-captcha", &["6Le"], &[run(&TOKEN, 37, 37)])
        .exact()
        .test(Test::Near(&["secret", "private"])),
    kind("google-hmac", &["GOOG1E", "GOOG"], &[run(&ALNUM, 20, 60)]).test(Test::Mixed),
    kind(
        "gcp-key-id",
        &["\"private_key_id\": \"", "\\\"private_key_id\\\":\\\"", "\"private_key_id\":\""],
        &[run(&HEX, 40, 40)],
    )
    .keeping_anchor()
    .left(Left::Any),
    kind("gcs-presigned", &["X-Goog-Signature="], &[from(&HEX, 64)])
        .keeping_anchor()
        .test(Test::AnyCase)
        .left(Left::Any),
    kind(
        "firebase-messaging",
        &["AAAA"],
        &[run(&TOKEN, 7, 7), Part::Text(":APA91b"), from(&TOKEN, 100)],
    ),
    kind("azure-storage", &["AccountKey="], &[from(&BASE64, 40)])
        .keeping_anchor()
        .test(Test::AnyCase)
        .left(Left::Any),
    kind("azure-sas", &["sig="], &[from(&PERCENT, 30)]).keeping_anchor(),
    kind("azure-ad-secret", &["Q~"], &[run(&AZURE_SECRET, 31, 34)]).left(Left::Run(
        &AZURE_SECRET,
        4,
        4,
    )),
    kind("azure-service-bus", &["SharedAccessKey=", "SharedSecretValue="], &[from(&BASE64, 20)])
        .keeping_anchor()
        .test(Test::AnyCase)
        .left(Left::Any),
    kind("azure-devops", &["AZDO"], &[run(&ALNUM, 4, 8)]).left(Left::Run(&ALNUM, 60, 90)).exact(),
    kind("azure-function", &["?code=", "&code="], &[from(&PERCENT, 20)])
        .keeping_anchor()
        .left(Left::Any)
        .test(Test::AnyCase),
    kind("azure-cosmos", &["ACDb"], &[run(&BASE64, 2, 8)]).left(Left::Run(&BASE64, 70, 88)),
    kind(
        "azure-api-management",
        &["integration&"],
        &[run(&DIGIT, 12, 12), Part::Text("&"), from(&BASE64, 40)],
    ),
    kind("digitalocean", &["dop_v1_", "doo_v1_", "dor_v1_"], &[from(&HEX, 40)]),
    kind("digitalocean-spaces", &["DO00", "DO801"], &[run(&ALNUM, 14, 20)])
        .exact()
        .test(Test::Mixed),
    kind("fly", &["fo1_"], &[run(&TOKEN, 40, 48)]),
    kind("fly-macaroon", &["fm1_", "fm1r_", "fm1a_", "fm2_", "FlyV1 fm"], &[from(&BASE64_ANY, 40)]),
    kind("vercel", &["vcp_", "vci_", "vca_", "vcr_", "vck_"], &[from(&ALNUM, 24)]),
    kind("vercel-blob", &["vercel_blob_rw_"], &[from(&WORD, 30)]),
    kind("netlify", &["nfp_", "nfc_", "nfb_", "nfo_", "nfu_"], &[from(&TOKEN, 36)]),
    kind("heroku", &["HRKU-"], &[from(&TOKEN, 36)]),
    kind("render", &["rnd_"], &[from(&ALNUM, 28)]),
    kind(
        "cloudflare-origin-ca",
        &["v1.0-"],
        &[run(&HEX, 24, 24), Part::Text("-"), from(&HEX, 100)],
    ),
    kind("scaleway", &["SCW"], &[run(&UPPER, 17, 17)]).exact().test(Test::Mixed),
    kind("deno-deploy", &["ddp_", "ddw_", "ddo_"], &[run(&ALNUM, 36, 40)]).exact(),
    kind("scalingo", &["tk-us-"], &[from(&TOKEN, 40)]),
    kind("openshift", &["sha256~"], &[from(&TOKEN, 40)]),
    kind("tailscale", &["tskey-"], &[from(&DASHED, 10)]),
    kind("alibaba-access-key-id", &["LTAI"], &[run(&ALNUM, 12, 26)]).exact().test(Test::Mixed),
    kind("tencent-secret-id", &["AKID"], &[run(&ALNUM, 30, 40)]).exact().test(Test::Mixed),
    kind("ibm-cloud", &["ApiKey-"], &[from(&UUID, 36)]),
    kind("yandex", &["t1."], &[run(&DOTTED, 60, 0)]).test(Test::Mixed),
    kind("yandex-access-key", &["YCA", "YCN", "YCM"], &[run(&TOKEN, 35, 37)])
        .exact()
        .test(Test::Mixed),
    kind("yandex-api-key", &["AQVN"], &[run(&TOKEN, 34, 40)]).exact(),
    kind("yandex-oauth", &["y0_"], &[from(&TOKEN, 50)]),
    kind("ngrok", &["cr_", "ak_"], &[run(&ALNUM, 26, 28)]).exact().test(Test::Near(&["ngrok"])),
];
