//! The account: cash and holds by asset, fees by asset, and the baselines by which losses are measured.

use std::collections::BTreeMap;

use reprise_model::codec::{Field, Writer};
use reprise_model::event::{AccountChanged, Balance};
use reprise_model::{Asset, Cash, MoneyError, Ts};
use serde::{Deserialize, Serialize};

use crate::settings::AccountSettings;

/// What the account has of one asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBalance {
    /// In all.
    pub total: Cash,
    /// Of it held by open orders.
    pub held: Cash,
}

impl AccountBalance {
    /// What new orders can use.
    ///
    /// # Errors
    /// When the amount leaves the range of exact numbers.
    pub fn free(&self) -> Result<Cash, MoneyError> {
        self.total.checked_sub(self.held)
    }
}

/// Cash, holds, fees and baselines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    reporting: Asset,
    balances: BTreeMap<Asset, AccountBalance>,
    fees: BTreeMap<Asset, Cash>,
    settled: BTreeMap<Asset, Cash>,
    opening: Cash,
    peak: Option<Cash>,
    day_start: Option<Cash>,
    day_ts: Option<Ts>,
}

impl Account {
    pub(crate) fn new(settings: &AccountSettings, reporting: Asset) -> Result<Self, MoneyError> {
        let mut account = Self {
            reporting,
            balances: BTreeMap::new(),
            fees: BTreeMap::new(),
            settled: BTreeMap::new(),
            opening: Cash::ZERO,
            peak: None,
            day_start: None,
            day_ts: None,
        };
        for (&asset, &amount) in &settings.balances {
            account.open_with(asset, amount, settings)?;
        }
        Ok(account)
    }

    fn open_with(
        &mut self,
        asset: Asset,
        amount: Cash,
        settings: &AccountSettings,
    ) -> Result<(), MoneyError> {
        self.balances.insert(asset, AccountBalance { total: amount, held: Cash::ZERO });
        if asset == self.reporting {
            self.opening = self.opening.checked_add(amount)?;
        } else if let Some(&peg) = settings.pegs.get(&asset) {
            self.opening = self.opening.checked_add(amount.checked_mul_rate(peg)?)?;
        }
        Ok(())
    }

    /// A quote asset was met: it gets the default balance if it has none of its own.
    pub(crate) fn meet_quote_asset(
        &mut self,
        asset: Asset,
        settings: &AccountSettings,
    ) -> Result<(), MoneyError> {
        match settings.default_quote_balance {
            Some(amount) if !self.balances.contains_key(&asset) => self.open_with(asset, amount, settings),
            _ => Ok(()),
        }
    }

    /// The asset in which equity and profit are reported.
    #[must_use]
    pub fn reporting(&self) -> Asset {
        self.reporting
    }

    /// What the account has of an asset.
    #[must_use]
    pub fn balance(&self, asset: Asset) -> AccountBalance {
        self.balances.get(&asset).copied().unwrap_or_default()
    }

    /// Every balance, by asset.
    pub fn balances(&self) -> impl Iterator<Item = (Asset, AccountBalance)> {
        self.balances.iter().map(|(&asset, &balance)| (asset, balance))
    }

    /// Fees paid so far, by the asset in which they were taken.
    pub fn fees(&self) -> impl Iterator<Item = (Asset, Cash)> {
        self.fees.iter().map(|(&asset, &fee)| (asset, fee))
    }

    /// Realised profit less fees plus funding so far, by the asset in which it was paid.
    pub fn settled(&self) -> impl Iterator<Item = (Asset, Cash)> {
        self.settled.iter().map(|(&asset, &amount)| (asset, amount))
    }

    /// Equity at the start, in the reporting asset: the balances in it and in assets pegged to it. Holdings of
    /// other assets are the owner's and take no part in profit and loss.
    #[must_use]
    pub fn opening(&self) -> Cash {
        self.opening
    }

    /// The highest equity at any account line so far; transfers are not part of equity.
    #[must_use]
    pub fn peak(&self) -> Option<Cash> {
        self.peak
    }

    /// Equity at the start of the trading day.
    #[must_use]
    pub fn day_start(&self) -> Option<Cash> {
        self.day_start
    }

    /// When the trading day started.
    #[must_use]
    pub fn day_ts(&self) -> Option<Ts> {
        self.day_ts
    }

    pub(crate) fn add(&mut self, asset: Asset, amount: Cash) -> Result<(), MoneyError> {
        let balance = self.balances.entry(asset).or_default();
        balance.total = balance.total.checked_add(amount)?;
        Ok(())
    }

    pub(crate) fn hold(&mut self, asset: Asset, amount: Cash) -> Result<(), MoneyError> {
        if amount.is_zero() {
            return Ok(());
        }
        let balance = self.balances.entry(asset).or_default();
        balance.held = balance.held.checked_add(amount)?;
        Ok(())
    }

    pub(crate) fn pay_fee(&mut self, asset: Asset, fee: Cash) -> Result<(), MoneyError> {
        let paid = self.fees.entry(asset).or_insert(Cash::ZERO);
        *paid = paid.checked_add(fee)?;
        Ok(())
    }

    pub(crate) fn settle(&mut self, asset: Asset, amount: Cash) -> Result<(), MoneyError> {
        if amount.is_zero() {
            return Ok(());
        }
        let settled = self.settled.entry(asset).or_insert(Cash::ZERO);
        *settled = settled.checked_add(amount)?;
        Ok(())
    }

    /// Takes the baselines of an account line.
    pub(crate) fn set_baselines(&mut self, line: &AccountChanged) {
        (self.peak, self.day_start, self.day_ts) = (line.peak, line.day_start, line.day_ts);
    }

    /// An asset's balance as a line holds it.
    #[must_use]
    pub fn line(&self, asset: Asset) -> Balance {
        let balance = self.balance(asset);
        Balance { asset, total: balance.total, held: balance.held }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        let line = AccountChanged {
            balances: self.balances.keys().map(|&asset| self.line(asset)).collect(),
            equity: Some(self.opening),
            peak: self.peak,
            day_start: self.day_start,
            day_ts: self.day_ts,
        };
        w.open();
        w.key("\"reporting\":");
        self.reporting.write(w);
        w.key("\"line\":");
        line.write(w);
        for (key, amounts) in [("\"fees\":", &self.fees), ("\"settled\":", &self.settled)] {
            w.key(key);
            let amounts: Vec<Balance> =
                amounts.iter().map(|(&asset, &total)| Balance { asset, total, held: Cash::ZERO }).collect();
            amounts.write(w);
        }
        w.close();
    }
}
