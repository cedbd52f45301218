//! Schedules of a stream, and when exactly it is cut off. The names say what people have met.

use buttress::timeout::stream::{Config, presets};

use super::{
    SECOND,
    Step::{Content, Fault, Hang, KeepAlive},
    played,
};

const MODEL: Config = presets::COMPLETION;
const THINKER: Config = presets::REASONING;

#[tokio::test(start_paused = true)]
async fn every_schedule_ends_when_it_must() {
    let first = Config::new().with_first_content(30 * SECOND);
    let gap = Config::new().with_gap(20 * SECOND);
    let whole = Config::new().with_total(60 * SECOND);
    let all = MODEL.with_total(60 * SECOND);
    let table = [
        // Healthy.
        ("an answer", &MODEL, &[(2, Content), (1, Content)][..], "2:word 3:word 3:end"),
        ("an empty answer", &MODEL, &[], "0:end"),
        ("all there at once", &MODEL, &[(0, KeepAlive), (0, Content)], "0:- 0:word 0:end"),
        ("a model that thinks", &THINKER, &[(90, Content), (5, Content)], "90:word 95:word 95:end"),
        // Before the first content.
        ("headers, and a mute call of 37 s", &MODEL, &[(37, Content)], "30:first/0 30:end"),
        ("the late chunk never comes", &MODEL, &[(0, Hang)], "30:first/0 30:end"),
        (
            "keep-alives are no content",
            &MODEL,
            &[(10, KeepAlive), (10, KeepAlive), (9, KeepAlive), (9, KeepAlive)],
            "10:- 20:- 29:- 30:first/0 30:end",
        ),
        (
            "a role without a word, and silence",
            &MODEL,
            &[(0, KeepAlive), (1, KeepAlive), (0, Hang)],
            "0:- 1:- 30:first/0 30:end",
        ),
        ("the gap is not for the first", &gap, &[(90, Content)], "90:word 90:end"),
        // After it.
        ("words, and silence", &MODEL, &[(2, Content), (0, Hang)], "2:word 22:gap/1 22:end"),
        (
            "a proxy that keeps a dead stream alive",
            &MODEL,
            &[(2, Content), (8, KeepAlive), (8, KeepAlive), (8, KeepAlive)],
            "2:word 10:- 18:- 22:gap/1 22:end",
        ),
        (
            "each word starts the gap again",
            &MODEL,
            &[(29, Content), (19, Content), (19, Content), (0, Hang)],
            "29:word 48:word 67:word 87:gap/3 87:end",
        ),
        (
            "words at once, then silence",
            &MODEL,
            &[(0, Content), (0, Content), (0, Hang)],
            "0:word 0:word 20:gap/2 20:end",
        ),
        (
            "the end is silent too long",
            &MODEL,
            &[(1, Content), (25, Fault)],
            "1:word 21:gap/1 21:end",
        ),
        (
            "the first is not for gaps",
            &first,
            &[(1, Content), (500, Content)],
            "1:word 501:word 501:end",
        ),
        // Ties.
        (
            "content on the dot",
            &MODEL,
            &[(30, Content), (20, Content), (20, Fault)],
            "30:word 50:word 70:fault 70:end",
        ),
        (
            "a keep-alive on the dot",
            &MODEL,
            &[(30, KeepAlive), (0, Hang)],
            "30:- 30:first/0 30:end",
        ),
        (
            "a word there at once after it",
            &MODEL,
            &[(30, KeepAlive), (0, Content)],
            "30:- 30:word 30:end",
        ),
        // Errors.
        ("an error passes", &MODEL, &[(3, Fault)], "3:fault 3:end"),
        (
            "an error is no content",
            &MODEL,
            &[(10, Fault), (15, Fault), (15, Fault)],
            "10:fault 25:fault 30:first/0 30:end",
        ),
        // The total.
        (
            "a total ends healthy streams",
            &all,
            &[(10, Content), (15, Content), (15, Content), (15, Content), (15, Content)],
            "10:word 25:word 40:word 55:word 60:total/4 60:end",
        ),
        ("content at the total is late", &whole, &[(60, Content)], "60:total/0 60:end"),
        ("an end at the total is an end", &whole, &[(60, Fault)], "60:fault 60:end"),
        ("the narrower first", &all, &[(29, Content), (0, Hang)], "29:word 49:gap/1 49:end"),
        (
            "the total before the gap",
            &all,
            &[(30, Content), (19, Content), (0, Hang)],
            "30:word 49:word 60:total/2 60:end",
        ),
        // Off.
        ("no clock at all", &Config::new(), &[(86_400, Content)], "86400:word 86400:end"),
    ];
    for (name, config, steps, expected) in table {
        assert_eq!(played(config, steps).await, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_ten_hours_is_healthy_without_a_total() {
    let steps = vec![(19, Content); 2_000];
    let read = played(&MODEL, &steps).await;
    assert!(read.ends_with("38000:word 38000:end"), "{read}");
}

#[tokio::test(start_paused = true)]
async fn thoughts_count_where_the_user_says_so() {
    let steps = [(25, KeepAlive), (19, KeepAlive), (19, Content)];
    assert_eq!(played(&MODEL, &steps).await, "25:- 30:first/0 30:end");
    let timeout = buttress::timeout::stream::StreamTimeout::new("model", MODEL).unwrap();
    let read = super::read(timeout.stream(super::playing(steps))).await;
    assert_eq!(read, "25:- 44:- 63:word 63:end");
}
