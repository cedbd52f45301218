//! Mail, chat and calls.

use super::{
    super::class::{
        ALNUM, BASE64, BASE64_ANY, DASHED, DIGIT, DOTTED, HEX, LOWER, PADDED_TOKEN, PERCENT, TOKEN,
        UPPER, URLISH,
    },
    shape::{Kind, Left, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind("slack-bot", &["xoxb-"], &[from(&DASHED, 8)]),
    kind(
        "slack-user",
        &["xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-"],
        &[from(&PERCENT, 8)],
    ),
    kind("slack-refresh", &["xoxe-", "xoxe."], &[from(&DOTTED, 20)]),
    kind("slack-app", &["xapp-"], &[from(&BASE64_ANY, 8)]),
    kind(
        "slack-webhook",
        &["hooks.slack.com/", "hooks.slack-gov.com/"],
        &[Part::Either(&["services/", "workflows/", "triggers/"]), from(&BASE64_ANY, 20)],
    ),
    kind(
        "discord-webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        &[run(&DIGIT, 15, 20), Part::Text("/"), from(&TOKEN, 40)],
    ),
    kind(
        "discord-bot",
        &[".G", ".X", ".Y", ".Z"],
        &[run(&TOKEN, 5, 6), Part::Text("."), run(&TOKEN, 27, 40)],
    )
    .left(Left::Run(&ALNUM, 23, 28)),
    kind(
        "teams-webhook",
        &[
            ".webhook.office.com/webhookb2/",
            "outlook.office.com/webhook/",
            "outlook.office365.com/webhook/",
        ],
        &[from(&URLISH, 50)],
    )
    .left(Left::Any),
    kind("google-chat-webhook", &["chat.googleapis.com/v1/spaces/"], &[from(&URLISH, 40)]),
    kind("telegram", &[":AA"], &[run(&TOKEN, 32, 34)]).left(Left::Run(&DIGIT, 7, 16)).exact(),
    kind(
        "twilio-key",
        &[
            "SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa", "SKb",
            "SKc", "SKd", "SKe", "SKf",
        ],
        &[run(&HEX, 31, 31)],
    )
    .exact(),
    kind(
        "sendgrid",
        &["SG."],
        &[run(&PADDED_TOKEN, 16, 32), Part::Text("."), from(&PADDED_TOKEN, 30)],
    ),
    kind("sendinblue", &["xkeysib-"], &[run(&HEX, 64, 64), Part::Text("-"), from(&ALNUM, 12)]),
    kind("brevo-smtp", &["xsmtpsib-"], &[run(&HEX, 64, 64), Part::Text("-"), from(&ALNUM, 12)]),
    kind("mailgun", &["key-"], &[run(&LOWER, 32, 32)]).exact(),
    kind("mailgun-public", &["pubkey-"], &[run(&LOWER, 32, 32)]).exact(),
    kind("mailchimp", &["-us"], &[run(&DIGIT, 1, 2)]).left(Left::Run(&HEX, 32, 32)).exact(),
    kind("mandrill", &["md-"], &[run(&TOKEN, 22, 22)]).exact().test(Test::Mixed),
    kind("mailersend", &["mlsn."], &[from(&HEX, 60)]),
    kind("resend", &["re_"], &[run(&ALNUM, 6, 10), Part::Text("_"), from(&ALNUM, 20)]),
    kind("courier", &["pk_prod_", "dk_prod_"], &[from(&UPPER, 28)]),
    kind("intercom", &["dG9rOj"], &[from(&BASE64, 36)]),
];
