//! Models, and what is built on them.

use super::{
    super::class::{ALNUM, DASHED, HEX, HEX_ANY, LOWER, TOKEN, UUID, WORD},
    shape::{Kind, Part, Test, from, kind, run},
};

pub(super) static KINDS: &[Kind] = &[
    kind(
        "openai-legacy",
        &["sk-"],
        &[run(&ALNUM, 20, 20), Part::Text("T3BlbkFJ"), from(&ALNUM, 16)],
    ),
    kind(
        "openai",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-service-"],
        &[from(&TOKEN, 20)],
    ),
    kind("openai-session", &["sess-"], &[run(&ALNUM, 40, 40)]).exact(),
    kind("anthropic", &["sk-ant-"], &[from(&TOKEN, 20)]),
    kind("openrouter", &["sk-or-"], &[from(&DASHED, 20)]),
    kind("langfuse", &["sk-lf-", "pk-lf-"], &[from(&UUID, 32)]),
    kind("sk-generic", &["sk-"], &[run(&ALNUM, 32, 64)]).exact().test(Test::Mixed),
    kind("elevenlabs", &["sk_"], &[run(&HEX, 48, 48)]).exact(),
    kind("huggingface", &["hf_", "api_org_"], &[run(&ALNUM, 30, 40)]).exact(),
    kind("replicate", &["r8_"], &[run(&ALNUM, 36, 40)]).exact(),
    kind("groq", &["gsk_"], &[from(&ALNUM, 40)]),
    kind("perplexity", &["pplx-"], &[from(&ALNUM, 40)]),
    kind("xai", &["xai-"], &[from(&ALNUM, 64)]),
    kind("nvidia", &["nvapi-"], &[from(&TOKEN, 50)]),
    kind("langsmith", &["lsv2_pt_", "lsv2_sk_", "ls__"], &[from(&WORD, 32)]),
    kind("fireworks", &["fw_"], &[run(&ALNUM, 22, 28)]).exact().test(Test::Mixed),
    kind("together", &["tgp_v1_"], &[from(&TOKEN, 30)]),
    kind("cohere", &["co_"], &[run(&ALNUM, 38, 44)]).exact().test(Test::Mixed),
    kind("pinecone", &["pcsk_"], &[from(&WORD, 50)]),
    kind("weights-and-biases", &["local-"], &[run(&HEX, 40, 40)]).exact(),
    kind("jina", &["jina_"], &[from(&ALNUM, 40)]),
    kind("tavily", &["tvly-"], &[from(&DASHED, 20)]),
    kind("voyage", &["pa-"], &[run(&TOKEN, 43, 43)]).exact().test(Test::Mixed),
    kind("cerebras", &["csk-"], &[from(&LOWER, 40)]),
    kind("firecrawl", &["fc-"], &[run(&HEX_ANY, 32, 32)]).exact(),
    kind("llama-cloud", &["llx-"], &[from(&ALNUM, 40)]),
    kind("runpod", &["rpa_"], &[from(&ALNUM, 36)]),
    kind("e2b", &["e2b_"], &[run(&HEX, 40, 40)]).exact(),
];
