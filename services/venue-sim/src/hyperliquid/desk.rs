//! What the protocol remembers beside the house: used nonces, agents, scheduled cancels, exits that wait for
//! their entry, funding that was paid.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::event::PositionChanged;
use reprise_model::{Cash, InstrumentId, Price, Qty, Rate, Ts};
use reprise_venues::hyperliquid::action::OrderWire;
use reprise_venues::hyperliquid::sign::Address;

use crate::exchange::AccountIx;

/// Nonces that are kept of each signer.
const NONCES_KEPT: usize = 100;
/// How far a nonce may lie behind the venue's time, in milliseconds.
const BEHIND_MS: u64 = 2 * 86_400_000;
/// How far a nonce may lie ahead of it, in milliseconds.
const AHEAD_MS: u64 = 86_400_000;
/// Scheduled cancels that may strike in a day.
const STRIKES_A_DAY: usize = 10;
/// Payments of funding that are kept of each account.
const PAYMENTS_KEPT: usize = 1_000;

/// A wallet that may trade for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agent {
    pub(super) address: Address,
    pub(super) master: Address,
    /// Empty for the one agent without a name.
    pub(super) name: String,
}

/// A payment of funding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) ts: Ts,
    pub(super) instrument: InstrumentId,
    pub(super) usdc: Cash,
    pub(super) position: Qty,
    pub(super) rate: Rate,
}

/// A cancel of everything at a time, and how often that has struck.
#[derive(Debug, Default)]
struct Schedule {
    at_ms: Option<u64>,
    struck_ms: Vec<u64>,
}

/// What the protocol remembers.
#[derive(Debug, Default)]
pub(super) struct Desk {
    nonces: BTreeMap<Address, BTreeSet<u64>>,
    agents: Vec<Agent>,
    isolated: BTreeSet<(AccountIx, usize)>,
    schedules: BTreeMap<AccountIx, Schedule>,
    /// Numbers of orders that a schedule canceled.
    schedule_canceled: BTreeSet<u64>,
    exits: BTreeMap<(AccountIx, u64), Vec<OrderWire>>,
    payments: BTreeMap<AccountIx, Vec<Payment>>,
    /// Funding so far, in all.
    funding: BTreeMap<(AccountIx, InstrumentId), Cash>,
}

impl Desk {
    /// Uses up a nonce.
    pub(super) fn use_nonce(&mut self, signer: Address, nonce: u64, now_ms: u64) -> Result<(), String> {
        if nonce + BEHIND_MS < now_ms || nonce > now_ms + AHEAD_MS {
            return Err(format!("Invalid nonce: {nonce} is too far from the current time {now_ms}"));
        }
        let kept = self.nonces.entry(signer).or_default();
        if kept.contains(&nonce) {
            return Err(format!("Invalid nonce: duplicate nonce {nonce}"));
        }
        if kept.len() == NONCES_KEPT {
            if kept.first().is_some_and(|smallest| nonce < *smallest) {
                return Err(format!("Invalid nonce: nonce too low {nonce}"));
            }
            kept.pop_first();
        }
        kept.insert(nonce);
        Ok(())
    }

    /// Whether a wallet has signed something or is an agent.
    pub(super) fn knows(&self, signer: Address) -> bool {
        self.nonces.contains_key(&signer) || self.agent(signer).is_some()
    }

    /// The agent with an address.
    pub(super) fn agent(&self, address: Address) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.address == address)
    }

    /// The agents of a wallet.
    pub(super) fn agents_of(&self, master: Address) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(move |agent| agent.master == master)
    }

    /// Lets an agent trade; one of the same name goes.
    pub(super) fn approve(&mut self, agent: Agent) {
        let is_replaced = |known: &Agent| {
            known.address == agent.address || (known.master == agent.master && known.name == agent.name)
        };
        self.agents.retain(|known| !is_replaced(known));
        self.agents.push(agent);
    }

    pub(super) fn set_isolated(&mut self, account: AccountIx, listing: usize, is_isolated: bool) {
        if is_isolated {
            self.isolated.insert((account, listing));
        } else {
            self.isolated.remove(&(account, listing));
        }
    }

    pub(super) fn is_isolated(&self, account: AccountIx, listing: usize) -> bool {
        self.isolated.contains(&(account, listing))
    }

    /// Sets or lifts the time at which everything is canceled.
    pub(super) fn schedule(
        &mut self,
        account: AccountIx,
        at_ms: Option<u64>,
        now_ms: u64,
    ) -> Result<(), String> {
        let schedule = self.schedules.entry(account).or_default();
        schedule.struck_ms.retain(|struck| struck + 86_400_000 > now_ms);
        if at_ms.is_some() && schedule.struck_ms.len() >= STRIKES_A_DAY {
            return Err("Too many scheduled cancels triggered today.".to_owned());
        }
        schedule.at_ms = at_ms;
        Ok(())
    }

    /// True once for a schedule that is still set for this time; it is used up.
    pub(super) fn strikes(&mut self, account: AccountIx, at_ms: u64) -> bool {
        let Some(schedule) = self.schedules.get_mut(&account) else { return false };
        if schedule.at_ms != Some(at_ms) {
            return false;
        }
        schedule.at_ms = None;
        schedule.struck_ms.push(at_ms);
        true
    }

    pub(super) fn note_schedule_canceled(&mut self, oid: u64) {
        self.schedule_canceled.insert(oid);
    }

    pub(super) fn was_schedule_canceled(&self, oid: u64) -> bool {
        self.schedule_canceled.contains(&oid)
    }

    /// Exits that are placed once the entry is filled.
    pub(super) fn hold_exits(&mut self, account: AccountIx, entry: u64, exits: Vec<OrderWire>) {
        self.exits.insert((account, entry), exits);
    }

    /// The exits of an entry that is over.
    pub(super) fn take_exits(&mut self, account: AccountIx, entry: u64) -> Option<Vec<OrderWire>> {
        self.exits.remove(&(account, entry))
    }

    /// The payment behind a position that funding changed; written down when it is first asked for. `oracle` is
    /// the price it was paid on.
    pub(super) fn payment(
        &mut self,
        account: AccountIx,
        ts: Ts,
        line: &PositionChanged,
        oracle: Option<Price>,
    ) -> Payment {
        let instrument = line.instrument;
        let payments = self.payments.entry(account).or_default();
        let is_it = |known: &&Payment| known.ts == ts && known.instrument == instrument;
        if let Some(known) = payments.iter().rev().find(is_it) {
            return *known;
        }
        let before = self.funding.insert((account, instrument), line.funding).unwrap_or_default();
        let usdc = line.funding.checked_sub(before).unwrap_or_default();
        let value = oracle.and_then(|oracle| Cash::notional(oracle, line.qty).ok());
        let rate = value.and_then(|value| usdc.neg().ratio(value).ok()).unwrap_or_default();
        let payment = Payment { ts, instrument, usdc, position: line.qty, rate };
        if payments.len() == PAYMENTS_KEPT {
            payments.remove(0);
        }
        payments.push(payment);
        payment
    }

    /// Payments of funding, oldest first.
    pub(super) fn payments(&self, account: AccountIx) -> &[Payment] {
        self.payments.get(&account).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Exchange, ExchangeSettings};

    const NOW: u64 = 1_763_675_591_000;

    /// Breaks when the simulator takes a nonce that the venue refuses, so that a client's counting goes untested.
    #[test]
    fn nonces_are_used_once_and_near_the_time() {
        let (mut desk, one, other) = (Desk::default(), Address([1; 20]), Address([2; 20]));
        let rows = [
            (one, NOW, true),
            (one, NOW, false),
            (other, NOW, true),
            (one, NOW - BEHIND_MS, true),
            (one, NOW - BEHIND_MS - 1, false),
            (one, NOW + AHEAD_MS, true),
            (one, NOW + AHEAD_MS + 1, false),
            (one, NOW - 5, true),
        ];
        for (signer, nonce, is_taken) in rows {
            assert_eq!(desk.use_nonce(signer, nonce, NOW).is_ok(), is_taken, "{signer} {nonce}");
        }
        for n in 1..=100 {
            desk.use_nonce(one, NOW + n, NOW).unwrap();
        }
        assert!(desk.use_nonce(one, NOW - 4, NOW).is_err(), "below the hundred highest");
        assert!(desk.use_nonce(other, NOW - 4, NOW).is_ok(), "each signer has its own");
    }

    /// Breaks when a dead man's switch strikes although it was moved on, or more often than the venue lets it.
    #[test]
    fn schedules_strike_once_and_ten_times_a_day() {
        let settings =
            ExchangeSettings { balances: BTreeMap::new(), trigger_by: reprise_execution::TriggerBy::Mark };
        let account = Exchange::new(settings).unwrap().account("one");
        let mut desk = Desk::default();
        desk.schedule(account, Some(10), 0).unwrap();
        desk.schedule(account, Some(20), 0).unwrap();
        assert!(!desk.strikes(account, 10));
        assert!(desk.strikes(account, 20) && !desk.strikes(account, 20));
        for at in 30..39 {
            desk.schedule(account, Some(at), 0).unwrap();
            assert!(desk.strikes(account, at));
        }
        assert!(desk.schedule(account, Some(50), 0).is_err());
        assert!(desk.schedule(account, None, 0).is_ok());
        assert!(desk.schedule(account, Some(50), 86_400_050).is_ok(), "another day");
    }
}
