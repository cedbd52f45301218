//! Who one is: tokens, keys and hashes of passwords.

use super::{
    super::class::{
        ALNUM, BASE64, BASE64_ANY, BECH32, CREDENTIAL, DASHED, DIGIT, DOTTED, HASH, HEX, KERBEROS,
        LOWER, PADDED, PERCENT, TOKEN, UPPER,
    },
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind(
        "jwt",
        &["eyJ", "ewog"],
        &[from(&TOKEN, 6), Part::Text("."), run(&TOKEN, 2, 0), Part::Rest(&PADDED)],
    )
    .test(Test::Jwt),
    kind("jwt-base64", &["ZXlK"], &[from(&BASE64_ANY, 40)]),
    kind("age", &["AGE-SECRET-KEY-1"], &[from(&BECH32, 50)]),
    kind(
        "age-plugin",
        &["AGE-PLUGIN-"],
        &[run(&UPPER, 1, 24), Part::Text("-1"), from(&BECH32, 20)],
    ),
    kind("vault", &["hvs.", "hvb.", "hvr."], &[from(&TOKEN, 20)]),
    kind("vault-legacy", &[" s.", "=s.", "\"s.", "'s.", ":s."], &[run(&ALNUM, 24, 26)])
        .exact()
        .keeping_anchor()
        .left(Left::Any)
        .test(Test::Mixed),
    kind("1password-service", &["ops_eyJ"], &[from(&BASE64_ANY, 60)]),
    kind("1password-secret", &["A3-"], &[run(&UPPER, 6, 6), Part::Text("-"), run(&DASHED, 28, 32)]),
    kind(
        "authress",
        &["sc_", "ext_", "scauth_", "authress_"],
        &[
            run(&LOWER, 5, 30),
            Part::Text("."),
            run(&LOWER, 4, 6),
            Part::Either(&[".acc_", ".acc-"]),
            from(&PADDED, 30),
        ],
    ),
    kind("workos", &["sk_a2V5"], &[from(&ALNUM, 40)]),
    kind(
        "doppler",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.said.", "dp.scim.", "dp.audit."],
        &[from(&DOTTED, 36)],
    ),
    kind(
        "private-key-base64",
        &[
            "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ",
            "LS0tLS1CRUdJTiBEU0EgUFJJVkFURSBLRVkt",
            "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBL",
            "LS0tLS1CRUdJTiBQR1AgUFJJVkFURSBLRVkg",
        ],
        &[from(&BASE64, 20)],
    )
    .left(Left::Any),
    kind(
        "private-key-der",
        &[
            "MIIEvQIBADAN",
            "MIIEvgIBADAN",
            "MIIEvAIBADAN",
            "MIIEowIBAAKC",
            "MIIEpAIBAAKC",
            "MIIEogIBAAKC",
            "MIIJKAIBAAKC",
            "MIIJKQIBAAKC",
            "MIICXAIBAAKB",
            "MIICXQIBAAKB",
            "MIGHAgEAMBMG",
            "MHcCAQEEI",
            "MC4CAQAwBQYDK2Vw",
            "b3BlbnNzaC1rZXktdjEA",
        ],
        &[from(&BASE64, 32)],
    ),
    kind(
        "bcrypt",
        &["$2a$", "$2b$", "$2y$", "$2x$"],
        &[run(&DIGIT, 2, 2), Part::Text("$"), from(&HASH, 22)],
    )
    .left(Left::Any),
    kind(
        "crypt",
        &["$1$", "$5$", "$6$", "$y$", "$7$", "$apr1$", "$gy$", "$sha1$", "$P$", "$H$"],
        &[from(&HASH, 22)],
    )
    .left(Left::Any),
    kind(
        "argon2",
        &["$argon2i$", "$argon2d$", "$argon2id$", "$scrypt$", "$pbkdf2"],
        &[from(&HASH, 22)],
    )
    .left(Left::Any),
    kind(
        "pbkdf2",
        &[
            "pbkdf2_sha256$",
            "pbkdf2_sha1$",
            "pbkdf2:sha256:",
            "pbkdf2:sha512:",
            "scrypt:32768:",
            "bcrypt_sha256$",
        ],
        &[from(&HASH, 22)],
    ),
    kind(
        "kerberos-hash",
        &["$krb5asrep$", "$krb5tgs$", "$krb5pa$", "$NETNTLM", "$DCC2$", "$mskrb5$"],
        &[from(&KERBEROS, 32)],
    )
    .left(Left::Any),
    kind("scram", &["SCRAM-SHA-256$", "SCRAM-SHA-1$"], &[from(&HASH, 22)]),
    kind(
        "ldap-hash",
        &["{SSHA}", "{SHA}", "{SMD5}", "{SSHA256}", "{SSHA512}", "{CRYPT}", "{PBKDF2}"],
        &[from(&HASH, 20)],
    )
    .left(Left::Any)
    .keeping_anchor(),
    kind("ansible-vault", &["$ANSIBLE_VAULT;"], &[from(&HASH, 6)])
        .test(Test::None)
        .left(Left::Any)
        .keeping_anchor(),
    kind(
        "jwk",
        &[
            "\"d\":\"",
            "\"p\":\"",
            "\"q\":\"",
            "\"dp\":\"",
            "\"dq\":\"",
            "\"qi\":\"",
            "\"k\":\"",
            "\"d\": \"",
            "\"p\": \"",
            "\"q\": \"",
            "\"dp\": \"",
            "\"dq\": \"",
            "\"qi\": \"",
            "\"k\": \"",
        ],
        &[from(&TOKEN, 40)],
    )
    .left(Left::Any)
    .keeping_anchor()
    .test(Test::Mixed),
    kind("bearer", &["bearer ", "bearer%20", "bearer+"], &[from(&CREDENTIAL, 8)])
        .test(Test::AnyCase)
        .keeping_anchor(),
    kind("ssws", &["ssws "], &[from(&CREDENTIAL, 16)]).test(Test::AnyCase).keeping_anchor(),
    kind("digest-response", &["response=\""], &[from(&HEX, 32)]).keeping_anchor(),
    kind("kerberos", &["negotiate YII", "kerberos YII"], &[from(&BASE64, 20)]).test(Test::AnyCase),
    kind("ntlm", &["NTLM TlRM"], &[from(&BASE64, 20)]).test(Test::AnyCase),
    kind("aws-signature", &["Signature="], &[run(&HEX, 64, 64)]).keeping_anchor(),
    kind("secret-token", &["secret-token:"], &[from(&PERCENT, 8)]).keeping_anchor(),
    kind(
        "ory",
        &["ory_at_", "ory_ac_", "ory_rt_", "ory_pat_", "ory_apikey_", "ory_wak_"],
        &[from(&DOTTED, 20)],
    ),
    kind("hcaptcha", &["ES_"], &[run(&HEX, 32, 32)]).exact(),
    kind("turnstile", &["0x4AAA"], &[run(&TOKEN, 24, 36)]).exact().test(Test::Mixed),
    kind("nostr", &["nsec1"], &[run(&LOWER, 58, 58)]).exact(),
    kind("bitcoin-extended-key", &["xprv", "yprv", "zprv", "tprv"], &[run(&ALNUM, 100, 112)])
        .exact(),
];
