use std::{sync::OnceLock, time::Duration};

use super::{
    super::{
        config::{Config, Plan},
        held::Held,
        machine::{Mixed, Terms},
    },
    local::Local,
};
use crate::{
    ground::{name::Name, sync::shards},
    resilience::rate_limit::decision::{Decision, Verdict},
};

/// What a plan comes to, and what is held here under it.
pub(in super::super) struct Rules {
    plan: Plan,
    terms: Vec<Terms>,
    limit: u64,
    /// What a token takes to come back at the fastest, in nanoseconds.
    interval: u64,
    held: Option<Held>,
    /// Made when it is first needed.
    local: OnceLock<Option<Local>>,
}

impl Rules {
    pub(super) fn new(plan: Plan) -> Self {
        let terms: Vec<Terms> = plan.quotas().map(Terms::of).collect();
        let limit = terms.iter().map(|terms| terms.limit()).min().unwrap_or(0);
        let interval = terms.iter().map(|terms| terms.nanos()).min().unwrap_or(1);
        let config = plan.config();
        let holds = config.lease > 1 || config.remember_refused;
        let held = holds.then(|| Held::new(config.max_keys, shards(), interval));
        Self { terms, limit, interval, held, local: OnceLock::new(), plan }
    }

    pub(in super::super) const fn config(&self) -> &Config {
        self.plan.config()
    }

    /// The most tokens there are at once.
    pub(in super::super) const fn limit(&self) -> u64 {
        self.limit
    }

    pub(in super::super) fn quotas(&self) -> usize {
        self.terms.len()
    }

    pub(super) const fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// Where leases are, if a call for so many tokens is worth one.
    pub(super) fn leases(&self, tokens: u64) -> Option<&Held> {
        let lease = self.config().lease;
        self.held.as_ref().filter(|_| lease > 1 && (1..=u64::from(lease)).contains(&tokens))
    }

    /// Where it is remembered who was refused.
    pub(super) fn remembers(&self) -> Option<&Held> {
        // Those who wait for a turn must not all ask in vain.
        self.held.as_ref()
    }

    /// Who decides while the store cannot be asked, if it is this process.
    pub(super) fn local(&self, name: &Name) -> Option<&Local> {
        let make = || Local::new(name, self.plan.own_share()?, self.config());
        self.local.get_or_init(make).as_ref()
    }

    /// For each quota what so many tokens cost and what the bucket holds, as the script wants it.
    pub(in super::super) fn write(&self, tokens: u64, arguments: &mut Vec<u64>) {
        arguments.push(self.terms.len() as u64);
        for terms in &self.terms {
            arguments.extend(terms.cost(tokens));
            arguments.extend(terms.capacity());
            arguments.push(terms.parts());
        }
    }

    /// For each quota what so many tokens cost.
    pub(super) fn write_costs(&self, tokens: u64, arguments: &mut Vec<u64>) {
        arguments.push(self.terms.len() as u64);
        for terms in &self.terms {
            arguments.extend(terms.cost(tokens));
            arguments.push(terms.parts());
        }
    }

    /// Of the quota that binds.
    pub(in super::super) fn decision(&self, ahead: &[Mixed], tokens: u64, taken: bool) -> Decision {
        let each = self.terms.iter().zip(ahead);
        each.map(|(terms, ahead)| terms.decision(*ahead, tokens, taken))
            .reduce(Decision::tighter)
            .unwrap_or_else(|| self.barred(Duration::ZERO))
    }

    /// It costs more than there can be.
    pub(in super::super) fn never(&self, tokens: u64) -> Decision {
        let zero = [0, 0];
        let each = self.terms.iter().map(|terms| terms.decision(zero, tokens, false));
        each.reduce(Decision::tighter).unwrap_or_else(|| self.barred(Duration::ZERO))
    }

    /// Nothing is known but that it does not fit for so long.
    pub(in super::super) const fn barred(&self, wait: Duration) -> Decision {
        Decision {
            verdict: Verdict::Limited,
            limit: self.limit,
            remaining: 0,
            reset_after: wait,
            retry_after: Some(wait),
        }
    }

    /// Nothing is known but that so many tokens are left here.
    pub(super) fn of_lease(&self, left: u64) -> Decision {
        let missing = self.limit.saturating_sub(left);
        Decision {
            verdict: Verdict::Admitted,
            limit: self.limit,
            remaining: left,
            reset_after: Duration::from_nanos(self.interval.saturating_mul(missing)),
            retry_after: None,
        }
    }

    /// Nothing is known at all.
    pub(super) const fn of_full(&self, tokens: u64) -> Decision {
        Decision {
            verdict: Verdict::Admitted,
            limit: self.limit,
            remaining: self.limit.saturating_sub(tokens),
            reset_after: Duration::ZERO,
            retry_after: None,
        }
    }
}
