use std::time::Duration;

use super::super::config::Config;
use crate::{
    ground::name::Name,
    resilience::rate_limit::{
        config::Rate,
        decision::{Decision, Verdict},
        keyed::{Config as Keyed, KeyedRateLimiter},
    },
};

/// This process's share of the quotas, for while the store cannot be asked.
#[derive(Debug)]
pub(super) struct Local(Vec<KeyedRateLimiter<[u8]>>);

impl Local {
    pub(super) fn new(name: &Name, shares: Vec<Rate>, config: &Config) -> Option<Self> {
        let limiters = shares.into_iter().map(|rate| {
            let keyed = Keyed::new(rate).with_max_keys(config.max_keys).with_mode(config.mode);
            KeyedRateLimiter::new(name.clone(), keyed)
        });
        // Every share was parsed with the config.
        limiters.collect::<Result<_, _>>().ok().map(Self)
    }

    /// Of every quota, or of none.
    pub(super) fn take(&self, key: &[u8], tokens: u64) -> Decision {
        let mut tightest: Option<Decision> = None;
        for (at, limiter) in self.0.iter().enumerate() {
            let decision = limiter.check(key, tokens);
            if !decision.is_admitted() {
                self.0.iter().take(at).for_each(|taken| taken.refund(key, tokens));
                return decision;
            }
            tightest = Some(tightest.map_or(decision, |before| before.tighter(decision)));
        }
        tightest.unwrap_or_else(|| self.peek(key, tokens))
    }

    pub(super) fn peek(&self, key: &[u8], tokens: u64) -> Decision {
        let each = self.0.iter().map(|limiter| limiter.peek(key, tokens));
        each.reduce(Decision::tighter).unwrap_or(Decision {
            verdict: Verdict::NeverFits,
            limit: 0,
            remaining: 0,
            reset_after: Duration::ZERO,
            retry_after: None,
        })
    }

    pub(super) fn give_back(&self, key: &[u8], tokens: u64) {
        self.0.iter().for_each(|limiter| limiter.refund(key, tokens));
    }
}
